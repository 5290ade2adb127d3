"""Looks into an uploaded file with whatever library opens its kind: the child's half of `describing.py`."""

from __future__ import annotations

# Drawings and captions may be in these, and behind the walls nothing can be imported any more.
import encodings.ascii
import encodings.cp1252
import encodings.iso8859_15
import encodings.utf_8_sig
import encodings.utf_16  # noqa: F401
import os
import re
from typing import Any, Final

import av
import av.error
import msgspec
import numpy as np
import pyvips
from av.container import InputContainer

from telecine.kit.errors import MediaLimitError, UndecodableMediaError, UnsupportedMediaError
from telecine.media.containers import open_container
from telecine.media.describing import Description
from telecine.media.images import convert_task, identify_task
from telecine.media.probe import MOST_STREAMS
from telecine.media.probe_child import probe_task
from telecine.media.render.decoding.container import first_video
from telecine.media.render.drawing.svgclean import MOST_BYTES, clean_svg
from telecine.media.timeline import wordfile

_HEAD_BYTES: Final = 4096
_THUMBNAIL_SIDE: Final = 320
_MOST_PIXELS: Final = 100_000_000
_DRAWING: Final = re.compile(rb"<(?:svg:)?svg[\s>]")
_IMAGES: Final = {"jpg": "image/jpeg", "heic": "image/heic", "avif": "image/avif"}
#: The first of libav's names of a container, and what it is called on the web.
_CONTAINERS: Final = {
    "mov": "mp4", "matroska": "x-matroska", "avi": "x-msvideo", "mpegts": "mp2t", "mpeg": "mpeg",
    "asf": "x-ms-wmv", "flv": "x-flv", "mp3": "mpeg", "caf": "x-caf", "aiff": "aiff",
}  # fmt: skip


