"""Make a video of one image and one sound: a composition is built, and the renderer draws it.

The first input is the image, the second the sound. How long the film may be was measured, and
paid for, before the sound was decoded: a longer one fails. What comes before the drawing is kept as
steps: of an hour, a run that is begun again neither levels nor hears nor animates anything twice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import structlog
from msgspec import Meta

from telecine.kit.errors import (
    InternalError,
    MediaLimitError,
    OutboundError,
    ProcessingError,
    StorageError,
    UnsupportedMediaError,
)
from telecine.media.render.confined import Order
from telecine.media.render.job import Facts
from telecine.media.seeing import caption_styles
from telecine.media.seeing.looking import Eyes
from telecine.media.speech.transcript import Transcript, Word
from telecine.media.talking.job import SYNTHETIC
from telecine.media.voiceover import composing, intake, levelling, studying
from telecine.media.voiceover.arranging import Mode
from telecine.media.voiceover.canvas import LEAST_SIDE, MOST_SIDE
from telecine.media.voiceover.composing import Captioning
from telecine.media.voiceover.levelling import Levelled
from telecine.media.voiceover.studying import Study
from telecine.operations import bars
from telecine.operations.bars import Report
from telecine.operations.base import Context, Output, Result
from telecine.operations.pricing import film_credits, tier_of
from telecine.operations.render import require_read_back, told
from telecine.settings import Prices

#: Packets that are counted and samples that are decoded differ by what decoders cut off.
_SLACK_SECONDS: Final = 1.0
#: What encoders add before and behind a sound: packets have it, nobody hears it or pays for it.
_PADDING_SECONDS: Final = 0.1
_POSTER: Final = "poster.jpg"
_LOUDNESS: Final = "loudness.json"
_PORTRAIT_SIDE: Final = 1920
#: Of the work; after it the poster is made.
_DRAWN: Final = 0.97

_log = structlog.get_logger(__name__)


class VoiceoverParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is made. `seconds` are those that the sound was measured to have, and are paid for.

    `width` and `height` are the canvas's, from `media.voiceover.canvas.canvas_size`: even.
    `language` is what is spoken, for captions; empty: found out.
    """

    seconds: Annotated[float, Meta(gt=0)]
    width: Annotated[int, Meta(ge=LEAST_SIDE, le=MOST_SIDE)]
    height: Annotated[int, Meta(ge=LEAST_SIDE, le=MOST_SIDE)]
    mode: Mode = "auto"
    captions: bool = False
    caption_style: str = caption_styles.DEFAULT
    language: str = ""
    filename: str = "video.mp4"
    n_workers: Annotated[int, Meta(ge=1, le=64)] = 1
    encoder_threads: int = 0
    #: When it was ordered. With it, a film that is shorter than was measured costs less.
    credits_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class _Voiceover:
    name: str = "voiceover"
    params_type: type[VoiceoverParams] = VoiceoverParams

    def price(self, params: VoiceoverParams, *, input_bytes: int, prices: Prices) -> int:
        """As a render of that length and size costs: rounded up, at least one credit."""
        del input_bytes
        tier = tier_of(prices, width=params.width, height=params.height)
        seconds = max(0.0, params.seconds - _PADDING_SECONDS)
        return film_credits(seconds, each=tier.credits_per_second)

    def run(self, params: VoiceoverParams, context: Context) -> Result:
        """Two outputs: the video, then its poster (JPEG). Facts: duration_seconds, frames, width,
        height, size_bytes, mode, faces (None: nobody looked), captions (clips of them),
        loudness_lufs (of what was sent; None: silent, or too short to say).

        Raises `MediaError`s whose `field` is `image` or `audio`.
        """
        if context.renderer is None:
            raise InternalError("Voiceovers need a renderer.")
        bar = _bar(params, context.report)
        sound = _levelled(params, context, bar)
        study = _studied(params, context)
        heard = _heard(params, sound, context, bar)
        files = {composing.PICTURE: study.path, composing.VOICE: sound.path}
        if params.mode == "talking":
            words = heard.words if heard is not None else ()
            files[composing.FILM] = _talking(study, sound, words, context, bar)
        document = composing.compose(
            study,
            sound,
            canvas=(params.width, params.height),
            mode=params.mode,
            captioning=_captioning(params, heard),
            has_film=composing.FILM in files,
        )
        order = _order(params, document, files, workspace=_folder(context, "render"))
        drawn = context.renderer.render(
            order, on_progress=bars.by_frames(bar["drawn"]), is_cancelled=context.is_cancelled
        )
        require_read_back(order.output, drawn, pool=context.pool)
        poster = _poster(context, order.output, drawn)
        context.report(1.0)
        return Result(
            outputs=(
                Output(path=order.output, filename=params.filename, media_type="video/mp4"),
                Output(path=poster, filename=_POSTER, media_type="image/jpeg"),
            ),
            facts={
                **told(drawn),
                "mode": params.mode,
                "faces": None if study.faces is None else len(study.faces),
                "captions": _n_captions(document),
                "loudness_lufs": sound.loudness_lufs,
            },
            charge=_charge(params, drawn),
        )


