"""A third party adds an operation: its own request, its own response, its own hooks, in a package of its own."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jackfield import AsyncClient, Boards, Client, PluginError, RateLimitError, UnsupportedOperation
from tests.core.server import Server, running, whole

PACKAGE = '''
"""Moderation, by a third party."""

from dataclasses import dataclass
from typing import ClassVar

from pydantic_core import from_json

from jackfield import HTTPRequest, Item, Request, Response, Usage, hookimpl


@dataclass(slots=True, kw_only=True)
class ModerationResponse(Response):
    flagged: tuple[bool, ...] = ()


class ModerationRequest(Request):
    operation: ClassVar[str] = "moderation"
    response: ClassVar[type[Response]] = ModerationResponse

    inputs: tuple[str, ...]
    strict: bool | None = None


@hookimpl
def translate_request(request, endpoint):
    if isinstance(request, ModerationRequest):
        body = {"model": request.model, "input": list(request.inputs), "strict": request.strict}
        return HTTPRequest("POST", f"{endpoint.base_url}/moderations", {}, body)


@hookimpl
def normalize_response(request, response):
    if isinstance(request, ModerationRequest):
        body = from_json(response.body)
        flagged = tuple(row["flagged"] for row in body["results"])
        return ModerationResponse(model=body["model"], flagged=flagged, raw=body, raw_usage={"checks": len(flagged)})


@hookimpl
def usage_items(request, raw, facts):
    if isinstance(request, ModerationRequest):
        return Usage(others=(Item(frozenset({"check"}), raw["checks"], unit="check"),))
'''
CATALOG = """
[provider]
name = "warden"
title = "Warden"
dialect = "openai-chat"
base_url = "{url}"
operations = ["moderation"]

[limits]
strict = false

[[auth]]
kind = "bearer"
values = {{ token = ["WARDEN_KEY"] }}

[[models]]
id = "guard"
prices = [{{ rates = {{ check = {{ amount = "0.5", per = 1, unit = "check" }} }} }}]
"""


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def boards(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Boards]:
    """Install the package in a folder that Python looks into."""
    package, known = tmp_path / "jackfield_warden", tmp_path / "jackfield_warden-1.0.dist-info"
    package.mkdir()
    known.mkdir()
    (package / "__init__.py").write_text(PACKAGE)
    (package / "catalog.toml").write_text(CATALOG.format(url=server.url))
    (known / "METADATA").write_text("Metadata-Version: 2.1\nName: jackfield-warden\nVersion: 1.0\n")
    (known / "entry_points.txt").write_text("[jackfield.providers]\nwarden = jackfield_warden\n")
    (known / "RECORD").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield Boards(environ={})
    sys.modules.pop("jackfield_warden", None)


def ask(boards: Boards, colour: str, model: str = "warden/guard") -> Any:
    from jackfield_warden import ModerationRequest  # type: ignore[import-not-found]  # the fixture makes it

    request = ModerationRequest(model=model, inputs=("a", "b"), strict=True)
    settings = {"warden": {"api_key": "k"}, "openai": {"api_key": "k"}}
    if colour == "sync":
        with Client(settings, boards=boards, retries=0, unsupported="record") as client:
            return client.send(request)

    async def send() -> Any:
        async with AsyncClient(settings, boards=boards, retries=0, unsupported="record") as client:
            return await client.send(request)

    return asyncio.run(send())


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_third_party_adds_a_kind_of_its_own(boards: Boards, server: Server, colour: str) -> None:
    body = {"id": "modr-1", "model": "guard", "results": [{"flagged": True}, {"flagged": False}]}
    server.answer(whole(body, x_request_id="req-1"))
    answer = ask(boards, colour)
    assert type(answer).__module__ == "jackfield_warden"
    assert (answer.flagged, answer.raw, answer.provider) == ((True, False), body, "warden")
    assert server.requests[0]["path"] == "/v1/moderations"
    assert json.loads(server.requests[0]["body"]) == {"model": "guard", "input": ["a", "b"], "strict": None}
    assert [row.parameter for row in answer.adjustments] == ["strict"], "its limits hold for its own request"
    assert str(answer.cost.total) in ("1", "1.0")
    assert answer.request_id == "req-1"
    assert json.loads(answer.to_json())["flagged"] == [True, False]


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_its_errors_are_those_of_any_operation(boards: Boards, server: Server, colour: str) -> None:
    server.answer(whole({"error": {"message": "slowly"}}, 429))
    with pytest.raises(RateLimitError, match="slowly") as caught:
        ask(boards, colour)
    assert caught.value.provider == "warden"
    server.answer(whole({"model": "guard"}))
    with pytest.raises(PluginError, match="jackfield-warden"):
        ask(boards, colour)


def test_who_does_not_offer_it_says_so(boards: Boards, server: Server) -> None:
    with pytest.raises(UnsupportedOperation, match="no moderation here"):
        ask(boards, "sync", model="openai/gpt-5.4")
    assert not server.requests
