"""Figures that the wire words for clients."""

from __future__ import annotations

import pytest

from telecine.api.compress.wire import percent_saved


@pytest.mark.parametrize(
    ("before", "after", "expected"), [(100, 30, 70), (100, 100, 0), (100, 130, -30), (1000, 4, 100)]
)
def test_the_ratio_is_the_percentage_saved(before: int, after: int, expected: int) -> None:
    assert percent_saved(before, after) == expected
