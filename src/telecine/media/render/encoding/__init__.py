"""Frames and sound to files: codecs, containers, chunks that any worker may encode."""
