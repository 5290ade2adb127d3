"""A chosen part becomes a clip: looked at, composed, rendered. A finished clip is a step.

Steps are named for what they were made of, so that one which an attempt left that was fenced
off can be used, or is never found: it cannot be another clip's.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from telecine.media.highlights.model import Candidate
from telecine.media.render.confined import Order
from telecine.media.seeing import reframing, shots
from telecine.media.seeing.model import Seen
from telecine.media.seeing.reframing import Captioning
from telecine.media.speech.job import Quality
from telecine.media.speech.transcript import Transcript
from telecine.operations import bars
from telecine.operations.bars import Report
from telecine.operations.clipping import edges
from telecine.operations.clipping.choice import Chosen
from telecine.operations.clipping.films import Film
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clipping.stages import Bar, Work
from telecine.operations.render import require_read_back

#: The encoder's preset and its quality, None for the usual one. In a hurry it needs two to three
#: times the bytes for that: so the quality is a little lower, and clips are about as large.
ENCODINGS: Final[Mapping[Quality, tuple[str, float | None]]] = {
    "fast": ("superfast", 24),
    "balanced": ("veryfast", None),
    "high": ("medium", None),
}
#: Of the work at a clip, what looking for faces is.
_SEEN: Final = 0.1
#: What is looked at on both sides of a clip: an edge moves by less, and a cut nearer than 0.3 s to
#: the end of what is looked at is none.
_BESIDE_SECONDS: Final = 2 * edges.REACH_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A finished clip: its film, and the composition that it was rendered from."""

    candidate: Candidate
    path: Path
    document: Mapping[str, Any]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels."""
        meta = self.document["meta"]
        return meta["width"], meta["height"]


def make_all(
    chosen: Chosen, film: Film, heard: Transcript, params: ClipsParams, work: Work, bar: Bar
) -> tuple[Made, ...]:
    """Make the clips, one after the other."""
    report = bar.begin("clips")
    whole = sum(clip.duration_seconds for clip in chosen.clips)
    maker = _Maker(film=film, heard=heard, params=params, work=work, is_free=not params.segments)
    made: list[Made] = []
    done = 0.0
    for number, clip in enumerate(chosen.clips, start=1):
        work.go_on()
        folder = work.context.workspace / f"clip-{number}"
        folder.mkdir()
        begun, done = done, done + clip.duration_seconds
        part = bars.part(report, begun / whole, done / whole)
        made.append(maker.make(clip, folder=folder, report=part))
        shutil.rmtree(folder)
        part(1.0)
    return tuple(made)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Maker:
    film: Film
    heard: Transcript
    params: ClipsParams
    work: Work
    #: The edges may be moved: nobody has said them.
    is_free: bool

    def make(self, clip: Candidate, *, folder: Path, report: Report) -> Made:
        seen = self._seen(clip, folder, report)
        if self.is_free:
            clip = edges.settle(
                clip, seen, words=self.heard.words, longest_seconds=self.params.max_seconds
            )
        document = reframing.compose(
            shots.part(seen, start_seconds=clip.start_seconds, end_seconds=clip.end_seconds),
            source=self.film.src,
            frame_rate=self.film.info.video.nominal_frame_rate,
            aspect=self.params.aspect,
            captioning=self._captioning(),
            has_sound=bool(self.film.info.audio),
            title=clip.title,
        )
        text = msgspec.json.encode((document, self.params.quality))
        digest = hashlib.sha256(text).hexdigest()[:16]
        path = self.work.context.file_once(
            f"clip-{digest}.mp4", lambda: self._render(document, folder, report)
        )
        return Made(candidate=clip, path=path, document=document)

    def _seen(self, clip: Candidate, folder: Path, report: Report) -> Seen:
        """Look at the clip, and a little more, for cuts beside it."""
        context = self.work.context
        span = f"{clip.start_seconds:.3f}-{clip.end_seconds:.3f}"

        def look() -> Seen:
            eyes = self.work.senses.eyes(is_cancelled=context.is_cancelled)
            return eyes.look(
                self.film.path,
                workspace=folder,
                size=self.film.size,
                start_seconds=max(0.0, clip.start_seconds - _BESIDE_SECONDS),
                end_seconds=min(self.film.seen_seconds, clip.end_seconds + _BESIDE_SECONDS),
                on_progress=bars.part(report, 0.0, _SEEN),
                is_cancelled=context.is_cancelled,
            )

        return self.work.context.once(f"seen-{span}.json", Seen, look)

    def _captioning(self) -> Captioning | None:
        if not self.params.captions:
            return None
        return Captioning(
            words=self.heard.words,
            style=self.params.caption_style,
            language=self.heard.language,
        )

    def _render(self, document: Mapping[str, Any], folder: Path, report: Report) -> Path:
        preset, crf = ENCODINGS[self.params.quality]
        order = Order(
            document=document,
            files={self.film.src: self.film.path},
            workspace=folder,
            output=folder / "clip.mp4",
            preset=preset,
            crf=crf,
            encoder_threads=self.params.encoder_threads,
        )
        facts = self.work.renderer.render(
            order,
            on_progress=bars.by_frames(bars.part(report, _SEEN, 1.0)),
            is_cancelled=self.work.context.is_cancelled,
        )
        require_read_back(order.output, facts, pool=self.work.context.pool)
        return order.output
