"""A portrait in poses: measured on what was drawn, with the network that knows faces."""

from __future__ import annotations

import cv2
import numpy as np
from tests.media.talking import portraits
from tests.media.talking.portraits import drawn, networks, poses, puppet
from tests.samples import Picture

from telecine.media.talking import mesh


def test_at_rest_it_is_the_picture() -> None:
    shown = drawn(puppet(), poses(opening=[0.0])).astype(int)
    assert np.abs(shown - portraits.still()).max() <= 4


def test_the_mouth_opens_as_far_as_it_is_told() -> None:
    told = poses(opening=[0.0, 0.3, 0.6, 1.0])
    made = puppet()
    gaps = [networks().face(drawn(made, told, n)).mouth_gap for n in range(4)]
    assert gaps == sorted(gaps)
    assert gaps[3] > 1.25 * gaps[0]  # the network believes in faces as they are


def test_lips_that_smile_close() -> None:
    rest, shut = (
        networks().face(drawn(puppet(), poses(closure=[amount]))).mouth_gap for amount in (0.0, 1.0)
    )
    assert rest > 0.1
    assert shut < 0.4 * rest


def test_a_round_mouth_is_narrower_and_a_wide_one_wider() -> None:
    made = puppet()
    told = poses(width=[-1.0, 0.0, 1.0])
    widths = []
    for number in range(3):
        points = networks().face(drawn(made, told, number)).points
        widths.append(float(np.linalg.norm(points[291, :2] - points[61, :2])))
    assert widths[0] < 0.97 * widths[1]
    assert widths[2] > 1.01 * widths[1]


def test_eyes_blink() -> None:
    # The network sees eyes where there are lids: so what is seen of the eyes is counted.
    opened, half, shut = (
        _share_of_eyes(drawn(puppet(), poses(blink=[amount]))) for amount in (0.0, 0.5, 1.0)
    )
    assert opened == 1.0
    assert opened > half > shut
    assert shut < 0.4


def _share_of_eyes(shown: Picture) -> float:
    mask = np.zeros(shown.shape[:2], np.uint8)
    points = networks().face(portraits.picture()).points
    for upper, lower in zip(mesh.UPPER_LIDS, mesh.LOWER_LIDS, strict=True):
        around = points[[*upper, *lower[::-1]], :2]
        cv2.fillPoly(mask, [np.round(around).astype(np.int32)], 1)
    change = np.abs(shown.astype(int) - portraits.still()).max(axis=2)
    return float((change[mask > 0] < 12).mean())


def test_nothing_moves_but_the_head() -> None:
    made = puppet()
    told = poses(opening=[1.0], yaw=[1.0], pitch=[1.0], roll=[1.0])
    shown, still = drawn(made, told).astype(int), portraits.still().astype(int)
    changed = np.argwhere(np.abs(shown - still).max(axis=2) > 2)
    face = networks().face(portraits.picture()).points[:, :2]
    low, high = face.min(axis=0), face.max(axis=0)
    size = high - low
    assert changed[:, 1].min() >= low[0] - size[0]
    assert changed[:, 1].max() <= high[0] + size[0]
    assert changed[:, 0].max() <= high[1] + 0.6 * size[1]


def test_a_head_sways_a_little() -> None:
    still, turned = (
        networks().face(drawn(puppet(), poses(yaw=[amount]))).points for amount in (0.0, 1.0)
    )
    height = float(np.ptp(still[:, 1]))
    moved = float(turned[1, 0] - still[1, 0])
    assert 0.005 * height < moved < 0.02 * height


def test_the_same_pose_is_the_same_picture_whatever_came_before() -> None:
    told = poses(opening=[0.8, 0.2], blink=[1.0, 0.0], width=[-0.5, 0.4], yaw=[1.0, -0.3])
    one, other = puppet(), puppet()
    drawn(one, told, 0)
    assert np.array_equal(drawn(one, told, 1), drawn(other, told, 1))
