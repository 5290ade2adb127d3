"""Texts that a request brings -> values; every refusal names its field."""
