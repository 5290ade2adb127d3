"""Opens a stranger's film or sound with libav: the one place where that is done.

As for FFmpeg itself, the input is only ever an open descriptor, and the demuxers are those whose
files carry their media in themselves: no byte of a file can name another, or an address.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

import av
from av.container import InputContainer

from telecine.media import ffmpeg


def open_container(
    fd: int,
    *,
    max_pixels: int,
    demuxers: Sequence[str] | None = None,
    decoders: str | None = None,
) -> InputContainer:
    """Open the file behind a descriptor, from its start; the descriptor may be closed afterwards.

    No frame of more than `max_pixels` is decoded. `demuxers` are fewer than the usual ones;
    `decoders` "none" asks no decoder for anything. Raises `FFmpegError`.
    """
    os.lseek(fd, 0, os.SEEK_SET)
    options = {
        "fd": str(fd),
        "protocol_whitelist": ",".join(ffmpeg.PROTOCOLS),
        "format_whitelist": ",".join(demuxers or ffmpeg.DEMUXERS),
        "max_pixels": str(max_pixels),
    }
    if decoders is not None:
        options["codec_whitelist"] = decoders
    container = av.open("fd:", mode="r", metadata_errors="replace", options=options)
    for stream in container.streams.video:
        # libav gives a stream of an unknown codec no context, whatever the stubs say.
        context: object = stream.codec_context
        if context is not None:
            limit_frames(stream.codec_context, max_pixels=max_pixels)
    return container


def limit_frames(decoder: av.VideoCodecContext, *, max_pixels: int) -> None:
    """Have a decoder that was not used yet refuse larger frames, whatever their container says."""
    decoder.options = {**decoder.options, "max_pixels": str(max_pixels)}
