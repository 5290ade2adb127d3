"""What an output is encoded with, and codec contexts set up so that the result is repeatable.

The same frames give the same decoded pictures on any machine and with any number of threads:
x264 and x265 look ahead in one thread and reach no further down a reference picture than
`_REACH` rows, whatever the number of frames in work. (Left alone, both follow the number of
cores.) x264 takes one way to guess how pictures between others move, where it would else learn
from frames that other threads have finished by then; and it goes without AVX-512 where that reads
memory that nobody wrote. Groups of pictures are closed. Colours are tagged BT.709, limited range.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, Literal

import cv2
import msgspec
from av import AudioCodecContext, CodecContext, VideoCodecContext
from av.codec.context import Flags, ThreadType

from telecine.kit.errors import InvalidRequestError
from telecine.media.render.encoding.scales import DEFAULT_CRF, MOST_CRF, PRESETS, RenderCodec

SoundCodec = Literal["aac", "opus", "mp3", "wav"]

SAMPLE_RATE: Final = 48_000
CHANNELS: Final = 2

#: Seconds that one encoder works on before the next begins: the grid that chunks keep to.
CHUNK_SECONDS: Final = 5

_ENCODERS: Final[Mapping[RenderCodec, str]] = {
    "h264": "libx264",
    "h265": "libx265",
    "vp9": "libvpx-vp9",
}
_SOUND_ENCODERS: Final[Mapping[SoundCodec, tuple[str, str]]] = {
    "aac": ("aac", "fltp"),
    "opus": ("libopus", "flt"),
    "mp3": ("libmp3lame", "fltp"),
    "wav": ("pcm_s16le", "s16"),
}
_REACH: Final = 64
_MAX_THREADS: Final = 16
_THRIFTY_PIXELS: Final = 1280 * 720
#: Beyond 4K an encoder would hold gigabytes: it looks less far ahead, the same on any machine,
#: and works on fewer pictures at once.
_LARGE_PIXELS: Final = 4096 * 2304
_AHEAD_LARGE: Final = 2
_MAX_THREADS_LARGE: Final = 3
#: OpenCV's number of AVX-512 (CV_CPU_AVX_512F); where that is, the rest is, too.
_AVX512: Final = 13
_WITHOUT_AVX512: Final = "avx2,fma3,bmi2"
#: x264 halves pictures 64 pixels at a time there, and of other widths reads beyond the row's end.
_WIDTHS_OF_AVX512: Final = 128
_BT709: Final = 1
_LIMITED: Final = 1


class EncodeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to encode. `crf` is on the codec's own scale, None its default.

    `gop_frames` is the most frames between key frames; None, or more than a chunk: as many as
    a chunk has. `threads` 0 is what the machine bears; the result does not depend on it.
    `comment` goes into the file's metadata.
    """

    codec: RenderCodec = "h264"
    preset: str = "veryfast"
    crf: float | None = None
    gop_frames: int | None = None
    sound_bits_per_second: int = 160_000
    threads: int = 0
    comment: str = ""

    def __post_init__(self) -> None:
        if self.preset not in PRESETS:
            allowed = ", ".join(PRESETS)
            raise InvalidRequestError(f"'preset' is one of: {allowed}.", field="preset")
        most = MOST_CRF[self.codec]
        if self.crf is not None and not 0 <= self.crf <= most:
            raise InvalidRequestError(f"'crf' is between 0 and {most}.", field="crf")


def chunk_frames(frame_rate: Fraction) -> int:
    """Return how many frames a chunk has: never fewer than the encoders' reordering needs."""
    return max(24, round(CHUNK_SECONDS * frame_rate))


def is_thrifty(width: int, height: int) -> bool:
    """Whether memory counts for more than the last hundredths of speed: beyond 720p.

    An encoder then works on as many pictures as there are cores, not half as many again, and its
    process had better refuse huge pages: 40 MiB less at 1080p, for 0.03 of the encoder's speed.
    """
    return width * height > _THRIFTY_PIXELS


