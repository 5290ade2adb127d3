"""Refusals in the words of the command line: the options as they are typed, not the API's fields.

A field is called as its option, unless the command says how else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from telecine.kit.errors import TelecineError


@contextmanager
def as_typed(**options: str) -> Iterator[None]:
    """Have errors of the block name options. `options` are those that are no field's name."""
    try:
        yield
    except TelecineError as error:
        if error.field is not None and not error.field.startswith("-"):
            known = {error.field: _option(error.field), **options}
            for field, option in known.items():
                error.message = error.message.replace(f"'{field}'", option)
            error.message = re.sub(r"\bmethod=(\w+)", r"--method \1", error.message)
            error.field = known[error.field]
        raise


def _option(field: str) -> str:
    return f"--{field.replace('_', '-')}"
