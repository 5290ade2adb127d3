"""Colours and gradients as skia paints.

A gradient fills a box from (0, 0). Linear: angle 0 runs left to right, 90 top to bottom, and
the end colours just touch the corners, as in CSS. Radial: a circle about the centre that
touches the corners. Conic: clockwise from the top, turned by the angle. Colours between two
stops are mixed with their alpha multiplied in, as browsers do.
"""

from __future__ import annotations

import math
from typing import Final

from telecine.media.render.drawing.skia_guard import skia
from telecine.media.timeline.model import Colour, Gradient, Paint, Stroke

_MIXES_PREMULTIPLIED: Final = 1


def colour4f(colour: Colour) -> skia.Color4f:
    """Return skia's form of a colour."""
    return skia.Color4f(colour.red, colour.green, colour.blue, colour.alpha)


def fill_paint(paint: Paint, width: float, height: float) -> skia.Paint:
    """Return a paint that fills a box of that size."""
    made = skia.Paint(AntiAlias=True)
    if isinstance(paint, Colour):
        made.setColor4f(colour4f(paint), None)
    else:
        made.setShader(_shader(paint, max(width, 1e-3), max(height, 1e-3)))
    made.setDither(isinstance(paint, Gradient))
    return made


def stroke_paint(stroke: Stroke, *, round_join: bool = False) -> skia.Paint:
    """Return a paint that draws an outline."""
    made = fill_paint(stroke.paint, 1, 1)
    made.setStyle(skia.Paint.kStroke_Style)
    made.setStrokeWidth(stroke.width)
    if round_join:
        made.setStrokeJoin(skia.Paint.kRound_Join)
    return made


def _shader(gradient: Gradient, width: float, height: float) -> skia.Shader:
    stops = sorted(gradient.stops, key=lambda stop: stop.offset)
    colours = [colour4f(stop.colour).toColor() for stop in stops]
    offsets = [min(max(stop.offset, 0.0), 1.0) for stop in stops]
    if len(stops) == 1:
        colours, offsets = colours * 2, [0.0, 1.0]
    centre = skia.Point(width / 2, height / 2)
    make = skia.GradientShader
    tile = skia.TileMode.kClamp
    if gradient.kind == "radial":
        radius = math.hypot(width, height) / 2
        return make.MakeRadial(centre, radius, colours, offsets, tile, _MIXES_PREMULTIPLIED)
    if gradient.kind == "conic":
        turn = skia.Matrix.RotateDeg(gradient.angle - 90, centre)
        return make.MakeSweep(
            centre.x(), centre.y(), colours, offsets, tile, 0, 360, _MIXES_PREMULTIPLIED, turn
        )
    angle = math.radians(gradient.angle)
    reach = (abs(width * math.cos(angle)) + abs(height * math.sin(angle))) / 2
    step = skia.Point(math.cos(angle) * reach, math.sin(angle) * reach)
    return make.MakeLinear(
        [centre - step, centre + step], colours, offsets, tile, _MIXES_PREMULTIPLIED
    )
