"""The real ffmpeg on real, broken and hostile files."""

from __future__ import annotations

import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests import samples

from telecine.kit.errors import (
    CancelledError,
    InternalError,
    ProcessingError,
    ProcessTimeoutError,
    ResourceLimitError,
    StorageFullError,
)
from telecine.media import process, sandbox
from telecine.media.ffmpeg import DEMUXERS, FFmpeg, Progress, find_ffmpeg
from telecine.settings import SettingsError

LIMITS = process.Limits(memory_bytes=2**31, output_bytes=2**28, wall_seconds=300, stall_seconds=180)
H264 = ("-c:v", "libx264", "-preset", "ultrafast")
ENDLESS = ("-stream_loop", "-1", "-re")


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return samples.make_video(tmp_path_factory.mktemp("media") / "in.mp4", seconds=1)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def ffmpeg() -> FFmpeg:
    return FFmpeg(executable=find_ffmpeg(""), sandbox="require", limits=LIMITS)


def test_a_video_is_transcoded_with_its_index_in_front(
    ffmpeg: FFmpeg, video: Path, workspace: Path
) -> None:
    reports: list[Progress] = []
    ffmpeg.run(
        [*H264, "-c:a", "aac", "-movflags", "+faststart", "out.mp4"],
        input_path=video,
        workspace=workspace,
        on_progress=reports.append,
    )
    output = (workspace / "out.mp4").read_bytes()
    assert 0 < output.index(b"moov") < output.index(b"mdat")
    assert reports[-1].frame == 30
    assert reports[-1].out_time_seconds == pytest.approx(1, abs=0.05)
    assert reports[-1].size_bytes == len(output)
    assert [report.out_time_seconds for report in reports] == sorted(
        report.out_time_seconds for report in reports
    )


@pytest.mark.parametrize("encoder", ["libx265", "libsvtav1", "libvpx-vp9"])
def test_every_large_encoder_works_behind_the_walls(
    ffmpeg: FFmpeg, video: Path, workspace: Path, encoder: str
) -> None:
    ffmpeg.run(["-c:v", encoder, "-an", "out.mkv"], input_path=video, workspace=workspace)
    assert (workspace / "out.mkv").stat().st_size > 1000


def test_two_passes_share_a_log_in_the_workspace(
    ffmpeg: FFmpeg, video: Path, workspace: Path
) -> None:
    rate = ("-c:v", "libx264", "-b:v", "200k", "-an")
    ffmpeg.run([*rate, "-pass", "1", "-f", "null", "-"], input_path=video, workspace=workspace)
    ffmpeg.run([*rate, "-pass", "2", "out.mp4"], input_path=video, workspace=workspace)
    assert (workspace / "ffmpeg2pass-0.log").is_file()
    assert (workspace / "out.mp4").stat().st_size > 1000


