"""Layers that stand still, drawn once by skia: text, shapes, images, SVG, code."""
