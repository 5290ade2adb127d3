"""Made-up requests to every endpoint of the document get answers that the document has.

A few of each kind, the same in every run; `python -m tests.fuzzing` asks more.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests import fuzzing
from tests.fuzzing import Target

from telecine.api.reference import openapi
from telecine.api.routes import ENDPOINTS

#: Of each operation and kind of request.
EXAMPLES = 2
NAMES = [
    endpoint.operation_id
    # What deletes comes last, or there is nothing left to ask about.
    for endpoint in sorted(ENDPOINTS, key=lambda each: each.method == "DELETE")
    if not fuzzing.is_endless(
        openapi.describe([endpoint])["paths"][endpoint.path][endpoint.method.lower()]
    )
]


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with fuzzing.target(tmp_path_factory.mktemp("described")) as opened:
        yield opened


@pytest.mark.parametrize("name", NAMES)
def test_every_answer_to_made_up_requests_is_described(target: Target, name: str) -> None:
    target.ask(target.operation(name), examples=EXAMPLES, seed=None)
