"""Turns a wish (codec, rate, box) into FFmpeg arguments for an MP4 that browsers play.

Pure: nothing is run here. The rules, each decided on purpose:

- Pictures come out upright, with square pixels and even sides, 4:2:0, limited range. The
  display matrix is applied by FFmpeg and does not reach the output.
- H.264 is always 8-bit SDR: browsers play nothing else of it. HDR (PQ, HLG) is tone-mapped to
  BT.709, and SDR in BT.2020 is converted to it.
- H.265 and AV1 keep 10 bits and HDR with its tags: their decoders do. 12 bits become 10.
- Untagged video stays untagged, except where the new size would make players guess otherwise.
- Frame times are kept, also uneven ones. Interlaced frames are deinterlaced, one for one.
- Sound is AAC: copied where it is already and is not wasteful. Every track is kept.
- Title, creation time, languages and chapters stay; all other metadata (places, devices) goes.

No string of a client becomes part of a filter graph; the title is an argument of its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from telecine.kit.errors import MediaLimitError
from telecine.media.probe import AudioStream, MediaInfo, VideoStream

VideoCodec = Literal["h264", "h265", "av1"]
#: inside: whole picture, aspect kept, box turned for portrait sources; contain: the same, with
#: bars to the box's shape; cover: box filled, the rest cut off; fill: stretched. None enlarges.
Fit = Literal["inside", "contain", "cover", "fill"]

#: About the same quality to the eye.
DEFAULT_CRF: Final[Mapping[VideoCodec, float]] = {"h264": 23, "h265": 28, "av1": 35}
#: The first pass's share of the time of both, as measured on the test samples.
FIRST_PASS_SHARE: Final[Mapping[VideoCodec, float]] = {"h264": 0.35, "h265": 0.5, "av1": 0.3}
MAX_AUDIO_TRACKS: Final = 8

#: x264's and x265's own defaults ("fast" saved x265 no time on our samples); 8 lies between
#: SVT-AV1's quick and thorough presets and takes about as long as x264's medium.
_ENCODERS: Final[Mapping[VideoCodec, tuple[str, ...]]] = {
    "h264": ("-c:v", "libx264", "-preset", "medium"),
    # Apple's players take HEVC in MP4 only under the tag hvc1.
    "h265": ("-c:v", "libx265", "-preset", "medium", "-tag:v", "hvc1"),
    "av1": ("-c:v", "libsvtav1", "-preset", "8"),
}
#: SVT-AV1 refuses smaller pictures.
_LEAST_SIDE: Final[Mapping[VideoCodec, int]] = {"h264": 2, "h265": 16, "av1": 64}
#: x265 takes blocks of 16 pixels where a side is below 32, and the levels that pictures longer
#: than 4222 pixels need do not allow such blocks.
_LEAST_SIDE_OF_LONG_H265: Final = 32
_LONG_H265: Final = 4222
#: Widest and highest picture that each encoder was seen to open (x264, SVT-AV1: its own limits).
_MOST_SIDES: Final[Mapping[VideoCodec, tuple[int, int]]] = {
    "h264": (16_384, 16_384),
    "h265": (32_768, 32_768),
    "av1": (16_384, 8_704),
}

_BITS_PER_CHANNEL: Final = 64_000
_LEAST_AUDIO_BITS: Final = 96_000
_POOREST_AUDIO_BITS: Final = 24_000
_MAX_SAMPLE_RATE: Final = 48_000
#: The layouts that AAC has a number for; others would be told in a way that few decoders read.
_AAC_LAYOUTS: Final = {1: "mono", 2: "stereo", 6: "5.1", 8: "7.1"}
_COPIED_PROFILES: Final = frozenset({"LC", "HE-AAC", "HE-AACv2"})

_LANGUAGE = re.compile(r"[a-z]{3}")
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_MAX_TITLE_LENGTH: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Crf:
    """Constant quality, on the codec's own scale; `value` None is the codec's default."""

    value: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bitrate:
    """An average for the video alone (sound comes on top), by two passes.

    H.264 and H.265 may reach twice the average for two seconds; SVT-AV1 is not held to a peak.
    """

    bits_per_second: int
    is_capped: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """The size to fit into, in pixels as shown; None leaves a side free."""

    width: int | None = None
    height: int | None = None
    fit: Fit = "inside"


@dataclass(frozen=True, slots=True, kw_only=True)
class Geometry:
    """The picture is scaled to `scaled`, then cut or padded to `width` x `height`."""

    scaled: tuple[int, int]
    width: int
    height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioPlan:
    """What becomes of one track. `bits_per_second` is what it will take, also when copied."""

    index: int
    is_copied: bool
    channels: int
    bits_per_second: int
    sample_rate: int
    language: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """One encode: everything that its arguments follow from. `threads` 0 is one per core."""

    info: MediaInfo
    codec: VideoCodec
    rate: Crf | Bitrate
    box: Box
    audio: tuple[AudioPlan, ...]
    threads: int = 0

    @property
    def crf(self) -> float | None:
        """The CRF that is used, on the codec's scale."""
        if isinstance(self.rate, Bitrate):
            return None
        value = DEFAULT_CRF[self.codec] if self.rate.value is None else self.rate.value
        return round(value) if self.codec == "av1" else value  # SVT-AV1 takes whole numbers


