"""Compress a video: another codec, rate or size, always an MP4 that browsers play.

How each wish becomes FFmpeg arguments stands in `media.encode`, how a file is made to fit a
number of bytes in `media.sizing`; here is the order of things. A result is called done only
after it was opened again, its first picture decoded and its length compared with the source's.
"""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path, PureWindowsPath
from typing import Any, Final, Literal, get_args

import msgspec

from telecine.kit.errors import (
    CancelledError,
    InvalidRequestError,
    MediaError,
    ProcessingError,
    UndecodableMediaError,
)
from telecine.media import encode, sizing
from telecine.media.encode import Bitrate, Box, Crf, Encode, Fit, VideoCodec
from telecine.media.ffmpeg import Progress
from telecine.media.pool import Pool
from telecine.media.probe import MediaInfo, MediaLimits, probe
from telecine.operations.base import Context, Input, Output, Result
from telecine.settings import Prices

Method = Literal["crf", "bitrate", "size"]

LARGER_THAN_INPUT: Final = "LARGER_THAN_INPUT"
KEPT_ORIGINAL: Final = "KEPT_ORIGINAL"

_LEAST_CRF, _MOST_CRF = 18, 51
_LEAST_KBPS, _MOST_KBPS = 1, 1_000_000
LEAST_SIDE, MOST_SIDE = 2, 16_384
_MEBIBYTE: Final = 2**20
_MEGABYTE: Final = 10**6
MOST_TARGET_BYTES: Final = 10**12
_MAX_STEM_BYTES: Final = 180
#: Passes share the bar up to here; what is left is the last look at the result.
_ENCODED: Final = 0.99
_STATISTICS: Final = "statistics"
_STARVED_BITS_PER_PIXEL: Final = Fraction(1, 100)


