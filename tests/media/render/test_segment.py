"""Segments made one by one, in any order, play as the one film that they are parts of."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt
import pytest
from tests.media.render import films, numbered

from telecine.kit.errors import InternalError
from telecine.media.render.encoding.codecs import EncodeSettings
from telecine.media.render.encoding.segment import Segment, segment, sound_span

_SETTINGS = EncodeSettings(preset="superfast", crf=24)


def _segment(frames: range, *, rate: Fraction, has_sound: bool = True) -> Segment:
    span = sound_span(frames, frame_rate=rate)
    return segment(
        (films.numbered_planes(number) for number in frames),
        frames=frames,
        size=films.SIZE,
        frame_rate=rate,
        settings=_SETTINGS,
        sound=films.tone(span.start, span.stop) if has_sound else None,
    )


def _shown(data: bytes) -> list[tuple[Fraction, int]]:
    """Return when each picture is shown, and its number."""
    found = []
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(video=0):
            assert frame.pts is not None
            assert frame.time_base is not None
            rows = np.asarray(frame.to_ndarray(format="gray8"), np.uint8)
            found.append((frame.pts * frame.time_base, numbered.number_of(rows)))
    return found


def _heard(data: bytes) -> tuple[int, npt.NDArray[np.float32]]:
    """Return the number of the first sample, and the left channel."""
    first: int | None = None
    rows = []
    with av.open(io.BytesIO(data), "r") as container:
        for frame in container.decode(audio=0):
            if first is None:
                first = frame.pts
            rows.append(frame.to_ndarray()[0])
    assert first is not None
    return first, np.concatenate(rows).astype(np.float32)


@pytest.mark.parametrize("rate", [Fraction(30), Fraction(24000, 1001), Fraction(25)], ids=str)
def test_segments_made_in_any_order_are_one_film(rate: Fraction) -> None:
    runs = [range(20), range(20, 40), range(40, 51)]
    made = {run.start: _segment(run, rate=rate) for run in (runs[2], runs[0], runs[1])}
    assert len({part.head for part in made.values()}) == 1
    film = made[0].head + b"".join(made[run.start].body for run in runs)
    assert _shown(film) == [(number / rate, number) for number in range(51)]
    first, samples = _heard(film)
    assert first == 0
    assert len(samples) == pytest.approx(51 / rate * 48_000, abs=1024)
    wanted = films.tone(0, len(samples))[:, 0]
    assert np.abs(samples[1024:] - wanted[1024:]).max() < 0.02


def test_one_segment_alone_tells_its_place_in_the_film() -> None:
    rate = Fraction(30)
    part = _segment(range(600, 630), rate=rate)
    data = part.head + part.body
    assert _shown(data) == [(number / rate, number) for number in range(600, 630)]
    first, samples = _heard(data)
    assert 0 <= first - 20 * 48_000 < 1024
    wanted = films.tone(first, first + len(samples))[:, 0]
    assert np.abs(samples[1024:] - wanted[1024:]).max() < 0.02


def test_the_head_is_apart_and_every_segment_begins_with_a_key_frame() -> None:
    part = _segment(range(30, 45), rate=Fraction(30), has_sound=False)
    assert films.boxes(part.head) == ["ftyp", "moov"]
    assert films.boxes(part.body)[-2:] == ["moof", "mdat"]
    with av.open(io.BytesIO(part.head + part.body), "r") as container:
        assert next(container.decode(video=0)).key_frame
        assert not container.streams.audio


def test_times_far_into_a_film_do_not_overflow() -> None:
    rate = Fraction(60)
    start = 60 * 3600 * 30
    part = _segment(range(start, start + 3), rate=rate)
    times = [when for when, _ in _shown(part.head + part.body)]
    assert times == [number / rate for number in range(start, start + 3)]


def test_too_few_pictures_or_samples_are_an_error() -> None:
    frames = range(3)
    with pytest.raises(InternalError):
        segment(
            iter([films.numbered_planes(1)]),
            frames=frames,
            size=films.SIZE,
            frame_rate=Fraction(30),
            settings=_SETTINGS,
        )
    with pytest.raises(InternalError):
        segment(
            (films.numbered_planes(number) for number in frames),
            frames=frames,
            size=films.SIZE,
            frame_rate=Fraction(30),
            settings=_SETTINGS,
            sound=films.tone(0, 100),
        )