def geometry(video: VideoStream, box: Box, *, codec: VideoCodec) -> Geometry:
    """Say what size comes out; both sides even, neither larger than the source is shown."""
    source = (video.display_width, video.display_height)
    width, height = _box_sides(source, box)
    x_share, y_share = width / source[0], height / source[1]
    if box.fit == "fill":
        most = (min(width, source[0]), min(height, source[1]))
        scaled = final = _even_size(most, most=most)
    elif box.fit == "cover":
        scaled = _even_size(_times(source, min(1.0, max(x_share, y_share))), most=source)
        # A box larger than the source shrinks in its own shape.
        shrunk = min(1.0, 1 / max(x_share, y_share))
        most = (min(width, scaled[0]), min(height, scaled[1]))
        final = _even_size(_times((width, height), shrunk), most=most)
    else:
        share = min(1.0, x_share, y_share)
        most = (min(width, source[0]), min(height, source[1]))
        scaled = _even_size(_times(source, share), most=most)
        bars = _even_size((width, height), most=(width, height))
        final = bars if box.fit == "contain" else scaled
    least = _LEAST_SIDE[codec]
    if codec == "h265" and max(final) > _LONG_H265:
        least = _LEAST_SIDE_OF_LONG_H265
    return Geometry(scaled=scaled, width=max(final[0], least), height=max(final[1], least))


def check_size(size: Geometry, *, codec: VideoCodec) -> None:
    """Raise `MediaLimitError` for a picture that the encoder does not take."""
    most = _MOST_SIDES[codec]
    if size.width > most[0] or size.height > most[1]:
        raise MediaLimitError(
            f"{codec} takes pictures of at most {most[0]}x{most[1]}; the result would have"
            f" {size.width}x{size.height}. Ask for a smaller 'resolution', or another 'codec'.",
            field="resolution",
        )


def plan_audio(
    info: MediaInfo, *, most_bits_per_second: float | None = None
) -> tuple[AudioPlan, ...]:
    """Say what becomes of each track, all together within `most_bits_per_second` if it can be.

    Where that is little, surround becomes stereo, then mono, never less than 24 kbit/s.
    """
    tracks = info.audio[:MAX_AUDIO_TRACKS]
    most = None if most_bits_per_second is None else most_bits_per_second / max(1, len(tracks))
    return tuple(_plan_track(track, most=most) for track in tracks)


def input_args(encode: Encode, *, max_seconds: int) -> tuple[str, ...]:
    """What stands before the input: no more than `max_seconds` are read, whatever a header says."""
    threads = ("-threads", str(encode.threads)) if encode.threads else ()
    return (*threads, "-t", str(max_seconds))


def one_pass(encode: Encode, *, output: str) -> tuple[str, ...]:
    """Arguments of a complete encode to `output`, in one pass."""
    return (*_video_args(encode), *_sound_and_container(encode, output=output))


def first_pass(encode: Encode, *, log: str) -> tuple[str, ...]:
    """Arguments of the first of two passes: it only writes statistics, named from `log`."""
    passes = ("-pass", "1", "-passlogfile", log)
    return (*_video_args(encode), *passes, "-an", "-f", "null", "-")


def second_pass(encode: Encode, *, log: str, output: str) -> tuple[str, ...]:
    """Arguments of the second pass; may be run again with another bitrate on the same `log`."""
    passes = ("-pass", "2", "-passlogfile", log)
    return (*_video_args(encode), *passes, *_sound_and_container(encode, output=output))


