"""A long sound is read in blocks that are cut where nobody speaks, and times lead back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telecine.media.speech import pieces
from telecine.media.speech.pieces import BLOCK_SAMPLES, Block, Span, Spoken, Sure
from telecine.media.speech.samples import Samples
from telecine.media.speech.sound import RATE


def _loud(samples: Samples) -> list[Span]:
    """A listener that takes everything above nothing for speech."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], (samples != 0).astype(int), [0]])))
    return [(int(start), int(stop)) for start, stop in edges.reshape(-1, 2)]


def _sound(path: Path, spans: list[tuple[float, float]], *, seconds: float) -> Path:
    samples = np.zeros(round(seconds * RATE), dtype="<i2")
    for start, stop in spans:
        samples[round(start * RATE) : round(stop * RATE)] = 1000
    path.write_bytes(samples.tobytes())
    return path


def test_a_block_is_cut_in_the_longest_of_its_late_pauses(tmp_path: Path) -> None:
    path = _sound(tmp_path / "s.pcm", [(0, 200), (202, 280), (281, 420)], seconds=420)
    first, second = pieces.blocks(path, _loud)
    assert len(first.samples) == pytest.approx(201 * RATE, abs=1)
    assert first.speech == ((0, 200 * RATE),)
    assert second.first == len(first.samples)
    assert second.speech[0][0] == pytest.approx(1 * RATE, abs=1)


def test_a_talk_without_a_pause_is_cut_all_the_same(tmp_path: Path) -> None:
    path = _sound(tmp_path / "s.pcm", [(0, 620)], seconds=620)
    found = list(pieces.blocks(path, _loud))
    assert [len(block.samples) for block in found] == [BLOCK_SAMPLES, BLOCK_SAMPLES, 20 * RATE]


def test_a_pause_that_reaches_over_the_end_of_a_block_is_where_it_is_cut(tmp_path: Path) -> None:
    path = _sound(tmp_path / "s.pcm", [(0, 250), (310, 320)], seconds=330)
    found = list(pieces.blocks(path, _loud))
    assert sum(len(block.samples) for block in found) == 330 * RATE
    assert found[0].speech == ((0, 250 * RATE),)
    start, stop = found[1].speech[0]
    assert (found[1].first + start, found[1].first + stop) == (310 * RATE, 320 * RATE)


def test_an_empty_sound_has_no_blocks(tmp_path: Path) -> None:
    (tmp_path / "s.pcm").write_bytes(b"")
    assert list(pieces.blocks(tmp_path / "s.pcm", _loud)) == []


def test_half_a_sample_at_the_end_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "s.pcm").write_bytes(b"\1\0\1\0\1")
    (block,) = pieces.blocks(tmp_path / "s.pcm", _loud)
    assert len(block.samples) == 2


_TWO = ((10 * RATE, 12 * RATE), (40 * RATE, 43 * RATE))
_MARGIN = pieces._MARGIN_SAMPLES / RATE


def _joined(*, first: int = 0) -> pieces.Joined:
    """Two pieces of speech of a minute: from second 10 to 12 and from 40 to 43."""
    samples = np.ones(60 * RATE, dtype=np.float32)
    return pieces.join(Block(first=first, samples=samples, speech=_TWO))


def _one(seconds: float) -> float:
    """An instant of the first voice, in what the model hears; 2 is its end."""
    return _MARGIN + seconds


def _two(seconds: float) -> float:
    """An instant of the second voice."""
    return _MARGIN + 2 + 2 * _MARGIN + seconds


def _at(start: float, end: float, sure: Sure = "both") -> Spoken:
    return Spoken(start_seconds=start, end_seconds=end, sure=sure)


def test_silence_is_left_out_of_what_the_model_hears_but_for_a_margin() -> None:
    joined = _joined()
    assert len(joined.samples) == pytest.approx((5 + 4 * _MARGIN) * RATE, abs=4)
    assert len(joined.pieces) == 2


def test_a_time_in_what_the_model_hears_leads_back_to_the_film() -> None:
    joined = _joined(first=100 * RATE)
    early, late = joined.place([_at(_one(0), _one(1)), _at(_two(0), _two(0.3))])
    assert early == pytest.approx((110.0, 111.0))
    assert late == pytest.approx((140.0, 140.3))
    assert joined.seconds(_two(1)) == pytest.approx(141.0)


def test_a_word_over_a_seam_stays_on_the_side_where_more_of_it_is_heard() -> None:
    words = [_at(_one(0.1), _one(0.6)), _at(_one(1.8), _two(0.8)), _at(_two(0.8), _two(1.3))]
    _, over, after = _joined().place(words)
    assert over == pytest.approx((39.9, 40.8))
    assert after == pytest.approx((40.8, 41.3))


def test_the_last_word_of_a_segment_is_where_it_begins_however_long_it_is() -> None:
    words = [
        _at(_one(0.1), _one(0.6)),
        _at(_one(1.1), _two(1.8), "start"),
        _at(_two(1.8), _two(2.3)),
    ]
    assert _joined().place(words)[1] == pytest.approx((11.1, 12.15))


def test_a_last_word_that_begins_after_the_voice_is_in_the_next_piece() -> None:
    words = [
        _at(_one(0.1), _one(0.6)),
        _at(_one(2.05), _two(0.4), "start"),
        _at(_two(1.8), _two(2.3)),
    ]
    assert _joined().place(words)[1] == pytest.approx((39.9, 40.4))


def test_the_first_word_of_a_segment_is_where_it_ends() -> None:
    words = [_at(_one(0.1), _one(0.6)), _at(_one(0.7), _two(0.2), "end")]
    assert _joined().place(words)[1] == pytest.approx((39.9, 40.2))


def test_a_word_between_two_voices_goes_to_the_nearer_one() -> None:
    joined = _joined()
    (early,) = joined.place([_at(_one(2.02), _one(2.1))])
    (late,) = joined.place([_at(_two(-0.1), _two(-0.02))])
    assert early[1] <= 12.15
    assert late[0] >= 39.9


def test_a_piece_without_words_gets_the_one_that_reaches_it() -> None:
    """A man says `done` three seconds after his sentence: it is no part of the sentence's sound."""
    words = [_at(_one(0.1), _one(1.4)), _at(_one(1.4), _two(0.3), "start")]
    assert _joined().place(words)[1] == pytest.approx((39.9, 40.3))


@given(
    st.lists(st.integers(0, 20 * RATE), max_size=12, unique=True).map(sorted),
    st.lists(
        st.tuples(st.floats(0, 25), st.floats(0, 5), st.sampled_from(["start", "both", "end"])),
        max_size=12,
    ),
)
def test_every_time_leads_into_a_piece(
    edges: list[int], spans: list[tuple[float, float, Sure]]
) -> None:
    speech = tuple(zip(edges[::2], edges[1::2], strict=False))
    joined = pieces.join(
        Block(first=0, samples=np.zeros(20 * RATE, dtype=np.float32), speech=speech)
    )
    if not joined.pieces:
        assert len(joined.samples) == 0
        return
    placed = joined.place([_at(start, start + length, sure) for start, length, sure in spans])
    assert len(placed) == len(spans)
    for start, end in placed:
        assert start <= end
        assert any(
            begin / RATE - 1e-6 <= start and end <= stop / RATE + 1e-6
            for begin, stop in joined.pieces
        )