VOICEOVER = _Voiceover()


def _order(
    params: VoiceoverParams,
    document: Mapping[str, Any],
    files: Mapping[str, Path],
    *,
    workspace: Path,
) -> Order:
    return Order(
        document=document,
        files=files,
        workspace=workspace,
        output=workspace / "film.mp4",
        n_workers=params.n_workers,
        encoder_threads=params.encoder_threads,
        comment=SYNTHETIC if params.mode == "talking" else "",
    )


def _n_captions(document: Mapping[str, Any]) -> int:
    clips = (clip for track in document["tracks"] for clip in track["clips"])
    return sum(clip["type"] == "captions" for clip in clips)


def _charge(params: VoiceoverParams, drawn: Facts) -> int | None:
    """Return what the film costs by its true length; None: what was held."""
    if params.credits_per_second is None:
        return None
    return film_credits(drawn.duration_seconds, each=params.credits_per_second)


def _bar(params: VoiceoverParams, report: Report) -> Mapping[str, Report]:
    """Share the bar among the stages, by what they take, as it was measured."""
    costs = {
        "levelled": 0.06,
        "heard": 0.25 if params.captions else 0.02,
        "talked": 0.4 if params.mode == "talking" else 0.0,
    }
    drawn = _DRAWN - sum(costs.values())
    return bars.parts(report, {**costs, "drawn": drawn}, end=_DRAWN)


class _Loudness(msgspec.Struct, frozen=True, kw_only=True):
    """Of the sound that was sent; None: silent, or too short to say."""

    lufs: float | None = None


def _levelled(params: VoiceoverParams, context: Context, bar: Mapping[str, Report]) -> Levelled:
    """Decode the sound; raises `MediaLimitError` where it is longer than was paid for."""

    def make() -> Path:
        sound = levelling.level(
            context.ffmpeg,
            context.inputs[1].path,
            workspace=_folder(context, "sound"),
            most_seconds=params.seconds + 2 * _SLACK_SECONDS,
            on_progress=lambda seconds: bar["levelled"](seconds / params.seconds),
            is_cancelled=context.is_cancelled,
        )
        if sound.seconds > params.seconds + _SLACK_SECONDS:
            raise MediaLimitError(
                f"The audio lasts longer than the {params.seconds:.1f} seconds that its packets "
                "say.",
                field="audio",
            )
        # Kept before the sound: where that is, this is.
        context.once(_LOUDNESS, _Loudness, lambda: _Loudness(lufs=sound.loudness_lufs))
        return sound.path

    path = context.file_once(composing.VOICE, make)
    loudness = context.once(_LOUDNESS, _Loudness, _Loudness)
    return Levelled.read(path, loudness_lufs=loudness.lufs)