def video_filters(encode: Encode) -> str:
    """Return the filter graph that the pictures go through, after they were turned upright."""
    video = encode.info.video
    plan = geometry(video, encode.box, codec=encode.codec)
    steps = [
        "bwdif=mode=send_frame:deint=interlaced" if video.is_interlaced else "",
        _scale(video, plan),
        *_crop_or_pad(plan),
        *_to_bt709(video, codec=encode.codec),
        f"format={pixel_format(video, codec=encode.codec)}",
        "setsar=1",
        _guessed_tags(video, plan),
    ]
    return ",".join(step for step in steps if step)


def pixel_format(video: VideoStream, *, codec: VideoCodec) -> str:
    """4:2:0 always: what browsers decode. See the top of the file for the depth."""
    return "yuv420p10le" if video.bit_depth > 8 and codec != "h264" else "yuv420p"


def _video_args(encode: Encode) -> tuple[str, ...]:
    # Uneven frame times keep the source's clock; even ones are put on an exact grid.
    clock = ("-enc_time_base:v", "demux") if encode.info.video.is_variable_frame_rate else ()
    return (
        *("-map", f"0:{encode.info.video.index}", "-vf", video_filters(encode)),
        *("-fps_mode:v", "vfr", *clock),
        *_ENCODERS[encode.codec],
        *_thread_args(encode.codec, encode.threads),
        *_rate_args(encode),
    )


def _rate_args(encode: Encode) -> tuple[str, ...]:
    if isinstance(encode.rate, Crf):
        return ("-crf", f"{encode.crf:g}")
    bits = encode.rate.bits_per_second
    if encode.rate.is_capped and encode.codec != "av1":
        return ("-b:v", str(bits), "-maxrate", str(bits * 2), "-bufsize", str(bits * 4))
    return ("-b:v", str(bits))


def _thread_args(codec: VideoCodec, threads: int) -> tuple[str, ...]:
    if codec == "h264":
        return ("-threads", str(threads)) if threads else ()
    if codec == "h265":
        pools = f":pools={threads}" if threads else ""
        return ("-x265-params", f"log-level=error{pools}")
    return ("-svtav1-params", f"lp={threads}") if threads else ()


