"""What opens media, built from the settings alone: the encoder, the pool, the renderer.

No database, no queue and no API: a command that works on a local file needs these, and does
not wait for the imports of the rest.
"""

from __future__ import annotations

import os

from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
from telecine.media.pool import Pool
from telecine.media.probe import MediaLimits
from telecine.media.process import Limits
from telecine.media.render.confined import Renderer
from telecine.settings import Settings

#: Room that one encode may fill in its workspace.
_OUTPUT_BYTES = 16 * 2**30
#: Address space of one process that opens pictures and probes files.
_POOL_MEMORY_BYTES = 4 * 2**30


def ffmpeg(settings: Settings) -> FFmpeg:
    """Build the encoder runner."""
    return FFmpeg(
        executable=find_ffmpeg(settings.ffmpeg),
        sandbox=settings.sandbox,
        limits=_job_limits(settings),
        max_pixels=settings.max_pixels,
    )


def renderer(settings: Settings, *, n_spare: int = 0) -> Renderer:
    """Build the renderer; its processes start when they are needed.

    From its first job on, `n_spare` more wait with everything imported.
    """
    return Renderer(
        sandbox=settings.sandbox,
        limits=_job_limits(settings),
        max_pixels=settings.max_pixels,
        n_spare=n_spare,
    )


def pool(settings: Settings) -> Pool:
    """Build the pool of confined processes; they start at the first call."""
    return Pool(
        os.cpu_count() or 2,
        sandbox=settings.sandbox,
        memory_bytes=_POOL_MEMORY_BYTES,
    )


def media_limits(settings: Settings) -> MediaLimits:
    """Return what one video may ask of this machine."""
    return MediaLimits(
        max_pixels=settings.max_pixels,
        max_total_pixels=settings.max_video_gigapixels * 10**9,
        max_duration_seconds=settings.max_duration_seconds,
    )


def _job_limits(settings: Settings) -> Limits:
    return Limits(
        memory_bytes=settings.job_memory_bytes,
        output_bytes=_OUTPUT_BYTES,
        wall_seconds=settings.job_wall_seconds,
        stall_seconds=settings.job_stall_seconds,
        cpu_seconds=None,
    )
