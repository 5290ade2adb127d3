"""Fields that nobody reads, which are mostly errors of typing: warnings with the nearest name.

Known is what a reader asks an object of that sort for, whatever the clip's type: a document may
say more than a type needs. What editors keep for themselves stays without a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from telecine.media.timeline.reader import MAX_PROBLEMS, Node, Report, nearest
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
    template variant version overrides target bars smoothing thickness
    """)
_TRANSITION: Final = _names("type duration easing direction blur intensity rotation scale")
#: By the sort of the object.
KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "meta": _names("version width height fps background"),
    "clip": _CLIP,
    "style": _STYLE,
    "config": _STYLE,
    "transform": _names("x y width height scale rotation skew anchor"),
    "crop": _names("left top right bottom"),
    "source": _names("start end"),
    "kenBurns": _names("from to easing"),
    "chromaKey": _names("color similarity blend"),
    "ducking": _names("targets amount attack release"),
    "background": _names("color horizontalPadding verticalPadding borderRadius"),
    "transition": _TRANSITION,
    "transitionIn": _TRANSITION,
    "transitionOut": _TRANSITION,
    "keyframe": frozenset({"property", "frames"}),
    "frame": _names("time frame value easing"),
    "animation": _names("type duration delay easing loop from to direction distance filter"),
    "composition": _names("""
        fps compositionWidth compositionHeight tracks items assets durationInFrames background
        backgroundColor fonts variables seed output version deletedAssets
        """),
    "track of items": _names("items hidden muted volume opacity trackType"),
    "track of clips": _names("clips hidden muted volume opacity trackType type"),
    "item": (_CLIP - {"start", "duration"})
    | _names("""
        from durationInFrames left top width height rotation scale skew
        """),
}
#: The objects in a clip that are looked at; each is a sort of its own.
_PARTS: Final = _names("""
    style config transform crop source kenBurns chromaKey ducking background transition
    transitionIn transitionOut
    """)
#: What is kept, but changes nothing that is drawn.
_SILENT: Final = _names("""
    id name title description author tags category label notes comment locked markers metadata
    createdAt updatedAt isDraggingInTimeline resizeOnEdit
    cache cachePadding composite
    """)
_PRIVATE: Final = ("_", "$", "x-")


def warn_of_unknown(report: Report, objects: Iterable[Known]) -> None:
    """Warn of each such field of these objects, as far as the report has room."""
    if report.is_hopeless:
        return
    for path, sort, raw in objects:
        unknown = raw.keys() - KNOWN[sort] - _SILENT
        if unknown:
            _warn(Node(raw, path, report, None), sort, unknown)
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
                got=node.raw[name],
                allowed=nearest(name, KNOWN[sort]) or "the fields in the reference",
            )  # fmt: skip


def parts_of_clip(path: str, clip: Mapping[str, object], *, sort: str = "clip") -> Iterator[Known]:
    """Yield a clip, or whatever it is called, and the objects in it that are looked at."""
    waiting = [(path, clip)]
    while waiting:
        path, clip = waiting.pop()
        yield path, sort, clip
        sort = "clip"
        for name, part in clip.items():
            if name in _PARTS and isinstance(part, Mapping):
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
