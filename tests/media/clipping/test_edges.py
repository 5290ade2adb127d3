"""Edges of clips go to the cuts beside them, and never into a word."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from tests import samples

from telecine.assembly import Telecine
from telecine.media.highlights.model import PART_NAMES, Candidate, Parts
from telecine.media.probe import probe
from telecine.media.seeing.model import Seen, Shot
from telecine.media.speech.transcript import Transcript, Word
from telecine.operations.base import Context
from telecine.operations.clipping import edges, making
from telecine.operations.clipping.choice import Chosen
from telecine.operations.clipping.films import Film
from telecine.operations.clipping.params import ClipsParams
from telecine.operations.clipping.stages import Bar, Work

#: Somebody else until 1.0, ours from 1.4 to 3.0, somebody else from 3.4.
WORDS = tuple(
    Word(text="word", start_seconds=start, end_seconds=end)
    for start, end in ((0.4, 1.0), (1.4, 2.0), (2.1, 3.0), (3.4, 4.0))
)


def clip(start: float = 1.28, end: float = 3.2) -> Candidate:
    return Candidate(
        start_seconds=start,
        end_seconds=end,
        first_sentence=1,
        end_sentence=2,
        virality_score=50,
        score_parts=Parts(**dict.fromkeys(PART_NAMES, 0.5)),
        reasons=(),
        title="Ours",
    )


def settled(*cuts: float, longest_seconds: float = 90.0) -> tuple[float, float]:
    times = (0.0, *cuts, 5.0)
    shots = tuple(Shot(start_seconds=start, end_seconds=end) for start, end in pairwise(times))
    seen = Seen(width=320, height=180, shots=shots, glances=())
    made = edges.settle(clip(), seen, words=WORDS, longest_seconds=longest_seconds)
    return made.start_seconds, made.end_seconds


@pytest.mark.parametrize(
    ("cuts", "expected"),
    [
        ((), (1.28, 3.2)),
        # A few frames of another shot go, and a cut just outside is where it begins and ends.
        ((1.33,), (1.33, 3.2)),
        ((1.15,), (1.15, 3.2)),
        ((3.1,), (1.28, 3.1)),
        ((3.26,), (1.28, 3.26)),
        ((1.34, 3.08), (1.34, 3.08)),
        # In a word, or nearly, on either side: it is not cut into.
        ((1.38, 3.02), (1.28, 3.2)),
        ((1.5, 2.8), (1.28, 3.2)),
        ((1.02, 3.38), (1.28, 3.2)),
        # Far away from the words is another place.
        ((1.07,), (1.28, 3.2)),
        # Of two, the nearer one.
        ((1.15, 1.3), (1.3, 3.2)),
    ],
)
def test_an_edge_goes_to_the_cut_in_its_silence(
    cuts: tuple[float, ...], expected: tuple[float, float]
) -> None:
    assert settled(*cuts) == expected


def test_a_clip_does_not_become_longer_than_was_asked_for() -> None:
    assert settled(1.15, 3.26, longest_seconds=1.99) == (1.28, 3.26)
    assert settled(1.15, 3.26, longest_seconds=1.93) == (1.28, 3.2)


def test_without_words_edges_stay() -> None:
    seen = Seen(
        width=320,
        height=180,
        shots=(Shot(start_seconds=0.0, end_seconds=1.3), Shot(start_seconds=1.3, end_seconds=5.0)),
        glances=(),
    )
    assert edges.settle(clip(), seen, words=(), longest_seconds=90) == clip()


@pytest.fixture
def film(shelves: Telecine, tmp_path: Path) -> Film:
    """Red, from 1.32 s on green, from 3.12 s on blue; 25 frames a second."""
    path = tmp_path / "film.mp4"
    colours = (("red", 1.32), ("lime", 1.8), ("blue", 1.0))
    inputs = [
        word
        for colour, seconds in colours
        for word in ("-f", "lavfi", "-i", f"color={colour}:s=320x180:r=25:d={seconds}")
    ]
    samples.run_ffmpeg(*inputs, "-filter_complex", "concat=n=3", "-c:v", "libx264", path)
    return Film(path=path, info=probe(shelves.pool, path))


@pytest.mark.parametrize("is_by_hand", [False, True])
def test_a_clip_has_no_frame_of_the_shots_beside_it_unless_its_times_were_said(
    film: Film, make_context: Callable[..., Context], is_by_hand: bool
) -> None:
    segments = ((1.28, 3.2),) if is_by_hand else ()
    params = ClipsParams(quality="fast", aspect="1:1", captions=False, segments=segments)
    work = Work.of(make_context())
    bar = Bar.of(work.context, film_seconds=4, clip_seconds=2, quality="fast")
    heard = Transcript(language="en", words=WORDS, sentences=())
    chosen = Chosen(clips=(clip(),), engine="you" if is_by_hand else "local")
    (made,) = making.make_all(chosen, film, heard, params, work, bar)
    span = made.candidate.start_seconds, made.candidate.end_seconds
    n_frames = round((span[1] - span[0]) * 25)
    shown = [
        "rgb"[int(samples.picture_at(made.path, frame=number).mean(axis=(0, 1)).argmax())]
        for number in (0, n_frames // 2, n_frames - 1)
    ]
    if is_by_hand:
        assert (span, shown) == ((1.28, 3.2), ["r", "g", "b"])
    else:
        assert span == pytest.approx((1.32, 3.12), abs=0.002)
        assert (n_frames, shown) == (45, ["g", "g", "g"])