def thumbnail_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Run in a confined child: draw the thumbnail to `target_fd`."""
    if target_fd is None:
        raise ValueError("thumbnail_task writes to a descriptor")
    if params["kind"] == "image":
        wish = {"format": "webp", "width": _THUMBNAIL_SIDE, "height": _THUMBNAIL_SIDE}
        return convert_task({**wish, "max_pixels": _MOST_PIXELS}, source_fd, target_fd)
    picture = _first_picture(source_fd)
    small = picture.thumbnail_image(_THUMBNAIL_SIDE, height=_THUMBNAIL_SIDE, size="down")
    with os.fdopen(os.dup(target_fd), "wb") as target:
        target.write(small.webpsave_buffer(Q=75))
    return {}


def describe_task(
    params: dict[str, Any], source_fd: int, target_fd: int | None = None
) -> dict[str, Any]:
    """Run in a confined child: describe the file behind `source_fd`."""
    size_bytes = os.fstat(source_fd).st_size
    if size_bytes == 0:
        raise UndecodableMediaError("The file is empty.")
    head = os.pread(source_fd, _HEAD_BYTES, 0)
    if target_fd is not None and _is_drawing(head):
        found = _drawing(source_fd, target_fd)
    else:
        found = (
            _captions(source_fd, head)
            or _image(params, source_fd)
            or _video(params, source_fd, head)
            or _sound(source_fd)
        )
    answer: dict[str, Any] = msgspec.to_builtins(found)
    return answer


def _is_drawing(head: bytes) -> bool:
    """Say whether a file begins like markup of a drawing (UTF-16 has a NUL at every letter)."""
    text = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    return text.startswith(b"<") and _DRAWING.search(text) is not None


def _drawing(source_fd: int, target_fd: int) -> Description:
    try:
        drawing = clean_svg(os.pread(source_fd, MOST_BYTES + 1, 0), field=None)
    except (LookupError, PermissionError) as error:
        raise UndecodableMediaError("The drawing is in an unknown encoding.") from error
    with os.fdopen(os.dup(target_fd), "wb") as target:
        target.write(drawing.markup)
    return Description(
        kind="image",
        media_type="image/svg+xml",
        width=max(1, round(drawing.width)),
        height=max(1, round(drawing.height)),
        is_rewritten=True,
    )


def _captions(source_fd: int, head: bytes) -> Description | None:
    """Return None for what has no words with times: JSON, SubRip, WebVTT."""
    start = head.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")
    is_json = start.startswith((b"[", b"{"))
    if not is_json and b"-->" not in start:
        return None
    content = os.pread(source_fd, wordfile.MOST_BYTES + 1, 0)
    seconds = wordfile.last_end_seconds(wordfile.decode(content))
    if seconds is None:
        return None
    kind = "text/vtt" if start.startswith(b"WEBVTT") else "application/x-subrip"
    return Description(
        kind="caption",
        media_type="application/json" if is_json else kind,
        duration_seconds=seconds,
    )


def _image(params: dict[str, Any], source_fd: int) -> Description | None:
    """Return None for what is no image; one that is damaged or too large raises."""
    try:
        facts = identify_task({}, source_fd)
    except UnsupportedMediaError:
        return None
    width, height, most = facts["width"], facts["height"], params["max_pixels"]
    if width * height > most:
        raise MediaLimitError(f"The image has {width} x {height} pixels; the most is {most}.")
    name = facts["format"]
    return Description(
        kind="image",
        media_type=_IMAGES.get(name, f"image/{name}"),
        width=facts["width"],
        height=facts["height"],
    )


def _video(params: dict[str, Any], source_fd: int, head: bytes) -> Description | None:
    """Return None for what has no moving picture; a damaged one raises."""
    try:
        facts = probe_task(params, source_fd, None)
    except UnsupportedMediaError:
        return None
    shown, most = facts["video"], params["max_pixels"]
    if shown["width"] * shown["height"] > most:
        raise MediaLimitError(
            f"A frame has {shown['width']} x {shown['height']} pixels; the most is {most}."
        )
    if facts["stream_count"] > MOST_STREAMS:
        raise MediaLimitError(
            f"The file has {facts['stream_count']} streams; the most is {MOST_STREAMS}."
        )
    name = facts["container"].partition(",")[0]
    kind = _CONTAINERS.get(name, name)
    if name == "mov" and (facts["brand"] or "").strip() == "qt":
        kind = "quicktime"
    if name == "matroska" and b"webm" in head:
        kind = "webm"
    return Description(
        kind="video",
        media_type=f"video/{kind}",
        width=shown["display_width"],
        height=shown["display_height"],
        duration_seconds=shown["duration_seconds"] or facts["duration_seconds"],
    )


def _sound(source_fd: int) -> Description:
    try:
        with open_container(source_fd, max_pixels=_MOST_PIXELS) as container:
            stream = next((each for each in container.streams.audio if _has_decoder(each)), None)
            if stream is None or not _has_sound(container, stream):
                raise UnsupportedMediaError("The file is no image, video, sound or captions.")
            seconds = container.duration / av.time_base if container.duration else None
            name = container.format.name.partition(",")[0]
    except av.error.FFmpegError as error:
        raise UnsupportedMediaError("The file is no image, video, sound or captions.") from error
    return Description(
        kind="audio", media_type=f"audio/{_CONTAINERS.get(name, name)}", duration_seconds=seconds
    )


def _first_picture(source_fd: int) -> pyvips.Image:
    """Decode a video's first picture, upright."""
    try:
        with open_container(source_fd, max_pixels=_MOST_PIXELS) as container:
            stream = first_video(container)
            frame = None if stream is None else next(container.decode(stream), None)
            if frame is None:
                raise UndecodableMediaError("No picture of the video can be decoded.")
            pixels = np.ascontiguousarray(frame.to_ndarray(format="rgb24"))
            clockwise = -frame.rotation % 360
    except av.error.FFmpegError as error:
        raise UndecodableMediaError("No picture of the video can be decoded.") from error
    picture = pyvips.Image.new_from_array(pixels, interpretation="srgb")
    return picture.rot(f"d{clockwise}") if clockwise in {90, 180, 270} else picture


def _has_decoder(stream: av.AudioStream) -> bool:
    context: object = stream.codec_context  # None for an unknown codec, whatever the stubs say
    return context is not None


def _has_sound(container: InputContainer, stream: av.AudioStream) -> bool:
    """Decode until a sound comes out: noise passes for an MP3 by its first bytes alone."""
    for number, packet in enumerate(container.demux(stream)):
        if number > 100:
            return False
        try:
            if packet.decode():
                return True
        except av.error.FFmpegError:
            continue
    return False
