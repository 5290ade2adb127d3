"""Waveforms: which pitch is how loud when, what is drawn of it, and that no picture hangs on its past."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from tests.media.render import sounds
from tests.media.render.test_render import ssim

from telecine.kit.errors import MediaError
from telecine.media.render.composing.compose import Composer
from telecine.media.render.drawing.fonts import FontBook
from telecine.media.render.drawing.pixels import to_planes
from telecine.media.render.drawing.sprites import Sprites
from telecine.media.render.measuring import Measuring
from telecine.media.render.planes import Planes
from telecine.media.render.planning.plan import plan
from telecine.media.render.reference import Reference, to_rgba
from telecine.media.render.sound.loudness import Loudness, Tape
from telecine.media.render.sound.waveforms import WaveformSource, loudness_of
from telecine.media.render.supply import Supply
from telecine.media.timeline.dialects import parse
from telecine.media.timeline.model import Colour, Sound, Source, Timeline, Waveform

WHITE = Colour(red=1, green=1, blue=1)
KINDS = ("bars", "spectrum", "circle", "line")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tone of 440 Hz for the first half second of one."""
    place = tmp_path_factory.mktemp("waveforms")
    seconds = np.arange(48_000) / 48_000
    tone = 0.5 * np.sin(2 * np.pi * 440 * seconds) * (seconds < 0.5)
    sounds.write_wav(place / "tone.wav", tone[:, None])
    return place


def waveform(kind: Any = "bars", **fields: Any) -> Waveform:
    sound = Sound(source=Source(src="tone.wav", path="src"), **fields.pop("sound", {}))
    return Waveform(sound=sound, paint=WHITE, kind=kind, **{"n_bars": 16, **fields})


def levels(content: Waveform, folder: Path, *instants: float) -> list[npt.NDArray[np.float32]]:
    loudness = loudness_of(content, folder / "tone.wav")
    found = [loudness.levels_at(Fraction(at)) for at in instants]
    loudness.close()
    return found


def paint(width: int = 96, height: int = 40) -> Planes:
    return to_planes(np.full((height, width, 4), 255, np.uint8))


def drawn(content: Waveform, folder: Path, *instants: float) -> list[Planes]:
    loudness = loudness_of(content, folder / "tone.wav")
    source = WaveformSource(content, loudness=loudness, paint=paint())
    found = [source.frame_at(Fraction(at)) for at in instants]
    source.close()
    return found


# --- How loud it is --------------------------------------------------------------------------


def test_a_tone_is_loud_at_its_pitch_and_quiet_far_from_it(folder: Path) -> None:
    (found,) = levels(waveform(), folder, 0.3)
    # Of 16 bands from 60 to 11,000 Hz the sixth ends where the seventh begins: at 424 Hz.
    assert found.argmax() in (5, 6)
    assert found.max() == 1
    assert (np.delete(found, [5, 6]) < 0.5).all()
    assert found[11:].max() < 0.2


def test_nothing_is_heard_before_the_sound_and_after_its_end(folder: Path) -> None:
    before, after, beyond = levels(waveform(), folder, -1.0, 0.9, 5.0)
    assert before.max() == after.max() == beyond.max() == 0


def test_smoothing_keeps_some_of_what_was(folder: Path) -> None:
    sharp, smooth = (
        levels(waveform(smoothing=smoothing), folder, 0.6)[0].max() for smoothing in (0.0, 0.9)
    )
    assert sharp == 0
    assert 0.2 < smooth < 0.8


def test_levels_do_not_hang_on_where_one_began(folder: Path) -> None:
    instants = [n / 30 for n in range(30)]
    forwards = levels(waveform(), folder, *instants)
    backwards = levels(waveform(), folder, *reversed(instants))[::-1]
    alone = [levels(waveform(), folder, at)[0] for at in instants[::7]]
    assert all((one == other).all() for one, other in zip(forwards, backwards, strict=True))
    assert all((one == other).all() for one, other in zip(forwards[::7], alone, strict=True))


def test_trims_and_fades_of_the_sound_are_seen(folder: Path) -> None:
    late = waveform(sound={"trim_start_seconds": 0.4}, smoothing=0.0)
    early, silent = levels(late, folder, 0.05, 0.2)
    assert early.max() > 0.9
    assert silent.max() == 0
    (quiet,) = levels(waveform(sound={"gain": 0.001}), folder, 0.3)
    assert quiet.max() < 0.2


def test_a_long_sound_is_read_in_little_memory() -> None:
    class Endless:
        n_read = 0

        def next(self, count: int) -> npt.NDArray[np.float32]:
            self.n_read += count
            return np.full((count, 2), 0.5, np.float32)

        def close(self) -> None:
            pass

    played = Endless()
    tape = Tape(lambda _: played)
    loudness = Loudness(tape, n_bands=8, smoothing=0.5)
    for n in range(600):
        loudness.levels_at(Fraction(n, 30))
    assert played.n_read < 22 * 48_000
    assert len(tape._kept) < 48_000


# --- What is drawn ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_loud_moment_has_more_ink_than_a_silent_one(folder: Path, kind: str) -> None:
    loud, silent = drawn(waveform(kind), folder, 0.3, 0.95)
    assert loud.alpha is not None
    assert silent.alpha is not None
    assert int(loud.alpha.sum()) > 1.2 * int(silent.alpha.sum()) > 0