def _studied(params: VoiceoverParams, context: Context) -> Study:
    limits = intake.Limits(max_pixels=context.ffmpeg.max_pixels, max_seconds=math.inf)
    found = intake.measure_picture(context.pool, context.inputs[0].path, limits=limits)
    return studying.study(
        context.pool,
        context.inputs[0].path,
        found=found,
        canvas=_drawn_size(params),
        workspace=_folder(context, "picture"),
        max_pixels=limits.max_pixels,
        eyes=_eyes(context),
        is_cancelled=context.is_cancelled,
    )


def _drawn_size(params: VoiceoverParams) -> tuple[int, int]:
    """Return the size that the picture must be good for; faces are made to talk at their own."""
    least = _PORTRAIT_SIDE if params.mode == "talking" else 0
    return max(params.width, least), max(params.height, least)


def _eyes(context: Context) -> Eyes | None:
    """Return what finds faces; None where its weights are not here and cannot be fetched."""
    if context.senses is None:
        return None
    try:
        return context.senses.eyes(is_cancelled=context.is_cancelled)
    except (OutboundError, StorageError, ProcessingError) as error:
        _log.warning("voiceover.no_eyes", reason=error.message)
        return None


def _heard(
    params: VoiceoverParams, sound: Levelled, context: Context, bar: Mapping[str, Report]
) -> Transcript | None:
    """Write down what is said, for captions or for lips; None where nobody speaks or is heard.

    Lips do without where a model would have to be fetched first.
    """
    senses = context.senses
    if senses is None:
        if params.captions:
            raise InternalError("Captions need something that hears.")
        return None
    if not params.captions and not (params.mode == "talking" and senses.has_speech()):
        return None

    def make() -> Transcript:
        try:
            return senses.speech(is_cancelled=context.is_cancelled).transcribe(
                sound.path,
                workspace=_folder(context, "speech"),
                language=params.language,
                on_progress=bar["heard"],
                is_cancelled=context.is_cancelled,
            )
        except UnsupportedMediaError:
            return Transcript(
                language="", words=(), sentences=(), duration_seconds=float(sound.seconds)
            )

    heard = context.once("transcript.json", Transcript, make)
    return heard if heard.words else None


def _captioning(params: VoiceoverParams, heard: Transcript | None) -> Captioning | None:
    if heard is None or not params.captions:
        return None
    return Captioning(words=heard.words, style=params.caption_style, language=heard.language)


def _talking(
    study: Study,
    sound: Levelled,
    words: Sequence[Word],
    context: Context,
    bar: Mapping[str, Report],
) -> Path:
    senses = context.senses
    if senses is None:
        raise InternalError("A portrait needs something that makes it talk.")
    return context.file_once(
        composing.FILM,
        lambda: senses.talking(is_cancelled=context.is_cancelled).film(
            study.path,
            sound.path,
            words=words,
            workspace=_folder(context, "talking"),
            frame_rate=Fraction(composing.FRAME_RATE),
            on_progress=bar["talked"],
            is_cancelled=context.is_cancelled,
        ),
    )


def _folder(context: Context, name: str) -> Path:
    folder = context.workspace / name
    folder.mkdir()
    return folder


def _poster(context: Context, film: Path, facts: Facts) -> Path:
    """Take the picture that stands for the film out of it: early, but with its sound at work."""
    seconds = min(facts.n_frames // 3, 2 * composing.FRAME_RATE) / composing.FRAME_RATE
    matrices = "in_color_matrix=bt709:out_color_matrix=bt601:in_range=tv:out_range=pc"
    context.ffmpeg.run(
        (
            *("-map", "0:v:0", "-frames:v", "1", "-vf", f"scale={matrices},format=yuvj420p"),
            *("-c:v", "mjpeg", "-q:v", "3", "-f", "image2", "-update", "1", _POSTER),
        ),
        input_path=film,
        workspace=film.parent,
        input_args=("-ss", f"{seconds:.3f}"),
        is_cancelled=context.is_cancelled,
    )
    return film.parent / _POSTER
