"""What nothing public decides, decided: each test holds one row of docs/reference/seed-choices.md."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.apps.gateway.conftest import ask
from tests.apps.gateway.eden.conftest import Upstreams
from tests.apps.gateway.jamai.test_chat import BODY, FUNCTION, HI, PATH
from tests.core.server import chunk, streamed


def test_choice_model_is_picked(address: str, upstreams: Upstreams) -> None:
    found = ask(address, {"messages": HI}, PATH).json()
    assert found["model"].startswith("openai/")
    assert upstreams.body()["model"] == found["model"].removeprefix("openai/")


def test_choice_hosted_tools_elsewhere(address: str, upstreams: Upstreams) -> None:
    tools: list[Any] = [{"type": "web_search"}, FUNCTION]
    assert ask(address, {**BODY, "tools": tools}, PATH).is_success
    assert upstreams.body("mistral")["tools"] == [FUNCTION]


def test_choice_late_error_breaks_off(address: str, upstreams: Upstreams) -> None:
    upstreams["mistral"].answer(streamed(chunk(content="Hel"), finished=False))
    with (
        httpx.stream("POST", address + PATH, json={**BODY, "stream": True}) as answer,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        answer.read()


def test_choice_secrets_are_masked(address: str) -> None:
    answer = ask(address, {"messages": []}, PATH, **{"x-anything": "jf-secret", "x-project-id": "p1"})
    shown = answer.json()["request_headers"]
    assert (shown["x-anything"], shown["x-project-id"]) == ("***", "p1")


def test_choice_no_price_in_the_answer(address: str, upstreams: Upstreams) -> None:
    assert "cost" not in ask(address, BODY, PATH).json()
