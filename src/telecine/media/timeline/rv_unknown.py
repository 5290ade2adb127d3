"""Fields that nobody reads, which are mostly errors of typing: warnings with the nearest name.

Known is what a reader asks an object of that sort for, whatever the clip's type: a document may
say more than a type needs. What editors keep for themselves stays without a word.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from telecine.media.timeline.reader import MAX_PROBLEMS, Node, Report
from telecine.media.timeline.scene import MAX_CLIPS

#: An object that is looked at: its path, its sort, its fields.
Known = tuple[str, str, Mapping[str, object]]


def _names(words: str) -> frozenset[str]:
    return frozenset(words.split())


_STYLE: Final = _names("""
    opacity fill color stroke strokeColor strokeWidth shadowColor shadowBlur shadowOffset
    borderRadius objectFit filters compositeOperation blendMode fontFamily fontSize fontWeight
    fontStyle textAlign align verticalAlign lineHeight letterSpacing textWrap direction background
    maxLines lineWidth
    mode preset words wordsPerBatch pageDurationInMilliseconds textBoxWidth textColor
    highlightColor highlightStyle backgroundColor borderColor borderWidth fadeInAnimation position
    paddingBottom safeArea
    """)
_CLIP: Final = _STYLE | _names("""
    type start duration zIndex hidden transform style crop cropLeft cropTop cropRight cropBottom
    keyframes animations transition transitionIn transitionOut transitionDurationInSeconds kenBurns
    kenBurnsEffect kenBurnsIntensity fadeInDurationInSeconds fadeOutDurationInSeconds
    keepAspectRatio src assetId source playbackRate loop reverse freezeAfterEnd chromaKey volume
    muted decibelAdjustment pan detune preservePitch fadeIn fadeOut gainEnvelope ducking
    videoStartFromInSeconds audioStartFromInSeconds gifStartFromInSeconds
    audioFadeInDurationInSeconds audioFadeOutDurationInSeconds
    text fitText markdown size startAngle endAngle sides points data radius closed drawStart drawEnd
    startOffset endOffset startArrow endArrow arrowSize lineCap lineJoin svg icon code language
    theme lineNumbers selection camera renderer lights objects cameraAnimations
    config captionStartInSeconds gap padding alignItems justifyContent clip children
    template variant overrides target bars smoothing thickness
    """)
#: By the sort of the object.
KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "meta": _names("version width height fps background"),
    "clip": _CLIP,
    "style": _STYLE,
    "transform": _names("x y width height scale rotation skew anchor"),
    "keyframe": frozenset({"property", "frames"}),
    "frame": _names("time frame value easing"),
    "animation": _names("type duration delay easing loop from to direction distance filter"),
    "composition": _names("""
        fps compositionWidth compositionHeight tracks items assets durationInFrames background
        backgroundColor fonts variables seed output version deletedAssets
        """),
    "track": _names("items hidden muted volume opacity trackType"),
    "item": (_CLIP - {"start", "duration"})
    | _names("""
        from durationInFrames left top width height rotation scale skew
        """),
}
#: What is kept, but changes nothing that is drawn.
_SILENT: Final = _names("""
    id name title description author tags category label notes comment locked markers metadata
    createdAt updatedAt isDraggingInTimeline resizeOnEdit
    """)
_PRIVATE: Final = ("_", "$", "x-")


def warn_of_unknown(report: Report, objects: Iterable[Known]) -> None:
    """Warn of each such field of these objects, as far as the report has room."""
    if report.is_hopeless:
        return
    for path, sort, raw in objects:
        unknown = raw.keys() - KNOWN[sort] - _SILENT
        if unknown:
            _warn(Node(raw, path, report, {}), sort, unknown)
        if len(report.warnings) >= MAX_PROBLEMS:
            return


def _warn(node: Node, sort: str, unknown: set[str]) -> None:
    for name in node.raw:
        if len(node.report.warnings) >= MAX_PROBLEMS:
            return
        article = "an" if sort[0] in "aeiou" else "a"
        if name in unknown and node.has(name) and not str(name).startswith(_PRIVATE):
            node.report.warn(
                node.path_of(name), "UNKNOWN_FIELD", f"Nothing reads this field of {article} {sort}.",
                got=node.raw[name], allowed=_nearest(name[:60], KNOWN[sort]),
            )  # fmt: skip


def _nearest(name: str, known: frozenset[str]) -> str:
    alike = [one for one in sorted(known) if one.lower() == name.lower()]
    alike += difflib.get_close_matches(name, sorted(known), n=1)
    return alike[0] if alike else "the fields in the reference"


def parts_of_clip(path: str, clip: Mapping[str, object], *, sort: str = "clip") -> Iterator[Known]:
    """Yield a clip, or whatever it is called, and the objects in it that are looked at."""
    waiting = [(path, clip)]
    while waiting:
        path, clip = waiting.pop()
        yield path, sort, clip
        sort = "clip"
        for name in ("style", "transform"):
            part = clip.get(name)
            if isinstance(part, Mapping):
                yield f"{path}.{name}", name, part
        for place, keyframe in listed(clip, "keyframes", path):
            yield place, "keyframe", keyframe
            for at, frame in listed(keyframe, "frames", place):
                yield at, "frame", frame
        for place, animation in listed(clip, "animations", path):
            yield place, "animation", animation
        waiting += listed(clip, "children", path)


def listed(
    raw: Mapping[str, object], name: str, path: str
) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Yield the objects in a list with their paths; what is none is reported elsewhere, as is
    a list that is too long."""
    items = raw.get(name)
    if isinstance(items, list) and len(items) <= MAX_CLIPS:
        start = f"{path}.{name}" if path else name
        for index, item in enumerate(items):
            if isinstance(item, Mapping):
                yield f"{start}[{index}]", item
