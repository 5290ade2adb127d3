"""What is done when: from letters, from loudness, and in silence."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from telecine.media.speech.sound import RATE
from telecine.media.speech.transcript import Word
from telecine.media.talking.acting import Poses, act
from telecine.media.talking.letters import shapes_of
from telecine.media.talking.voice import Voice, listen

FRAME_RATE = Fraction(30)


def _voice(level: list[float]) -> Voice:
    loud = np.array(level, np.float32)
    return Voice(level=loud, bright=np.full_like(loud, 0.3), hiss=np.zeros_like(loud))


def _said(*words: tuple[str, float, float], seconds: float = 2.0) -> Poses:
    voice = _voice([1.0] * round(seconds * 30))
    spoken = [Word(text=text, start_seconds=start, end_seconds=end) for text, start, end in words]
    return act(voice, words=spoken, frame_rate=FRAME_RATE)


def _frame(seconds: float) -> int:
    return round((seconds - 0.035) * 30)


@pytest.mark.parametrize("word", ["pop", "mama", "Bob,", "boom", "maybe", "lamp"])
def test_words_with_p_b_and_m_shut_the_lips(word: str) -> None:
    assert any(shape.closure == 1 for shape in shapes_of(word))


@pytest.mark.parametrize(("word", "n_shapes"), [("night", 4), ("phone", 4), ("through", 4)])
def test_letters_that_are_not_heard_are_not_seen(word: str, n_shapes: int) -> None:
    assert len(shapes_of(word)) <= n_shapes


@pytest.mark.parametrize(("word", "width"), [("see", 0.8), ("you", -0.8), ("who", -0.3)])
def test_vowels_are_wide_or_round(word: str, width: float) -> None:
    widths = [shape.width for shape in shapes_of(word)]
    assert max(widths) >= width if width > 0 else min(widths) <= width


def test_figures_are_spoken() -> None:
    assert shapes_of("7") == shapes_of("seven")


def test_other_scripts_are_left_to_the_ear() -> None:
    assert shapes_of("привет") == ()
    assert shapes_of("été") == shapes_of("ete")


def test_lips_are_shut_in_the_middle_of_mama() -> None:
    poses = _said(("mama", 0.5, 1.1))
    mama = shapes_of("mama")
    weights = np.cumsum([0.0] + [shape.weight for shape in mama])
    middles = 0.5 + 0.6 * (weights[:-1] + weights[1:]) / 2 / weights[-1]
    for shape, middle in zip(mama, middles, strict=True):
        number = _frame(middle)
        if shape.closure:
            assert poses.closure[number] > 0.8
            assert poses.opening[number] < 0.1
        else:
            assert poses.closure[number] < 0.3
            assert poses.opening[number] > 0.4


def test_a_word_that_lasts_too_long_does_not_hold_the_mouth() -> None:
    poses = _said(("ah", 0.2, 1.9))
    assert poses.opening[_frame(0.3)] > 0.5


def test_loudness_opens_the_mouth_where_no_words_are_known() -> None:
    beats = np.clip(np.sin(np.arange(120) * 0.7), 0, 1)
    poses = act(_voice(beats.tolist()), words=(), frame_rate=FRAME_RATE)
    assert np.corrcoef(np.roll(beats, -1), poses.opening)[0, 1] > 0.9
    assert poses.opening.max() > 0.6


def test_in_silence_the_mouth_rests(tmp_path: Path) -> None:
    samples = tmp_path / "silence.pcm"
    samples.write_bytes(np.random.default_rng(1).integers(-8, 8, RATE, np.int16).tobytes())
    voice = listen(samples, frame_rate=FRAME_RATE, n_frames=30)
    word = Word(text="wow", start_seconds=0.2, end_seconds=0.8)
    for words in ((), (word,)):
        poses = act(voice, words=words, frame_rate=FRAME_RATE)
        assert poses.opening.max() < 0.02
        assert np.abs(poses.width).max() < 0.05


def test_a_hiss_opens_less_than_a_vowel(tmp_path: Path) -> None:
    seconds = np.arange(RATE) / RATE
    vowel = np.sin(2 * np.pi * 300 * seconds) + 0.5 * np.sin(2 * np.pi * 700 * seconds)
    noise = np.random.default_rng(1).normal(size=RATE)
    hiss = np.diff(noise, prepend=0.0, n=2)
    heard = tmp_path / "heard.pcm"
    both = np.concatenate([vowel / 1.5, 0.3 * hiss / np.abs(hiss).max()])
    heard.write_bytes((both * 12_000).astype(np.int16).tobytes())
    voice = listen(heard, frame_rate=FRAME_RATE, n_frames=60)
    assert voice.hiss[45] > 0.5 > voice.hiss[15]
    opening = act(voice, words=(), frame_rate=FRAME_RATE).opening
    assert opening[45] < 0.5 * opening[15]


def test_a_voice_is_the_same_in_pieces(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard.pcm"
    heard.write_bytes(np.random.default_rng(2).integers(-9000, 9000, RATE, np.int16).tobytes())
    whole = listen(heard, frame_rate=FRAME_RATE, n_frames=30)
    monkeypatch.setattr("telecine.media.talking.voice._PIECE", 7)
    for one, other in zip(whole, listen(heard, frame_rate=FRAME_RATE, n_frames=30), strict=True):
        assert one == pytest.approx(other)


def test_it_blinks_every_few_seconds() -> None:
    blink = act(_voice([0.5] * 900), words=(), frame_rate=FRAME_RATE).blink
    shut = np.flatnonzero(
        (blink[1:-1] > 0.9) & (blink[1:-1] >= blink[:-2]) & (blink[1:-1] > blink[2:])
    )
    between = np.diff(shut) / 30
    assert len(shut) >= 6
    assert between.min() > 2.3
    assert between.max() < 5.2


def test_the_same_voice_is_acted_alike() -> None:
    one, other = (_said(("hello", 0.2, 0.7), ("bob", 0.8, 1.2)) for _ in range(2))
    for curve, again in zip(one, other, strict=True):
        assert np.array_equal(curve, again)