def video_context(
    settings: EncodeSettings, *, width: int, height: int, frame_rate: Fraction
) -> VideoCodecContext:
    """Set up an encoder of one chunk; time stamps are frame numbers. Not opened yet."""
    context: VideoCodecContext = CodecContext.create(  # type: ignore[assignment]
        _ENCODERS[settings.codec], "w"
    )
    prepare_video(context, settings, width=width, height=height, frame_rate=frame_rate)
    context.flags |= Flags.global_header
    return context


def video_encoder(settings: EncodeSettings) -> str:
    """Return the name of the encoder."""
    return _ENCODERS[settings.codec]


def prepare_video(
    context: VideoCodecContext,
    settings: EncodeSettings,
    *,
    width: int,
    height: int,
    frame_rate: Fraction,
) -> None:
    """Set up a context that a container made."""
    context.width, context.height = width, height
    context.pix_fmt = "yuv420p"
    context.time_base = 1 / frame_rate
    context.framerate = frame_rate
    context.sample_aspect_ratio = Fraction(1)
    context.bit_rate = 0
    gop = chunk_frames(frame_rate)
    context.gop_size = min(settings.gop_frames or gop, gop)
    context.color_range = _LIMITED
    context.colorspace = context.color_primaries = context.color_trc = _BT709
    # x264 cuts pictures into slices otherwise, which is slower and looks worse.
    context.thread_type = ThreadType.FRAME
    context.thread_count = settings.threads or _bearable_threads(
        is_thrifty=is_thrifty(width, height)
    )
    is_large = width * height > _LARGE_PIXELS
    if is_large:
        context.thread_count = min(context.thread_count, _MAX_THREADS_LARGE)
    if settings.codec == "h265":
        context.codec_tag = "hvc1"  # Apple's players take HEVC in MP4 only under this name
    context.options = _options(settings, width=width, is_large=is_large)


def sound_encoder(codec: SoundCodec) -> str:
    """Return the name of the encoder."""
    return _SOUND_ENCODERS[codec][0]


def prepare_audio(context: AudioCodecContext, codec: SoundCodec, *, bits_per_second: int) -> None:
    """Set up a context that a container made."""
    context.sample_rate = SAMPLE_RATE
    context.layout = "stereo"
    context.format = _SOUND_ENCODERS[codec][1]
    context.time_base = Fraction(1, SAMPLE_RATE)
    if codec != "wav":
        context.bit_rate = bits_per_second
    if codec == "aac":
        # The fast search is twice as fast, but makes another sound of a loud pure tone.
        context.options = {"aac_coder": "twoloop"}


def _bearable_threads(*, is_thrifty: bool) -> int:
    """Return x264's own rule, half as many again as cores, or cores; one thread would differ."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    n_threads = (cores or 1) * (2 if is_thrifty else 3) // 2
    return max(2, min(_MAX_THREADS, n_threads))


def _options(settings: EncodeSettings, *, width: int, is_large: bool) -> dict[str, str]:
    crf = DEFAULT_CRF[settings.codec] if settings.crf is None else settings.crf
    ahead = f":rc-lookahead={_AHEAD_LARGE}:bframes=1" if is_large else ""
    if settings.codec == "vp9":
        return {
            **({"lag-in-frames": str(_AHEAD_LARGE)} if is_large else {}),
            "crf": str(round(crf)),
            "deadline": "good",
            "cpu-used": str(PRESETS[settings.preset]),
            "row-mt": "1",
            "tile-columns": "2",
        }
    options = {"preset": settings.preset, "crf": str(crf)}
    if settings.codec == "h265":
        params = "log-level=none:open-gop=0:frame-threads=2:lookahead-slices=0"
        return {**options, "x265-params": params + ahead}
    params = f"lookahead-threads=1:mvrange-thread={_REACH}:open-gop=0:direct=spatial"
    # Nothing waits between the look-ahead and a large encoding; elsewhere the wait pays in speed.
    waiting = ":sync-lookahead=0" if is_large else ""
    is_without = width % _WIDTHS_OF_AVX512 != 0 and cv2.checkHardwareSupport(_AVX512)
    asm = f":asm={_WITHOUT_AVX512}" if is_without else ""
    return {**options, "x264-params": f"{params}{waiting}{ahead}{asm}"}
