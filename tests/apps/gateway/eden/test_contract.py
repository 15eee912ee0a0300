"""Every property of the vendor's description: what it may not be is refused by name, what it may just be is taken."""

from __future__ import annotations

import os
from typing import Any

import httpx
import pytest

from tests.apps.gateway.eden.conftest import Upstreams
from tests.apps.gateway.eden.contract import ABSENT, PATHS, Case, cases, document, smallest
from tests.core.server import DONE, USAGE, chunk, streamed

pytestmark = pytest.mark.needs("recordings")
FOUND = [case for path in PATHS for case in cases(path)] if os.environ.get("JACKFIELD_RECORDINGS") else []
#: What is sent beside a value that means nothing alone.
BESIDE: dict[str, dict[str, Any]] = {
    "fallback_providers": {},
    "top_logprobs": {"logprobs": True},
    "function_call": {"functions": [{"name": "f", "parameters": {"type": "object", "properties": {}}}]},
}


def test_there_is_a_case_for_every_kind_of_property() -> None:
    assert len(FOUND) > 400
    assert {case.what for case in FOUND} == {
        "absent", "null", "wrong", "below", "least", "above", "most", "strange", "long", "blank",
    }  # fmt: skip


def send(address: str, case: Case) -> httpx.Response:
    body = smallest(case.path) | BESIDE.get(case.name, {})
    if case.value is ABSENT:
        body.pop(case.name, None)
    else:
        body[case.name] = case.value
    return httpx.post(address + PATHS[case.path], json=body, timeout=10)


@pytest.mark.parametrize("case", [case for case in FOUND if case.refused], ids=lambda case: case.id)
def test_what_a_property_may_not_be_is_refused_by_its_name(address: str, upstreams: Upstreams, case: Case) -> None:
    answer = send(address, case)
    assert answer.status_code == 400, answer.text
    error = answer.json()["error"]
    assert error.keys() == {"type", "message"}
    assert error["type"] == "validation_error"
    assert [*error["message"]] == [case.name]
    assert all(isinstance(sentence, str) for sentence in error["message"][case.name])
    assert not any(server.requests for server in upstreams.values())


@pytest.mark.parametrize("case", [case for case in FOUND if not case.refused], ids=lambda case: case.id)
def test_what_a_property_may_just_be_is_taken(address: str, upstreams: Upstreams, case: Case) -> None:
    if "stream" in case.path:
        upstreams["openai"].answer(streamed(chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE))
    answer = send(address, case)
    assert answer.status_code == 200, answer.text
    assert len(upstreams["openai"].requests) == 1


def test_the_addresses_of_the_description_are_served() -> None:
    assert PATHS.keys() <= document()["paths"].keys()
