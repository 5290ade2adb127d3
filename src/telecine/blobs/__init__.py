"""Shelf: bytes under a key, in a folder or a bucket. Knows no file, job or account."""
