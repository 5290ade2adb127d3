"""Real voices through the real model, in its walls.

The recordings come out of Debian's packages, the model out of pinned wheels; the sound of five
sentences is a composite: LibriVox recordings with silence between them.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from tests import debian, samples
from tests.media.speech.scoring import word_errors, words_of

from telecine import settings
from telecine.kit.errors import (
    CancelledError,
    InvalidRequestError,
    ResourceLimitError,
    UndecodableMediaError,
    UnsupportedMediaError,
)
from telecine.media.ffmpeg import FFmpeg, find_ffmpeg
from telecine.media.process import Limits
from telecine.media.speech import sound, weights
from telecine.media.speech.samples import read_samples
from telecine.media.speech.transcribe import Speech
from telecine.media.speech.transcript import Transcript

#: Silence before, between and after the five sentences.
_GAP_SECONDS = 2.0

_LIMITS = Limits(memory_bytes=8 * 2**30, output_bytes=2**30, wall_seconds=300, stall_seconds=120)


def _speech(model: str = "base", *, limits: Limits = _LIMITS) -> Speech:
    ffmpeg = FFmpeg(executable=find_ffmpeg(""), sandbox="auto", limits=limits)
    found = weights.fetch(model, root=settings.load({}).models_dir)
    return Speech(ffmpeg=ffmpeg, weights=found)


@pytest.fixture(scope="module")
def reading(tmp_path_factory: pytest.TempPathFactory) -> tuple[Transcript, list[float]]:
    """What was heard of the five sentences, and how far the work said that it was."""
    folder = tmp_path_factory.mktemp("reading")
    source = _reading(folder / "reading.wav")
    told: list[float] = []
    heard = _speech().transcribe(source, workspace=folder, on_progress=told.append)
    return heard, told


def test_at_most_one_word_in_twenty_of_five_read_sentences_is_wrong(
    reading: tuple[Transcript, list[float]],
) -> None:
    heard, _ = reading
    wrong, of = word_errors(heard)
    assert wrong / of <= 0.05, words_of(heard)


def test_each_sentence_lies_where_it_is_read(reading: tuple[Transcript, list[float]]) -> None:
    heard, _ = reading
    assert len(heard.sentences) == len(debian.LIBRIVOX_TEXTS)
    for sentence, (start, end) in zip(heard.sentences, _places(), strict=True):
        # The reader draws breath for up to half a second within each recording.
        assert start - 0.12 <= sentence.start_seconds <= start + 0.6, sentence
        assert end - 0.6 <= sentence.end_seconds <= end + 0.12, sentence


def test_words_have_times_in_order_and_probabilities(
    reading: tuple[Transcript, list[float]],
) -> None:
    heard, _ = reading
    for word, following in pairwise(heard.words):
        assert word.start_seconds < word.end_seconds <= following.start_seconds
        assert 0 <= word.probability <= 1


def test_language_and_length_are_found_out(reading: tuple[Transcript, list[float]]) -> None:
    heard, _ = reading
    assert heard.language == "en"
    assert heard.duration_seconds == pytest.approx(_places()[-1][1] + _GAP_SECONDS, abs=0.05)
    assert heard.model == "base"


def test_what_is_said_is_louder_than_the_silence_around_it(
    reading: tuple[Transcript, list[float]],
) -> None:
    heard, _ = reading
    assert heard.loudness is not None
    levels = heard.loudness.levels_db
    assert len(levels) == pytest.approx(heard.duration_seconds / 0.1, abs=1)
    (start, _), *_ = _places()
    assert max(levels[: int(start * 10) - 1]) < -60 < -30 < max(levels)


def test_progress_goes_up_to_one(reading: tuple[Transcript, list[float]]) -> None:
    _, told = reading
    assert told == sorted(told)
    assert 0 < told[0] < 0.2
    assert told[-1] == pytest.approx(1.0)


def test_a_word_after_a_long_silence_is_where_it_is_said(tmp_path: Path) -> None:
    """A man talks to his webcam, falls silent for three seconds, and says: done."""
    heard = _speech("tiny.en").transcribe(debian.talking_head(), workspace=tmp_path, quality="fast")
    assert words_of(heard)[-2:] == ["directory", "done"]
    directory, done = heard.words[-2:]
    assert 2.6 < directory.end_seconds < 3.3
    assert done.start_seconds == pytest.approx(6.35, abs=0.12)
    assert not (tmp_path / "speech.pcm").exists(), "samples take room; they go first"


def test_spanish_is_noticed_and_written_down(tmp_path: Path) -> None:
    heard = _speech().transcribe(debian.spanish(), workspace=tmp_path, quality="fast")
    assert heard.language == "es"
    assert {"felicidades", "usted", "demostración"} <= set(words_of(heard))


def test_a_sound_that_begins_later_than_the_picture_keeps_its_times(tmp_path: Path) -> None:
    late = tmp_path / "late.mkv"
    samples.run_ffmpeg(
        *("-f", "lavfi", "-i", "color=s=64x64:r=10:d=4", "-itsoffset", "1.5"),
        *("-f", "lavfi", "-i", "sine=d=2", "-map", "0:v", "-map", "1:a", "-c:a", "flac"),
        late,
    )
    path = sound.extract(_speech("tiny.en").ffmpeg, late, workspace=tmp_path, most_seconds=60)
    heard = read_samples(path, first=0, count=60 * sound.RATE)
    first = int((abs(heard) > 0.01).argmax()) / sound.RATE
    assert first == pytest.approx(1.5, abs=0.03)


def test_silence_is_told_from_speech(tmp_path: Path) -> None:
    silence = tmp_path / "silence.wav"
    samples.run_ffmpeg("-f", "lavfi", "-i", "anullsrc=r=44100:d=4", silence)
    with pytest.raises(UnsupportedMediaError, match="Nobody speaks"):
        _speech("tiny.en").transcribe(silence, workspace=tmp_path)


def test_a_tone_is_told_from_speech(tmp_path: Path) -> None:
    tone = tmp_path / "tone.wav"
    samples.run_ffmpeg("-f", "lavfi", "-i", "sine=440:d=4", tone)
    with pytest.raises(UnsupportedMediaError, match="Nobody speaks"):
        _speech("tiny.en").transcribe(tone, workspace=tmp_path)


def test_film_music_gives_no_words(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="Nobody speaks"):
        _speech().transcribe(
            samples.big_buck_bunny(), workspace=tmp_path, language="en", quality="fast"
        )


def test_a_film_without_sound_is_refused_in_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="no sound track"):
        _speech("tiny.en").transcribe(samples.carphone(), workspace=tmp_path)


def test_what_is_no_media_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "words.mp4"
    source.write_text("ffconcat version 1.0\nfile /etc/passwd\n")
    with pytest.raises(UndecodableMediaError, match="neither video nor sound"):
        _speech("tiny.en").transcribe(source, workspace=tmp_path)


def test_a_language_that_the_model_does_not_know_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match=r"tiny\.en does not know the language 'de'") as e:
        _speech("tiny.en").transcribe(debian.librivox("0880"), workspace=tmp_path, language="de")
    assert e.value.field == "language"


def test_a_cancelled_transcription_ends_and_leaves_no_samples(tmp_path: Path) -> None:
    told: list[float] = []
    with pytest.raises(CancelledError):
        _speech("tiny.en").transcribe(
            debian.librivox("0870"),
            workspace=tmp_path,
            on_progress=told.append,
            is_cancelled=lambda: bool(told),
        )
    # A library may have begun a cache of its own; the workspace goes with it.
    assert not [path for path in tmp_path.iterdir() if path.suffix]


def test_too_little_memory_is_an_error_of_its_own(tmp_path: Path) -> None:
    limits = Limits(
        memory_bytes=300 * 2**20, output_bytes=2**30, wall_seconds=300, stall_seconds=120
    )
    with pytest.raises(ResourceLimitError):
        _speech("tiny.en", limits=limits).transcribe(debian.librivox("0880"), workspace=tmp_path)


def _reading(path: Path) -> Path:
    inputs = [part for number in debian.LIBRIVOX_TEXTS for part in ("-i", debian.librivox(number))]
    count = len(debian.LIBRIVOX_TEXTS)
    gap = f"adelay={round(_GAP_SECONDS * 1000)}:all=1"
    chain = ";".join(f"[{at}:a]{gap}[s{at}]" for at in range(count))
    joined = "".join(f"[s{at}]" for at in range(count))
    samples.run_ffmpeg(
        *inputs,
        *(
            "-filter_complex",
            f"{chain};{joined}concat=n={count}:v=0:a=1,apad=pad_dur={_GAP_SECONDS}",
        ),
        path,
    )
    return path


def _places() -> list[tuple[float, float]]:
    """From when to when each of the five is read."""
    places, now = [], 0.0
    for number in debian.LIBRIVOX_TEXTS:
        start = now + _GAP_SECONDS
        now = start + _seconds(debian.librivox(number))
        places.append((start, now))
    return places


def _seconds(path: Path) -> float:
    """Of a WAV of 16-bit mono samples at 16 kHz."""
    return (path.stat().st_size - 44) / 2 / 16_000
