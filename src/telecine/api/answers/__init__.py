"""Answers that are more than JSON: given later, as events, once more, as a page."""
