"""Whether a picture is a portrait that can talk: one face, large, seen from the front, lips shut.

What is refused is refused with the reason, in the words of somebody who has to find another
picture.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pyvips

from telecine.kit.errors import UndecodableMediaError, UnsupportedMediaError
from telecine.media.seeing.faces import FaceFinder, Picture
from telecine.media.talking.mesh import Face, FaceMesh

#: Of the file's own pixels, brow to chin.
LEAST_FACE_PIXELS: Final = 200
#: Faces that are smaller than this beside the largest are somebody in the background.
_BYSTANDER: Final = 0.5
_LEAST_SCORE: Final = 0.8
_MOST_YAW_DEGREES: Final = 30.0
#: A smile that shows teeth has 0.15; somebody who speaks or laughs has more than this.
_MOST_GAP: Final = 0.22
_FIELD: Final = "image"
_GROUND: Final = (255, 255, 255)

pyvips.block_untrusted_set(True)  # noqa: FBT003 (its only argument)
pyvips.cache_set_max(0)


def read(path: Path, *, most_pixels: int) -> tuple[Picture, float]:
    """Return a picture upright in sRGB, with even sides, and how many of the file's pixels are
    one of its own. Raises `UndecodableMediaError`.
    """
    try:
        whole = pyvips.Image.new_from_file(str(path), access="sequential").autorot()
        scale = max(1.0, (whole.width * whole.height / most_pixels) ** 0.5)
        width, height = (max(2, int(side / scale) // 2 * 2) for side in (whole.width, whole.height))
        image = pyvips.Image.thumbnail(
            str(path), width, height=height, size="force", fail_on="error"
        ).colourspace("srgb")
        if image.hasalpha():
            image = image.flatten(background=list(_GROUND))
        pixels: Picture = np.ndarray(
            buffer=image.cast("uchar").write_to_memory(),
            dtype=np.uint8,
            shape=(image.height, image.width, image.bands),
        )
    except pyvips.Error as error:
        raise UndecodableMediaError("The image is damaged or cut off.", field=_FIELD) from error
    return np.ascontiguousarray(pixels[..., :3]), scale


def face_of(picture: Picture, *, finder: FaceFinder, network: FaceMesh, scale: float = 1.0) -> Face:
    """Return the one face. Raises `UnsupportedMediaError` that says why it cannot talk."""
    faces = finder.find(picture)
    if not faces:
        _require_upright(picture, finder=finder, network=network)
        raise _refused("there is no face in the image; send a portrait")
    largest = max(faces, key=lambda face: face.box.height)
    pixels = largest.box.height * picture.shape[0] * scale
    if pixels < LEAST_FACE_PIXELS:
        raise _refused(
            f"the face is {pixels:.0f} px high and must be {LEAST_FACE_PIXELS} px at least; "
            "send a larger or closer picture"
        )
    n_large = sum(face.box.height >= _BYSTANDER * largest.box.height for face in faces)
    if n_large > 1:
        raise _refused(f"there are {n_large} faces in the image; send one with a single face")
    face = network.fit(picture, largest.box)
    if face.score < _LEAST_SCORE:
        _require_upright(picture, finder=finder, network=network)
    require_talkable(face)
    return face


def require_talkable(face: Face) -> None:
    """Raise `UnsupportedMediaError` where a face is not seen well enough, or speaks already."""
    if face.score < _LEAST_SCORE:
        raise _refused(
            "no human face can be made out well enough; send a portrait with nothing in front of it"
        )
    if abs(face.yaw_degrees) > _MOST_YAW_DEGREES:
        raise _refused(
            f"the face is turned by {abs(face.yaw_degrees):.0f} degrees, and may be by "
            f"{_MOST_YAW_DEGREES:.0f}; send one that looks at the camera"
        )
    if face.mouth_gap > _MOST_GAP:
        raise _refused("the mouth is open already; send one with closed lips or a slight smile")


def _require_upright(picture: Picture, *, finder: FaceFinder, network: FaceMesh) -> None:
    """Raise `UnsupportedMediaError` where there is a face once the picture is turned by 90 degrees."""
    for turns in (1, 3):
        turned: Picture = np.ascontiguousarray(np.rot90(picture, turns))
        if any(
            network.fit(turned, face.box).score >= _LEAST_SCORE for face in finder.find(turned)[:2]
        ):
            raise _refused("the face lies on its side; turn the image upright")


def _refused(reason: str) -> UnsupportedMediaError:
    return UnsupportedMediaError(f"The portrait cannot talk: {reason}.", field=_FIELD)
