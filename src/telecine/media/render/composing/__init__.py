"""Layers onto frames: straight in planar YUV, as little of each frame as has changed."""