def test_text_that_a_filter_prints_comes_back(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    tail = ffmpeg.run(
        ["-af", "volumedetect", "-vn", "-f", "null", "-"],
        input_path=video,
        workspace=workspace,
        log_level="info",
    )
    assert "mean_volume" in tail


def test_an_endless_encode_is_cancelled(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    reports: list[Progress] = []
    started = time.monotonic()
    with pytest.raises(CancelledError):
        ffmpeg.run(
            [*H264, "out.mp4"],
            input_path=video,
            workspace=workspace,
            input_args=ENDLESS,
            on_progress=reports.append,
            is_cancelled=lambda: bool(reports),
        )
    assert time.monotonic() - started < 30


def test_the_wall_clock_ends_an_endless_encode(
    ffmpeg: FFmpeg, video: Path, workspace: Path
) -> None:
    short = replace(ffmpeg, limits=replace(LIMITS, wall_seconds=1))
    with pytest.raises(ProcessTimeoutError, match="stopped after 1 seconds"):
        short.run([*H264, "o.mp4"], input_path=video, workspace=workspace, input_args=ENDLESS)


def test_an_encode_that_stands_still_is_stopped(
    ffmpeg: FFmpeg, video: Path, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_GRACE_SECONDS", 0.3)
    impatient = replace(ffmpeg, limits=replace(LIMITS, stall_seconds=1))
    half_a_minute_a_frame = "setpts=PTS*1000,realtime=limit=1000"
    with pytest.raises(ProcessTimeoutError, match="no progress for 1 seconds"):
        impatient.run(
            ["-vf", half_a_minute_a_frame, "-an", "-f", "null", "-"],
            input_path=video,
            workspace=workspace,
        )


def test_too_large_an_output_is_a_limit(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    small = replace(ffmpeg, limits=replace(LIMITS, output_bytes=10_000))
    with pytest.raises(ResourceLimitError, match="larger than one file may be"):
        small.run(["-c:v", "rawvideo", "-an", "o.avi"], input_path=video, workspace=workspace)


def test_too_little_memory_is_a_limit(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    poor = replace(ffmpeg, limits=replace(LIMITS, memory_bytes=5 * 2**27))
    with pytest.raises(ResourceLimitError):
        poor.run(
            ["-vf", "scale=8000:8000", *H264, "-an", "o.mp4"],
            input_path=video,
            workspace=workspace,
        )


def test_too_much_cpu_time_is_a_limit(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    slow = replace(ffmpeg, limits=replace(LIMITS, cpu_seconds=1))
    with pytest.raises(ResourceLimitError, match="CPU time"):
        slow.run(
            ["-vf", "scale=1280:960", *H264, "-f", "null", "-"],
            input_path=video,
            workspace=workspace,
            input_args=["-stream_loop", "-1"],
        )


def test_a_full_disk_is_not_the_medias_fault(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    unwalled = replace(ffmpeg, sandbox="off")  # /dev/full is outside
    with pytest.raises(StorageFullError):
        unwalled.run([*H264, "-f", "mpegts", "/dev/full"], input_path=video, workspace=workspace)


def test_frames_with_more_pixels_than_allowed_are_refused(
    ffmpeg: FFmpeg, video: Path, workspace: Path
) -> None:
    strict = replace(ffmpeg, max_pixels=320 * 240 - 1)
    with pytest.raises(ProcessingError):
        strict.run([*H264, "out.mp4"], input_path=video, workspace=workspace)


@pytest.mark.parametrize("content", [b"", b"just text\n" * 1000, b"\x00" * 5000])
def test_what_is_no_video_fails_with_a_reason_and_no_path(
    ffmpeg: FFmpeg, workspace: Path, tmp_path: Path, content: bytes
) -> None:
    broken = tmp_path / "named.mp4"
    broken.write_bytes(content)
    with pytest.raises(ProcessingError, match="Invalid data found") as caught:
        ffmpeg.run([*H264, "out.mp4"], input_path=broken, workspace=workspace)
    assert str(tmp_path) not in caught.value.message
    assert type(caught.value) is ProcessingError


def test_a_program_that_is_missing_is_our_fault(video: Path, workspace: Path) -> None:
    missing = FFmpeg(executable=Path("/nonexistent"), sandbox="auto", limits=LIMITS)
    with pytest.raises(InternalError):
        missing.run(["out.mp4"], input_path=video, workspace=workspace)


# --- hostile files ----------------------------------------------------------------------------


def make_playlist(kind: str, *, target: Path, path: Path) -> Path:
    """Write a playlist that plays another client's file, under the name of a video."""
    texts = {
        "ffconcat": f"ffconcat version 1.0\nfile '{target}'\n",
        "hls": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:1,\n{target}\n#EXT-X-ENDLIST\n",
        "dash": (
            '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
            'mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">'
            f'<Representation id="1" bandwidth="1"><BaseURL>{target}</BaseURL>'
            "</Representation></AdaptationSet></Period></MPD>"
        ),
        "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n",
    }
    path.write_text(texts[kind])
    return path


def test_the_bare_program_would_play_another_clients_file(
    video: Path, workspace: Path, tmp_path: Path
) -> None:
    playlist = make_playlist("ffconcat", target=video, path=tmp_path / "video.mp4")
    # Absolute names need -safe 0; a sibling's name does not.
    (tmp_path / "sibling.mp4").write_bytes(video.read_bytes())
    playlist.write_text("ffconcat version 1.0\nfile sibling.mp4\n")
    command = [samples.ffmpeg_program(), "-nostdin", "-v", "error", "-i", str(playlist)]
    subprocess.run([*command, str(workspace / "out.mp4")], check=True)
    assert (workspace / "out.mp4").stat().st_size > 1000


@pytest.mark.parametrize("kind", ["ffconcat", "hls", "dash", "sdp"])
@pytest.mark.parametrize("mode", ["require", "off"])
def test_a_playlist_named_mp4_opens_no_other_file(
    ffmpeg: FFmpeg,
    video: Path,
    workspace: Path,
    kind: str,
    mode: sandbox.SandboxMode,
) -> None:
    sibling = workspace / "sibling.mp4"  # even where the walls would let it through
    sibling.write_bytes(video.read_bytes())
    playlist = make_playlist(kind, target=Path("sibling.mp4"), path=workspace / "in.mp4")
    with pytest.raises(ProcessingError, match="Error opening input"):
        replace(ffmpeg, sandbox=mode).run(
            ["-c", "copy", "out.mp4"], input_path=playlist, workspace=workspace
        )
    assert not (workspace / "out.mp4").exists()


@pytest.mark.parametrize("option", ["protocol", "format"])
def test_each_whitelist_alone_stops_a_concat_script(
    ffmpeg: FFmpeg, video: Path, workspace: Path, option: str
) -> None:
    (workspace / "sibling.mp4").write_bytes(video.read_bytes())
    playlist = make_playlist("ffconcat", target=Path("sibling.mp4"), path=workspace / "in.mp4")
    # The later option wins: the one wall is taken away, the other must hold.
    opened = {
        "protocol": ("-format_whitelist", "concat,mov"),
        "format": ("-protocol_whitelist", "fd,file"),
    }
    with pytest.raises(ProcessingError):
        replace(ffmpeg, sandbox="off").run(
            ["-c", "copy", "out.mp4"],
            input_path=playlist,
            workspace=workspace,
            input_args=opened[option],
        )
    assert not (workspace / "out.mp4").exists()


def test_a_filter_cannot_open_a_file_outside(ffmpeg: FFmpeg, video: Path, workspace: Path) -> None:
    graph = ["-vf", f"movie={video}[m];[in][m]overlay", *H264, "-an", "out.mp4"]
    with pytest.raises(ProcessingError):
        ffmpeg.run(graph, input_path=video, workspace=workspace)
    replace(ffmpeg, sandbox="off").run(graph, input_path=video, workspace=workspace)


def test_ffmpeg_cannot_write_outside_its_workspace(
    ffmpeg: FFmpeg, video: Path, workspace: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProcessingError, match="Permission denied") as caught:
        ffmpeg.run([*H264, str(tmp_path / "out.mp4")], input_path=video, workspace=workspace)
    assert not (tmp_path / "out.mp4").exists()
    assert str(tmp_path) not in caught.value.message


def test_every_demuxer_that_may_open_files_exists_and_none_opens_others() -> None:
    listing = subprocess.run(
        [samples.ffmpeg_program(), "-hide_banner", "-demuxers"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    existing = {name for row in listing.splitlines()[5:] for name in row.split()[1].split(",")}
    assert set(DEMUXERS) <= existing
    openers = {"hls", "dash", "concat", "imf", "sdp", "rtsp", "rtp", "sap", "image2", "lavfi"}
    assert openers < existing | {"lavfi"}
    assert openers.isdisjoint(DEMUXERS)


# --- the doctor -------------------------------------------------------------------------------


def test_encoders_are_tried_by_encoding(ffmpeg: FFmpeg) -> None:
    for name in ("libx264", "libx265", "libsvtav1", "aac"):
        assert ffmpeg.try_encoder(name) is None
    assert ffmpeg.try_encoder("no-such-encoder") == "not compiled in"


def test_an_encoder_without_its_hardware_says_why(ffmpeg: FFmpeg) -> None:
    reason = ffmpeg.try_encoder("h264_v4l2m2m")
    assert reason is not None
    assert reason.startswith("FFmpeg exited with code")


def test_a_program_that_is_no_ffmpeg_is_named_with_the_setting(ffmpeg: FFmpeg) -> None:
    assert "." in ffmpeg.version()
    with pytest.raises(SettingsError, match=r"/bin/true is no ffmpeg\. Set TELECINE_FFMPEG"):
        replace(ffmpeg, executable=Path("/bin/true")).version()
    with pytest.raises(SettingsError, match=r"/bin/false does not run: .* Set TELECINE_FFMPEG"):
        replace(ffmpeg, executable=Path("/bin/false")).version()


def test_a_script_in_front_of_ffmpeg_is_told_not_to_start(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    script = tmp_path / "ffmpeg"
    script.touch()  # not even to be executed
    with pytest.raises(SettingsError, match="not to a script"):
        replace(ffmpeg, executable=script).version()


def test_an_ffmpeg_that_cannot_read_a_descriptor_is_too_old(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    old = tmp_path / "ffmpeg"
    old.write_text("#!/bin/sh\necho ffmpeg version 5.1.4 file pipe\n")
    old.chmod(0o755)
    with pytest.raises(SettingsError, match=r"version 5\.1\.4, is too old"):
        replace(ffmpeg, executable=old, sandbox="off").version()


def test_a_configured_ffmpeg_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="TELECINE_FFMPEG"):
        find_ffmpeg(str(tmp_path / "ffmpeg"))