def _scale(video: VideoStream, plan: Geometry) -> str:
    width, height = plan.scaled
    shown = (video.display_width, video.display_height)
    cut = ""
    is_square = sorted(shown) == sorted((video.width, video.height))
    if is_square and shown != plan.scaled and (shown[0] // 2 * 2, shown[1] // 2 * 2) == plan.scaled:
        # An odd side loses one line of pixels: to scale it would blur all the others.
        cut = "crop=floor(iw/2)*2:floor(ih/2)*2:0:0,"
    to = ":out_range=tv" if video.color_range == "pc" or video.is_rgb else ""
    if video.is_rgb:
        to += f":out_color_matrix={'bt2020' if video.is_hdr else 'bt709'}"
    return f"{cut}scale={width}:{height}:flags=bicubic{to}"


def _crop_or_pad(plan: Geometry) -> list[str]:
    width, height = plan.scaled
    steps = []
    if width > plan.width or height > plan.height:
        steps.append(f"crop={min(width, plan.width)}:{min(height, plan.height)}")
    if width < plan.width or height < plan.height:
        steps.append(f"pad={plan.width}:{plan.height}:-1:-1")
    return steps


def _to_bt709(video: VideoStream, *, codec: VideoCodec) -> list[str]:
    """Filters from HDR, or from SDR in wide colour, to what an H.264 decoder expects."""
    if codec != "h264" or not (video.is_hdr or video.color_primaries == "bt2020"):
        return []
    matrix = video.color_space if video.color_space in {"bt2020c", "bt709"} else "bt2020nc"
    source = (
        f"tin={video.color_transfer or 'bt709'}:pin={video.color_primaries or 'bt2020'}"
        f":min={matrix}:rin=tv"
    )
    if not video.is_hdr:
        return [f"zscale={source}:t=bt709:p=bt709:m=bt709:r=tv"]
    return [
        # White paper is 203 cd/m² in HDR (ITU-R BT.2408) and becomes 224 of 255; what is darker
        # keeps its colours, highlights share the rest. Hable would turn paper to grey (153).
        f"zscale={source}:t=linear:npl=203",
        "format=gbrpf32le",
        "zscale=p=bt709",
        "tonemap=mobius:param=0.5:desat=0",
        "zscale=t=bt709:m=bt709:p=bt709:r=tv",
        # The mastering display's figures would tell players that it is HDR still.
        "sidedata=mode=delete",
    ]


def _guessed_tags(video: VideoStream, plan: Geometry) -> str:
    """Players take untagged video for BT.709 when it is large, else for BT.601: say which it was."""
    was_large = _is_large(video.display_width, video.display_height)
    if video.is_rgb and not video.is_hdr and video.color_primaries is None:
        return "setparams=color_primaries=bt709:color_trc=bt709"
    if video.color_space is not None or was_large == _is_large(plan.width, plan.height):
        return ""
    return "setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709"


def _is_large(width: int, height: int) -> bool:
    return max(width, height) >= 1280 or min(width, height) > 576


def _plan_track(track: AudioStream, *, most: float | None) -> AudioPlan:
    channels = track.channels if track.channels in _AAC_LAYOUTS else 2
    wanted = max(_LEAST_AUDIO_BITS, _BITS_PER_CHANNEL * channels)
    if _can_be_copied(track, wanted=wanted, most=most):
        bits, is_copied = track.bit_rate or wanted, True
    else:
        bits, is_copied = wanted, False
        if most is not None and most < wanted:
            channels = min(channels, 2 if most >= 48_000 else 1)
            bits = int(max(_POOREST_AUDIO_BITS, min(most, wanted)))
    return AudioPlan(
        index=track.index,
        is_copied=is_copied,
        channels=channels,
        bits_per_second=bits,
        sample_rate=min(track.sample_rate, _MAX_SAMPLE_RATE),
        language=track.language if _LANGUAGE.fullmatch(track.language or "") else None,
    )


def _can_be_copied(track: AudioStream, *, wanted: int, most: float | None) -> bool:
    if track.codec != "aac" or track.profile not in _COPIED_PROFILES:
        return False
    if track.channels not in _AAC_LAYOUTS or track.sample_rate > _MAX_SAMPLE_RATE:
        return False
    if track.bit_rate is None:
        return most is None
    return track.bit_rate <= wanted * 1.25 and (most is None or track.bit_rate <= most)


def _sound_and_container(encode: Encode, *, output: str) -> tuple[str, ...]:
    args: list[str] = []
    for position, plan in enumerate(encode.audio):
        args += ["-map", f"0:{plan.index}", *_track_args(plan, position=position)]
    args += ["-map_metadata", "-1", "-map_metadata:s", "-1", "-map_chapters", "0"]
    title = "".join(letter for letter in encode.info.title or "" if letter.isprintable())
    if title:
        args += ["-metadata", f"title={title[:_MAX_TITLE_LENGTH]}"]
    if _INSTANT.fullmatch(encode.info.created_at or ""):
        args += ["-metadata", f"creation_time={encode.info.created_at}"]
    return (*args, "-movflags", "+faststart", "-f", "mp4", output)


def _track_args(plan: AudioPlan, *, position: int) -> list[str]:
    language = []
    if plan.language:
        language = [f"-metadata:s:a:{position}", f"language={plan.language}"]
    if plan.is_copied:
        return [f"-c:a:{position}", "copy", *language]
    # async=1 fills gaps in the sound with silence, so that it stays with the picture.
    chain = f"aresample={plan.sample_rate}:async=1,aformat=channel_layouts={_AAC_LAYOUTS[plan.channels]}"
    return [
        *(f"-c:a:{position}", "aac", f"-b:a:{position}", str(plan.bits_per_second)),
        *(f"-filter:a:{position}", chain, *language),
    ]


def _box_sides(source: tuple[int, int], box: Box) -> tuple[int, int]:
    is_landscape_box = box.width is not None and box.height is not None and box.width > box.height
    if box.fit == "inside" and is_landscape_box and source[1] > source[0]:
        return box.height or source[0], box.width or source[1]
    return box.width or source[0], box.height or source[1]


def _times(size: tuple[int, int], share: float) -> tuple[float, float]:
    return size[0] * share, size[1] * share


def _even_size(size: tuple[float, float], *, most: tuple[int, int]) -> tuple[int, int]:
    """Round to even numbers, at least 2, not above `most`."""
    width, height = (
        max(2, min(round(side / 2) * 2, limit // 2 * 2))
        for side, limit in zip(size, most, strict=True)
    )
    return width, height
