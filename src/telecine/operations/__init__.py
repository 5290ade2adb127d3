"""Kinds of work: one file each, listed in `registry.py`."""
