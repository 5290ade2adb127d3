"""Layers that move: the exact picture of a video or animated image at any instant."""
