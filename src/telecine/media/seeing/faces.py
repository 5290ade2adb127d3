"""Finds faces in pictures with BlazeFace (256 x 256), which sees faces from about 9 px there.

What is too small in the whole picture is looked for again in squares as high as the picture,
which are shown to the network at twice the size. The network reads pixels and nothing else: its
weights are pinned, and no stranger's bytes come here but through FFmpeg.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from ai_edge_litert.interpreter import Interpreter

from telecine.media.seeing.model import Box, Face

#: Height, width, RGB.
Picture = npt.NDArray[np.uint8]
_Boxes = npt.NDArray[np.float32]

_SIDE: Final = 256
#: Cells a side, and anchors a cell, as MediaPipe's graph for this model has them.
_GRIDS: Final = ((16, 2), (8, 6))
_LEAST_SCORE: Final = 0.6
#: Boxes that share more than this are one face.
_SAME_SHARE: Final = 0.3
_MOST_FACES: Final = 16
#: Seen from near, a higher face is none: the whole picture would have shown it. (Dogs, mostly.)
_LARGE: Final = 0.25


class FaceFinder:
    """One network in memory, about 60 MB; for one thread at a time."""

    def __init__(self, weights: Path, *, n_threads: int = 1) -> None:
        self._network = Interpreter(model_path=str(weights), num_threads=n_threads)
        self._network.allocate_tensors()
        self._input = self._network.get_input_details()[0]["index"]
        outputs = {each["shape"][-1]: each["index"] for each in self._network.get_output_details()}
        self._places, self._scores = outputs[16], outputs[1]
        self._anchors = _anchors()

    def find(self, picture: Picture, *, nearer: bool = False) -> tuple[Face, ...]:
        """Return the faces, the surest first. `nearer`: look at squares of the picture, too."""
        height, width = picture.shape[:2]
        found = [self._of(picture, (0, 0), (width, height))]
        if nearer:
            side = min(width, height)
            for left, top in _corners(width, height, side):
                square = picture[top : top + side, left : left + side]
                rows = self._of(square, (left, top), (width, height))
                found.append(rows[rows[:, 3] - rows[:, 1] <= _LARGE])
        return _distinct(np.concatenate(found))

    def _of(self, part: Picture, corner: tuple[int, int], whole: tuple[int, int]) -> _Boxes:
        """Return rows of left, top, right, bottom in shares of the whole, and score."""
        height, width = part.shape[:2]
        scale = _SIDE / max(height, width)
        size = max(1, round(width * scale)), max(1, round(height * scale))
        way = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
        left, top = (_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2
        shown = np.zeros((1, _SIDE, _SIDE, 3), np.float32)
        small = cv2.resize(part, size, interpolation=way)
        shown[0, top : top + size[1], left : left + size[0]] = small / np.float32(127.5) - 1.0
        rows = self._run(shown)
        rows[:, (0, 2)] = ((rows[:, (0, 2)] - left) / size[0] * width + corner[0]) / whole[0]
        rows[:, (1, 3)] = ((rows[:, (1, 3)] - top) / size[1] * height + corner[1]) / whole[1]
        return rows

    def _run(self, shown: npt.NDArray[np.float32]) -> _Boxes:
        self._network.set_tensor(self._input, shown)
        self._network.invoke()
        raw = self._network.get_tensor(self._scores)[0, :, 0]
        scores = 1 / (1 + np.exp(-np.clip(raw, -80, 80)))
        good = scores >= _LEAST_SCORE
        places = self._network.get_tensor(self._places)[0, good, :4]
        middle = places[:, :2] + self._anchors[good] * _SIDE
        half = places[:, 2:] / 2
        rows = np.concatenate([middle - half, middle + half, scores[good, None]], axis=1)
        return rows.astype(np.float32)


def _anchors() -> npt.NDArray[np.float32]:
    """Return the middles of the places that the network speaks of, as shares of its square."""
    found = []
    for n_cells, n_each in _GRIDS:
        line = (np.arange(n_cells, dtype=np.float32) + 0.5) / n_cells
        down, across = np.meshgrid(line, line, indexing="ij")
        cells = np.stack([across, down], axis=-1).reshape(-1, 2)
        found.append(np.repeat(cells, n_each, axis=0))
    return np.concatenate(found)


def _corners(width: int, height: int, side: int) -> Sequence[tuple[int, int]]:
    """Return the corners of squares that overlap by half a side at least, and cover all."""
    longer = max(width, height)
    n_squares = 1 if longer == side else 1 + -(-2 * (longer - side) // side)
    steps = [round(n * (longer - side) / max(1, n_squares - 1)) for n in range(n_squares)]
    return [(step, 0) if width >= height else (0, step) for step in steps]


def _distinct(rows: _Boxes) -> tuple[Face, ...]:
    """Return one face for each heap of boxes: their mean, weighted by score."""
    faces: list[Face] = []
    rest = rows[np.argsort(-rows[:, 4], kind="stable")]
    while len(rest) and len(faces) < _MOST_FACES:
        same = _shares(rest[0], rest) >= _SAME_SHARE
        same[0] = True
        heap = rest[same]
        left, top, right, bottom = np.average(heap[:, :4], axis=0, weights=heap[:, 4])
        rest = rest[~same]
        if right - left <= 0 or bottom - top <= 0:
            continue
        box = Box(
            left=float(left), top=float(top), width=float(right - left), height=float(bottom - top)
        )
        faces.append(Face(box=box, score=float(heap[0, 4])))
    return tuple(faces)


def _shares(one: npt.NDArray[np.float32], rows: _Boxes) -> npt.NDArray[np.float32]:
    """Return how much of two boxes together is in both; a box within another counts as the same."""
    low = np.maximum(one[:2], rows[:, :2])
    high = np.minimum(one[2:4], rows[:, 2:4])
    both = np.prod(np.clip(high - low, 0, None), axis=1)
    areas = np.prod(np.clip(rows[:, 2:4] - rows[:, :2], 0, None), axis=1)
    area = np.prod(np.clip(one[2:4] - one[:2], 0, None))
    smaller = np.minimum(area, areas)
    union = area + areas - both
    iou = both / np.maximum(union, 1e-12)
    within = np.where(both > 0.8 * smaller, 1.0, 0.0)
    shares: npt.NDArray[np.float32] = np.maximum(iou, within)
    return shares
