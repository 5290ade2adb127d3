"""Texts and JSON that a request brings -> values; every refusal names its field."""
