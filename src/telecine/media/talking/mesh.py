"""Where the parts of a face are: 468 points of MediaPipe's face mesh, in pixels of the picture.

The network looks at an upright square about the face. It is shown one by the detector's box
first, and then one by its own points, turned so that the eyes are level.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from telecine.media.seeing.faces import Picture
from telecine.media.seeing.model import Box

#: Rows of x, y in pixels, and z in pixels, too: less is nearer.
Points = npt.NDArray[np.float32]

# Points by MediaPipe's numbers. Contours run from the picture's left to its right.
UPPER_LIP: Final = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP: Final = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
UPPER_EDGE: Final = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291)
LOWER_EDGE: Final = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291)
UPPER_LIDS: Final = (
    (33, 246, 161, 160, 159, 158, 157, 173, 133),
    (362, 398, 384, 385, 386, 387, 388, 466, 263),
)
LOWER_LIDS: Final = (
    (33, 7, 163, 144, 145, 153, 154, 155, 133),
    (362, 382, 381, 380, 374, 373, 390, 249, 263),
)
BROWS: Final = ((46, 53, 52, 65, 55), (285, 295, 282, 283, 276))
CHIN: Final = 152
UNDER_NOSE: Final = 2
_OUTER_EYES: Final = (33, 263)
_CHEEKS: Final = (234, 454)

_SIDE: Final = 192
_N_POINTS: Final = 468
#: How much larger than a face the square is.
_ROOM: Final = 1.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Face:
    """One face. `score` is how sure the network is, 0 to 1."""

    points: Points
    score: float

    @property
    def mouth_gap(self) -> float:
        """How far the lips are apart, as a share of the mouth's width."""
        gap = self.points[list(LOWER_LIP), :2] - self.points[list(UPPER_LIP), :2]
        left, right = self.points[UPPER_EDGE[0], :2], self.points[UPPER_EDGE[-1], :2]
        return float(np.linalg.norm(gap, axis=1).max() / np.linalg.norm(right - left))

    @property
    def yaw_degrees(self) -> float:
        """How far the head is turned to a side."""
        across = self.points[_CHEEKS[1]] - self.points[_CHEEKS[0]]
        return math.degrees(math.atan2(float(across[2]), float(np.hypot(across[0], across[1]))))

    @property
    def roll_radians(self) -> float:
        """How far the head leans: the angle of the line through the eyes."""
        return _angle(self.points)


class FaceMesh:
    """One network in memory, about 30 MB; for one thread at a time."""

    def __init__(self, weights: Path) -> None:
        self._network = Interpreter(model_path=str(weights), num_threads=1)
        self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]["index"]
        outputs = {each["shape"][-1]: each["index"] for each in self._network.get_output_details()}
        self._places, self._score = outputs[3 * _N_POINTS], outputs[1]

    def fit(self, picture: Picture, box: Box) -> Face:
        """Return the face in a box of the detector's."""
        height, width = picture.shape[:2]
        side = _ROOM * max(box.width * width, box.height * height)
        found = self._run(picture, (box.x * width, box.y * height), side, 0.0)
        for _ in range(2):
            low, high = found.points[:, :2].min(axis=0), found.points[:, :2].max(axis=0)
            middle = (low + high) / 2
            side = _ROOM * float((high - low).max())
            found = self._run(
                picture, (float(middle[0]), float(middle[1])), side, found.roll_radians
            )
        return found

    def _run(
        self, picture: Picture, middle: tuple[float, float], side: float, angle: float
    ) -> Face:
        scale = side / _SIDE
        turn = scale * np.array(
            [[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]]
        )
        # From the square's pixels to the picture's.
        out = np.column_stack([turn, np.array(middle) - turn @ np.full(2, _SIDE / 2)])
        # A large picture is averaged before it is sampled.
        shown = picture
        if scale > 2:
            shown = np.asarray(
                cv2.resize(picture, None, fx=2 / scale, fy=2 / scale, interpolation=cv2.INTER_AREA),
                np.uint8,
            )
            out = out * np.array(
                [[shown.shape[1] / picture.shape[1]], [shown.shape[0] / picture.shape[0]]]
            )
        square = cv2.warpAffine(
            shown, out, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        )
        self._network.set_tensor(self._input, np.float32(square[None]) / np.float32(255))
        self._network.invoke()
        places = self._network.get_tensor(self._places).reshape(_N_POINTS, 3)
        logit = float(self._network.get_tensor(self._score).reshape(()))
        points = np.empty((_N_POINTS, 3), np.float32)
        points[:, :2] = (places[:, :2] - _SIDE / 2) @ turn.T + np.array(middle)
        points[:, 2] = places[:, 2] * scale
        return Face(points=points, score=1 / (1 + math.exp(-max(-80.0, min(80.0, logit)))))


def _angle(points: Points) -> float:
    across = points[_OUTER_EYES[1], :2] - points[_OUTER_EYES[0], :2]
    return math.atan2(float(across[1]), float(across[0]))
