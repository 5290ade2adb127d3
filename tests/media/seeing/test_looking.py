"""What is seen in real films: faces, cuts, and nobody where nobody is."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from tests import debian, samples
from tests.media.seeing import watching

from telecine.kit.errors import (
    CancelledError,
    InternalError,
    ProcessingError,
    UnsupportedMediaError,
)
from telecine.media.seeing import pictures, tracks
from telecine.media.seeing.model import Seen

#: Seen by eye, picture by picture.
CUTS_OF_BIKES = (1.2, 3.04, 5.48, 7.48, 9.68)


def _share_with_a_face(seen: Seen) -> float:
    return sum(bool(glance.faces) for glance in seen.glances) / len(seen.glances)


def test_a_small_face_beside_a_screen_is_found_at_every_glance(tmp_path: Path) -> None:
    seen = watching.look(debian.talking_head(), tmp_path)
    assert len(seen.glances) >= 41
    assert _share_with_a_face(seen) == 1.0
    (track,) = tracks.follow(seen.glances)
    assert track.place == pytest.approx((0.18, 0.25), abs=0.02)
    assert 0.06 < track.size < 0.12


def test_a_man_in_a_car_is_found_at_every_glance(tmp_path: Path) -> None:
    seen = watching.look(samples.carphone(), tmp_path)
    assert len(seen.glances) == 20
    assert _share_with_a_face(seen) == 1.0
    assert len(tracks.follow(seen.glances)) == 1


def test_a_dog_is_nobody(tmp_path: Path) -> None:
    assert _share_with_a_face(watching.look(debian.dog(), tmp_path)) == 0.0


def test_streets_have_no_face_that_lasts(tmp_path: Path) -> None:
    seen = watching.look(samples.bikes(), tmp_path)
    assert not [track for shot in seen.shots for track in tracks.follow(seen.glances_of(shot))]


def test_cuts_are_found_to_the_frame_and_nothing_else_is_one(tmp_path: Path) -> None:
    seen = watching.look(samples.bikes(), tmp_path)
    assert [shot.start_seconds for shot in seen.shots[1:]] == pytest.approx(CUTS_OF_BIKES, abs=1e-3)
    assert seen.shots[0].start_seconds == 0
    assert seen.end_seconds == pytest.approx(10.0)


def test_a_part_has_the_cuts_of_the_whole(tmp_path: Path) -> None:
    seen = watching.look(samples.bikes(), tmp_path, start_seconds=3.04, end_seconds=8.0)
    assert [shot.start_seconds for shot in seen.shots] == pytest.approx(
        (3.04, 5.48, 7.48), abs=1e-3
    )
    assert all(3.04 - 0.01 <= glance.seconds < 8.0 for glance in seen.glances)


def test_a_film_in_pieces_is_as_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "_PIECE_SECONDS", 3.04)  # its seam is one of the cuts
    seen = watching.look(samples.bikes(), tmp_path)
    assert [shot.start_seconds for shot in seen.shots[1:]] == pytest.approx(CUTS_OF_BIKES, abs=1e-3)
    gaps = np.diff([glance.seconds for glance in seen.glances])
    assert gaps.min() > 0.03
    assert gaps.max() <= 0.25


def test_a_face_of_sixty_pixels_in_a_large_picture_is_found() -> None:
    # A COMPOSITE: a photograph, made small, on a ground of noise.
    photograph = np.asarray(cv2.imread(str(samples.astronaut())), np.uint8)[:, :, ::-1]
    small = cv2.resize(
        photograph.copy(), (300, 300), interpolation=cv2.INTER_AREA
    )  # a face of 60 px
    noise = np.random.default_rng(7).integers(60, 90, (1080, 1920, 3), np.uint8)
    picture = np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)
    picture[500:800, 1200:1500] = small
    size = pictures.small_size(1920, 1080)
    shown = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
    (face,) = watching.finder().find(shown, nearer=True)
    assert face.box.x * 1920 == pytest.approx(1200 + 0.44 * 300, abs=15)
    assert face.box.height * 1080 == pytest.approx(61, abs=15)


def test_a_film_that_lies_on_its_side_is_seen_upright(tmp_path: Path) -> None:
    lying, turned = tmp_path / "lying.mp4", tmp_path / "turned.mp4"
    samples.run_ffmpeg("-i", samples.carphone(), "-t", "2", "-vf", "transpose=clock", lying)
    samples.run_ffmpeg("-display_rotation:v:0", "90", "-i", lying, "-c", "copy", turned)
    (size, _, _), (upright, _, _) = watching.facts(turned), watching.facts(samples.carphone())
    assert (size[0] > size[1]) == (upright[0] > upright[1])
    seen = watching.look(turned, tmp_path)
    assert _share_with_a_face(seen) == 1.0
    assert seen.glances[0].faces[0].box.y == pytest.approx(0.5, abs=0.1)


def test_the_workspace_is_left_empty(tmp_path: Path) -> None:
    watching.look(samples.carphone(), tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0\0\0\x18ftypmp42" + bytes(4000))
    with pytest.raises(ProcessingError):
        _look_at(broken, tmp_path)


def test_a_time_after_the_end_has_no_picture(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedMediaError, match="no picture"):
        watching.look(samples.carphone(), tmp_path, start_seconds=30, end_seconds=40)


def test_looking_ends_when_somebody_cancels(tmp_path: Path) -> None:
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        watching.eyes().look(
            samples.bikes(),
            workspace=tmp_path,
            size=(640, 272),
            start_seconds=0,
            end_seconds=10,
            is_cancelled=cancelled.is_set,
        )


def _look_at(source: Path, folder: Path) -> Seen:
    return watching.eyes().look(
        source, workspace=folder, size=(320, 240), start_seconds=0, end_seconds=2
    )


def test_weights_that_are_not_there_are_a_fault_of_ours(tmp_path: Path) -> None:
    eyes = replace(watching.eyes(), weights=tmp_path / "nowhere")
    with pytest.raises(InternalError):
        eyes.look(
            samples.carphone(),
            workspace=tmp_path,
            size=(192, 144),
            start_seconds=0,
            end_seconds=1,
        )
    assert not list(tmp_path.iterdir())
