"""The sound of a voiceover: as long as it is, as loud as it should be, whatever its header says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests import samples

from telecine import settings, shelves
from telecine.kit.errors import UndecodableMediaError
from telecine.media.ffmpeg import FFmpeg
from telecine.media.voiceover import composing, levelling
from telecine.media.voiceover.levelling import Levelled

#: No two alike, none a whole number of frames, of packets or of samples at another rate.
LENGTHS = (
    *(0.071, 0.113, 0.259, 0.401, 0.487, 0.533, 0.617, 0.719, 0.811, 0.907),
    *(0.983, 1.049, 1.151, 1.283, 1.327, 1.433, 1.511, 1.607, 1.783, 1.999),
)
KINDS = ("voice.mp3", "voice.wav", "voice.m4a", "voice.ogg", "opus.ogg")
ENCODERS = {
    "voice.mp3": ("-c:a", "libmp3lame", "-q:a", "5"),
    "voice.wav": ("-c:a", "pcm_s16le"),
    "voice.m4a": ("-c:a", "aac"),
    "voice.ogg": ("-c:a", "libvorbis"),
    "opus.ogg": ("-c:a", "libopus"),
}


@pytest.fixture(scope="module")
def ffmpeg() -> FFmpeg:
    return shelves.ffmpeg(settings.load({}))


def level(ffmpeg: FFmpeg, source: Path, *, most_seconds: float = 60) -> Levelled:
    folder = source.parent / f"{source.name}.work"
    folder.mkdir()
    return levelling.level(ffmpeg, source, workspace=folder, most_seconds=most_seconds)


def voice(
    path: Path, *, seconds: float, decibels: float = -20.0, rate: int = 44_100, channels: int = 1
) -> Path:
    """Write something like speech: a buzz that comes and goes four times a second."""
    buzz = "0.5*sin(2*PI*140*t)+0.3*sin(2*PI*420*t)+0.2*sin(2*PI*1300*t)"
    source = f"aevalsrc='({buzz})*(0.55+0.45*sin(2*PI*4*t))':s={rate}:d={seconds}"
    samples.run_ffmpeg(
        *("-f", "lavfi", "-i", source, "-af", f"volume={decibels}dB", "-ac", str(channels)),
        *("-fflags", "+bitexact", *ENCODERS[path.name], str(path)),
    )
    return path


def loudness(path: Path) -> tuple[float, float]:
    """LUFS and dBTP of a file, as another run of FFmpeg measures them."""
    command = [samples.ffmpeg_program(), "-hide_banner", "-nostdin", "-i", str(path)]
    done = subprocess.run(
        [*command, "-map", "0:a", "-af", "ebur128=peak=true:framelog=quiet", "-f", "null", "-"],
        capture_output=True,
        text=True,
        check=True,
    )
    lufs = re.findall(r"I:\s+(-?[\d.]+) LUFS", done.stderr)[-1]
    peak = re.findall(r"Peak:\s+(-?[\d.]+) dBFS", done.stderr)[-1]
    return float(lufs), float(peak)


@pytest.mark.parametrize(("number", "seconds"), list(enumerate(LENGTHS)))
def test_a_film_is_as_long_as_its_sound_to_the_frame(
    ffmpeg: FFmpeg, tmp_path: Path, number: int, seconds: float
) -> None:
    source = voice(tmp_path / KINDS[number % len(KINDS)], seconds=seconds)
    made = level(ffmpeg, source)
    film = composing.n_frames(made) / composing.FRAME_RATE
    # AAC has no word for the end of its last packet that all encoders write.
    packet = 1024 / 44_100 if source.suffix == ".m4a" else 0.0
    assert seconds - 0.001 <= float(made.seconds) <= seconds + packet + 0.002
    assert 0 <= film - float(made.seconds) < 1 / composing.FRAME_RATE


@pytest.mark.parametrize("decibels", [-30.0, -20.0, -3.0])
@pytest.mark.parametrize("channels", [1, 2])
def test_what_is_heard_has_sixteen_lufs(
    ffmpeg: FFmpeg, tmp_path: Path, decibels: float, channels: int
) -> None:
    source = voice(tmp_path / "voice.wav", seconds=2, decibels=decibels, channels=channels)
    made = level(ffmpeg, source)
    lufs, peak = loudness(made.path)
    assert lufs == pytest.approx(-16, abs=0.5)
    assert peak <= -1.5
    assert made.loudness_lufs is not None


def test_peaks_are_held_below_the_ceiling(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    source = tmp_path / "clicks.wav"
    quiet = "0.02*sin(2*PI*200*t)+0.6*sin(2*PI*3000*t)*lt(mod(t\\,0.5)\\,0.004)"
    samples.run_ffmpeg("-f", "lavfi", "-i", f"aevalsrc='{quiet}':s=48000:d=2", str(source))
    made = level(ffmpeg, source)
    lufs, peak = loudness(made.path)
    assert peak <= -1.5
    assert -20 < lufs < -15.5


def test_silence_stays_silent(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    source = tmp_path / "silence.wav"
    samples.run_ffmpeg("-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono:d=1", str(source))
    made = level(ffmpeg, source)
    assert made.loudness_lufs is None
    assert made.n_samples == 48_000


@pytest.mark.parametrize("claimed", [0, 1000, 2**31 - 1, 2**32 - 1])
def test_a_wave_file_that_lies_about_its_size_is_as_long_as_it_is(
    ffmpeg: FFmpeg, tmp_path: Path, claimed: int
) -> None:
    source = voice(tmp_path / "voice.wav", seconds=1, rate=16_000)
    content = bytearray(source.read_bytes())
    at = content.index(b"data") + 4
    content[at : at + 4] = claimed.to_bytes(4, "little")
    source.write_bytes(content)
    made = level(ffmpeg, source)
    # What a smaller number says is the data is all that there is; what follows is something else.
    expected = claimed / 2 / 16_000 if 0 < claimed < 32_000 else 1.0
    assert float(made.seconds) == pytest.approx(expected, abs=0.003)


def test_an_mp3_of_changing_bitrate_without_a_header_is_as_long_as_it_is(
    ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    source = tmp_path / "voice.mp3"
    samples.run_ffmpeg(
        *("-f", "lavfi", "-i", "aevalsrc='0.3*random(0)*sin(9*t)':s=44100:d=2"),
        *("-c:a", "libmp3lame", "-q:a", "4", "-write_xing", "0", str(source)),
    )
    made = level(ffmpeg, source)
    # Without the header nobody can know what the encoder put before and after: two packets.
    assert 2.0 <= float(made.seconds) <= 2.0 + 3 * 1152 / 44_100


def test_broken_packets_of_an_mp3_leave_the_rest_about_where_it_was(
    ffmpeg: FFmpeg, tmp_path: Path
) -> None:
    source = voice(tmp_path / "voice.mp3", seconds=2)
    content = bytearray(source.read_bytes())
    generator = np.random.default_rng(4)
    for at in range(3000, len(content) - 200, 1500):
        content[at : at + 60] = generator.bytes(60)
    source.write_bytes(content)
    made = level(ffmpeg, source)
    assert float(made.seconds) == pytest.approx(2, abs=0.15)


def test_what_holds_no_sound_is_undecodable(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    source = tmp_path / "voice.mp3"
    source.write_bytes(b"ID3\x04\x00\x00\x00\x00\x00\x00" + b"\0" * 4000)
    with pytest.raises(UndecodableMediaError) as caught:
        level(ffmpeg, source)
    assert caught.value.field == "audio"


def test_what_comes_after_the_most_is_left_out(ffmpeg: FFmpeg, tmp_path: Path) -> None:
    source = voice(tmp_path / "voice.wav", seconds=2)
    assert float(level(ffmpeg, source, most_seconds=0.5).seconds) == pytest.approx(0.5, abs=0.01)