@pytest.mark.parametrize("kind", KINDS)
def test_planes_are_those_of_the_same_picture_in_rgb(folder: Path, kind: str) -> None:
    (mine,) = drawn(waveform(kind), folder, 0.3)
    alpha = np.asarray(mine.alpha)
    its = to_planes(np.repeat(alpha[..., None], 4, axis=2))
    for one, other in zip(mine, its, strict=True):
        assert np.abs(np.asarray(one, np.int16) - np.asarray(other, np.int16)).max() <= 2


def test_a_silent_picture_is_the_same_object(folder: Path) -> None:
    one, other = drawn(waveform(), folder, 0.9, 0.95)
    assert one is other


def test_bars_stand_apart_and_are_as_many_as_fit(folder: Path) -> None:
    for n_bars, fitting in ((16, 16), (500, 32)):
        (found,) = drawn(waveform(n_bars=n_bars), folder, 0.95)
        line = np.asarray(found.alpha)[20] > 0
        assert int((line[1:] & ~line[:-1]).sum()) + int(line[0]) == fitting


# --- In a document ---------------------------------------------------------------------------


def document(**fields: Any) -> dict[str, Any]:
    return {
        "meta": {"version": "2.0.0", "width": 192, "height": 108, "fps": 30},
        "tracks": [{"clips": [
            {"type": "audio", "id": "voice", "src": "tone.wav", "start": 0.5, "duration": 1,
             "source": {"start": 0.1}},
            {"type": "waveform", "start": 0, "duration": 2, "color": "#ff8000",
             "transform": {"width": 160, "height": 60}, **fields},
        ]}],
    }  # fmt: skip


def timeline_of(**fields: Any) -> Timeline:
    parsed = parse(document(**fields))
    assert parsed.timeline is not None, parsed.problems
    assert parsed.warnings == ()
    return parsed.timeline


def test_a_waveform_follows_the_sound_of_another_clip() -> None:
    content = timeline_of(target="voice", style="circle").tracks[0].clips[1].content
    assert isinstance(content, Waveform)
    assert content.kind == "circle"
    assert content.paint == Colour(red=1, green=128 / 255, blue=0)
    assert (content.late_seconds, content.length_seconds) == (-0.5, 1.0)
    assert content.sound.source.src == "tone.wav"
    assert content.sound.trim_start_seconds == 0.1


@pytest.mark.parametrize(
    ("fields", "path", "code"),
    [
        ({"target": "nobody"}, "tracks[0].clips[1].target", "REFERENCE"),
        ({}, "tracks[0].clips[1].src", "REQUIRED"),
        ({"src": "a.wav", "style": "pie"}, "tracks[0].clips[1].variant", "CHOICE"),
        ({"src": "a.wav", "smoothing": 1}, "tracks[0].clips[1].smoothing", "RANGE"),
    ],
)
def test_what_is_wrong_with_a_waveform_is_named(
    fields: dict[str, Any], path: str, code: str
) -> None:
    assert [(one.path, one.code) for one in parse(document(**fields)).problems] == [(path, code)]


@pytest.mark.parametrize("kind", KINDS)
def test_both_engines_draw_waveforms_alike(folder: Path, kind: str) -> None:
    fill = {"type": "linear", "stops": [
        {"offset": 0, "color": "#ff0000"}, {"offset": 1, "color": "#0000ff"}
    ]}  # fmt: skip
    timeline = timeline_of(target="voice", variant=kind, color=fill)
    sprites = Sprites(fonts=FontBook(), find=lambda source: folder / source.src)
    measuring = Measuring(sprites, find=lambda source: folder / source.src)
    planned = plan(timeline, measure=measuring)
    supply = Supply(
        planned.layers, sprites=sprites, measuring=measuring,
        find=lambda source: folder / source.src,
    )  # fmt: skip
    fast = Composer(planned.canvas, planned.layers, sprite=supply.sprite, source=supply.source)
    slow = Reference(planned.canvas, planned.layers, pixels=sprites.pixels, source=supply.source)
    for number in (0, 24, 45):
        mine = fast.compose(planned.frame(number))
        its = to_planes(slow.draw(planned.frame(number)))
        assert ssim(mine.y, its.y) > 0.98
    lit = to_rgba(fast.compose(planned.frame(24)))[..., :3].max(axis=2)
    dark = to_rgba(fast.compose(planned.frame(50)))[..., :3].max(axis=2)
    assert int((lit > 100).sum()) > 1.1 * int((dark > 100).sum())
    fast.close()
    slow.close()
    supply.close()


def test_a_file_without_sound_is_refused_with_its_place(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "tone.wav").write_bytes(b"no sound at all")
    timeline = timeline_of(src="tone.wav")
    sprites = Sprites(fonts=FontBook(), find=lambda _: tmp_path / "tone.wav")
    measuring = Measuring(sprites, find=lambda _: tmp_path / "tone.wav")
    planned = plan(timeline, measure=measuring)
    supply = Supply(
        planned.layers, sprites=sprites, measuring=measuring, find=lambda _: tmp_path / "tone.wav"
    )
    with pytest.raises(MediaError) as caught:
        supply.source(planned.layers[0])
    assert caught.value.field == "tracks[0].clips[1].src"
    supply.close()