class CompressParams(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a job does; made by `compress_params`, which holds the rules between the fields.

    `quality` is a CRF on the codec's own scale and belongs to method crf alone. `keep_smaller`
    returns the source where the result would be larger, if the source itself is an MP4 that
    browsers play, of the size asked for. `threads` and `limits` are not the client's: the door
    fills them in from the settings.
    """

    codec: VideoCodec = "h264"
    method: Method = "crf"
    quality: float | None = None
    bitrate_kbps: float | None = None
    target_size_bytes: int | None = None
    width: int | None = None
    height: int | None = None
    fit: Fit = "inside"
    keep_smaller: bool = False
    threads: int = 0
    limits: MediaLimits = MediaLimits()


def compress_params(
    *,
    codec: str = "h264",
    method: str = "crf",
    quality: float | None = None,
    bitrate_kbps: float | None = None,
    target_size_bytes: float | None = None,
    width: int | None = None,
    height: int | None = None,
    fit: str = "inside",
    keep_smaller: bool = False,
    threads: int = 0,
    limits: MediaLimits | None = None,
) -> CompressParams:
    """Check a client's wishes against each other and make them unambiguous.

    `quality` is a CRF (18 to 51) for crf; for bitrate and size it stands in for an absent
    `bitrate_kbps` (in kbit/s) and `target_size_bytes` (in MB of 10^6 bytes). Raises
    `InvalidRequestError` with the documents' name of the field.
    """
    _require_one_of(codec, get_args(VideoCodec), field="codec")
    _require_one_of(method, get_args(Method), field="method")
    _require_one_of(fit, get_args(Fit), field="fit")
    for side in (width, height):
        if side is not None and not LEAST_SIDE <= side <= MOST_SIDE:
            raise InvalidRequestError(
                f"'resolution' must have sides from {LEAST_SIDE} to {MOST_SIDE}; {side} is not.",
                field="resolution",
            )
    rate = _checked_rate(
        method, quality=quality, bitrate_kbps=bitrate_kbps, target_size_bytes=target_size_bytes
    )
    wishes: dict[str, Any] = {"codec": codec, "method": method, "fit": fit, **rate}
    return CompressParams(
        **wishes,
        width=width,
        height=height,
        keep_smaller=keep_smaller,
        threads=threads,
        limits=limits or MediaLimits(),
    )


def inspect(pool: Pool, path: Path, params: CompressParams) -> MediaInfo:
    """Look at an input before a job is taken; blocks about 10 ms.

    Raises `UnsupportedMediaError` (not a video), `UndecodableMediaError` (empty, damaged, cut
    short) or `MediaLimitError` (with a field where it is a wish that goes too far).
    """
    info = probe(pool, path, limits=params.limits)
    size = encode.geometry(info.video, _box(params), codec=params.codec)
    encode.check_size(size, codec=params.codec)
    return info


def _box(params: CompressParams) -> Box:
    return Box(width=params.width, height=params.height, fit=params.fit)


def output_filename(filename: str) -> str:
    """Return what the client will see: `video.mov` becomes `video-compressed.mp4`.

    A path in `filename`, of any system, is cut off, and so are control characters.
    """
    stem = PureWindowsPath(filename).stem
    printable = "".join(letter for letter in stem if letter.isprintable()).strip(" .")
    short = printable.encode()[:_MAX_STEM_BYTES].decode(errors="ignore")
    return f"{short or 'video'}-compressed.mp4"


@dataclass(frozen=True, slots=True)
class _Compress:
    name: str = "compress"
    params_type: type[CompressParams] = CompressParams

    def price(self, params: CompressParams, *, input_bytes: int, prices: Prices) -> int:
        """Every 20 MiB begun cost a credit (100 MiB are the document's 5), whatever is asked."""
        del params
        return max(1, math.ceil(input_bytes / _MEBIBYTE / prices.compress_mib_per_credit))

    def run(self, params: CompressParams, context: Context) -> Result:
        """Probe, encode, look at the result. See `compress_params` for what may be asked."""
        (source,) = context.inputs
        info = inspect(context.pool, source.path, params)
        if context.is_cancelled():
            raise CancelledError
        plan = Encode(
            info=info,
            codec=params.codec,
            rate=Crf(value=params.quality),
            box=_box(params),
            audio=encode.plan_audio(info),
            threads=params.threads,
        )
        made = _Session(context=context, source=source, params=params, plan=plan).make()
        written = _require_good(made, source=info, context=context)
        crf, warning = plan.crf if params.method == "crf" else None, None
        if written.size_bytes > source.size_bytes:
            warning = LARGER_THAN_INPUT
            if params.keep_smaller and _is_fit(info, plan):
                made = Path(shutil.copyfile(source.path, context.workspace / "kept.mp4"))
                written, crf, warning = info, None, KEPT_ORIGINAL
        context.report(1.0)
        return _result(made, written, source=source, crf=crf, warning=warning)


COMPRESS = _Compress()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Session:
    """The encodes of one run; their files lie in the workspace."""

    context: Context
    source: Input
    params: CompressParams
    plan: Encode

    def make(self) -> Path:
        if self.params.method == "size":
            return self._to_size()
        output = "out.mp4"
        if self.params.method == "crf":
            self._ffmpeg(encode.one_pass(self.plan, output=output), begin=0.0, end=_ENCODED)
        else:
            assert self.params.bitrate_kbps is not None
            rate = Bitrate(bits_per_second=round(self.params.bitrate_kbps * 1000))
            plan = replace(self.plan, rate=rate)
            share = encode.FIRST_PASS_SHARE[plan.codec]
            self._ffmpeg(encode.first_pass(plan, log=_STATISTICS), begin=0.0, end=share)
            try:
                args = encode.second_pass(plan, log=_STATISTICS, output=output)
                self._ffmpeg(args, begin=share, end=_ENCODED)
            except ProcessingError as error:
                if not self._is_starved(error, rate.bits_per_second):
                    raise
                raise InvalidRequestError(
                    f"'bitrate' must be more: {self.params.bitrate_kbps:g} kbit/s is less than the"
                    " encoder can do with this video.",
                    field="bitrate",
                ) from error
        return self.context.workspace / output

    def _to_size(self) -> Path:
        """Repeat the second pass until the file fits; the first pass serves for all of them."""
        target = self.params.target_size_bytes
        assert target is not None
        size = encode.geometry(self.plan.info.video, self.plan.box, codec=self.plan.codec)
        search = sizing.start(self.plan.info, target_bytes=target, pixels=size.width * size.height)
        if search is None:
            raise _too_small(target, self.plan.info, "sound and container alone need more")
        begin = encode.FIRST_PASS_SHARE[self.plan.codec]
        plan = self._at(search, search.next_rate() or 1)
        self._ffmpeg(encode.first_pass(plan, log=_STATISTICS), begin=0.0, end=begin)
        while (rate := search.next_rate()) is not None:
            # Most searches end with the first try: it gets nearly the whole bar.
            end = begin + (_ENCODED - begin) * (0.5 if search.tries else 0.9)
            output = f"{rate}.mp4"
            try:
                args = encode.second_pass(self._at(search, rate), log=_STATISTICS, output=output)
                self._ffmpeg(args, begin=begin, end=end)
            except ProcessingError as error:
                if self._is_starved(error, rate):
                    break
                raise
            begin = end
            written = (self.context.workspace / output).stat().st_size
            search = search.after(sizing.Try(bits_per_second=rate, size_bytes=written))
            self._drop_all_but(search)
        if search.best is None:
            least = min((one.size_bytes for one in search.tries), default=None)
            reason = (
                f"at the lowest quality it takes {least}" if least else "no encoder goes so low"
            )
            raise _too_small(target, self.plan.info, reason)
        return self.context.workspace / f"{search.best.bits_per_second}.mp4"

    def _at(self, search: sizing.Search, bits_per_second: int) -> Encode:
        rate = Bitrate(bits_per_second=bits_per_second, is_capped=False)
        return replace(self.plan, rate=rate, audio=search.audio)

    def _drop_all_but(self, search: sizing.Search) -> None:
        for one in search.tries:
            if one != search.best:
                (self.context.workspace / f"{one.bits_per_second}.mp4").unlink(missing_ok=True)

    def _is_starved(self, error: ProcessingError, bits_per_second: int) -> bool:
        """Whether an encoder refused a rate: x264 does, below what the first pass found."""
        size = encode.geometry(self.plan.info.video, self.plan.box, codec=self.plan.codec)
        pixels_per_second = size.width * size.height * self.plan.info.video.frame_rate
        is_general = error.code == ProcessingError.code
        return is_general and bits_per_second < pixels_per_second * _STARVED_BITS_PER_PIXEL

    def _ffmpeg(self, output_args: tuple[str, ...], *, begin: float, end: float) -> None:
        self.context.ffmpeg.run(
            output_args,
            input_path=self.source.path,
            workspace=self.context.workspace,
            input_args=encode.input_args(
                self.plan, max_seconds=self.params.limits.max_duration_seconds
            ),
            on_progress=_meter(self.context, self.plan.info, begin=begin, end=end),
            is_cancelled=self.context.is_cancelled,
        )


def _meter(
    context: Context, info: MediaInfo, *, begin: float, end: float
) -> Callable[[Progress], None]:
    """Map an encode's own progress onto a part of the bar.

    Frames are what takes the time: FFmpeg's clock runs ahead with copied sound, and stands still
    in a first pass.
    """
    counted = info.video.frame_count
    expected = counted or float(info.duration_seconds * info.video.frame_rate)
    furthest = begin

    def on_progress(progress: Progress) -> None:
        nonlocal furthest
        share = progress.frame / max(1.0, expected)
        if not counted:
            share = max(share, progress.out_time_seconds / info.duration_seconds)
        furthest = max(furthest, begin + (end - begin) * min(1.0, share))
        context.report(furthest)

    return on_progress


def _require_good(path: Path, *, source: MediaInfo, context: Context) -> MediaInfo:
    """Probe what was written, and compare its length with what the source promised."""
    try:
        written = probe(context.pool, path)
    except MediaError as error:
        raise ProcessingError("The encoder wrote a file that cannot be read back.") from error
    promised = source.video.duration_seconds or source.duration_seconds
    actual = written.video.duration_seconds or written.duration_seconds
    # A lone last frame may count for nothing; at 1 frame a second that matters.
    slack = 0.5 + 2 / float(source.video.frame_rate)
    if actual < promised * 0.95 - slack:
        raise UndecodableMediaError(
            f"The video is damaged: it says {promised:.1f} seconds,"
            f" but only {actual:.1f} could be decoded."
        )
    return written


def _is_fit(info: MediaInfo, plan: Encode) -> bool:
    """Whether the source itself would pass for the result: an MP4 for browsers, right in size."""
    video = info.video
    asked = encode.geometry(video, plan.box, codec=plan.codec)
    browsers_play = (video.codec, video.pixel_format) in {
        ("h264", "yuv420p"),
        (
            {"h265": "hevc"}.get(plan.codec, plan.codec),
            encode.pixel_format(video, codec=plan.codec),
        ),
    }
    return (
        info.container.startswith("mov")
        and (info.brand or "").strip() != "qt"
        and browsers_play
        and all(track.codec == "aac" for track in info.audio)
        and (asked.width, asked.height) == (video.display_width, video.display_height)
    )


def _result(
    path: Path, written: MediaInfo, *, source: Input, crf: float | None, warning: str | None
) -> Result:
    video = written.video
    facts: dict[str, str | int | float | bool | None] = {
        "codec": {"hevc": "h265"}.get(video.codec, video.codec),
        "width": video.display_width,
        "height": video.display_height,
        "duration_seconds": round(written.duration_seconds, 3),
    }
    if crf is not None:
        facts["crf_used"] = crf
    if warning is not None:
        facts["warning"] = warning
    filename = output_filename(source.filename)
    output = Output(path=path, filename=filename, media_type="video/mp4")
    return Result(outputs=(output,), facts=facts)


def _too_small(target_bytes: int, info: MediaInfo, reason: str) -> InvalidRequestError:
    return InvalidRequestError(
        f"The target size of {target_bytes} bytes is too small for {info.duration_seconds:.1f} seconds"
        f" of this video: {reason}. Ask for more, or for a smaller resolution.",
        field="target_size_bytes",
    )


def _require_one_of(value: str, known: tuple[str, ...], *, field: str) -> None:
    if value not in known:
        raise InvalidRequestError(
            f"'{field}' must be one of {', '.join(known)}; '{value}' is not.", field=field
        )


def _checked_rate(
    method: str,
    *,
    quality: float | None,
    bitrate_kbps: float | None,
    target_size_bytes: float | None,
) -> dict[str, float | int | None]:
    """Return the one field that says how much, under its own name."""
    if bitrate_kbps is not None and method != "bitrate":
        raise InvalidRequestError("'bitrate' is read with method=bitrate only.", field="bitrate")
    if target_size_bytes is not None and method != "size":
        raise InvalidRequestError(
            "'target_size_bytes' is read with method=size only.", field="target_size_bytes"
        )
    if method == "bitrate":
        return {"bitrate_kbps": _checked_kbps(bitrate_kbps, quality=quality)}
    if method == "size":
        return {"target_size_bytes": _checked_size(target_size_bytes, quality=quality)}
    if quality is not None and not _LEAST_CRF <= quality <= _MOST_CRF:
        raise InvalidRequestError(
            f"'quality' must be a CRF from {_LEAST_CRF} to {_MOST_CRF}; {quality:g} is not.",
            field="quality",
        )
    return {"quality": quality}


def _checked_kbps(bitrate_kbps: float | None, *, quality: float | None) -> float:
    kbps, field = (bitrate_kbps, "bitrate") if bitrate_kbps is not None else (quality, "quality")
    if kbps is None:
        raise InvalidRequestError(
            "'bitrate' is missing: method=bitrate needs it, in kbit/s (or 'quality', read as such).",
            field="bitrate",
        )
    if not _LEAST_KBPS <= kbps <= _MOST_KBPS:
        raise InvalidRequestError(
            f"'{field}' must be from {_LEAST_KBPS} to {_MOST_KBPS} kbit/s; {kbps:g} is not.",
            field=field,
        )
    return kbps


def _checked_size(target_size_bytes: float | None, *, quality: float | None) -> int:
    sent, unit, field = target_size_bytes, "bytes", "target_size_bytes"
    if target_size_bytes is None and quality is not None:
        sent, unit, field = quality, "MB", "quality"
        target_size_bytes = quality * _MEGABYTE
    if target_size_bytes is None:
        raise InvalidRequestError(
            "'target_size_bytes' is missing: method=size needs it, or 'target_size_mb'"
            " (or 'quality', read as MB).",
            field="target_size_bytes",
        )
    if not 1 <= target_size_bytes <= MOST_TARGET_BYTES:
        raise InvalidRequestError(
            f"'{field}' must mean a size from 1 byte to 1 TB; {sent:g} {unit} is not.", field=field
        )
    return int(target_size_bytes)
