"""The demo: the sandbox answers for every installed provider, in each dialect that its catalog names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from jackfield_sandbox import AsyncSandboxTransport, stand_in
from tests.apps.gateway.conftest import served
from tests.apps.gateway.test_serve import serving

CATALOGS = Boards(environ={})
#: Those that chat; others embed and rerank alone.
CHATTING = [name for name in CATALOGS.providers() if "chat" in CATALOGS.info(name).operations]
PAIRS = [
    (name, dialect)
    for name in CHATTING
    for info in (CATALOGS.info(name),)
    for dialect in sorted({info.dialect, *info.table.get("dialects", {})})
]
#: Where the own code of a provider rewrites the address or the body.
QUIRKS = {("vertex", "anthropic-messages"), ("ibm", "openai-chat"), ("amazon", "anthropic-messages"),
          ("writer", "openai-chat"), ("cloudflare", "openai-chat"), ("microsoft", "openai-chat")}  # fmt: skip


@pytest.fixture(scope="module")
def gateways() -> Iterator[dict[str, str]]:
    """A gateway for each dialect, in which every provider speaks it and is answered for."""
    with ExitStack() as stack:

        @cache
        def open_gateway(dialect: str) -> str:
            boards = Boards(environ={})
            transport = AsyncSandboxTransport(boards)
            names = [name for name, spoken in PAIRS if spoken == dialect]
            providers = {name: {**stand_in(boards, name, transport), "dialect": dialect} for name in names}
            return stack.enter_context(served(GatewayApp(providers, boards=boards)))

        yield {dialect: open_gateway(dialect) for _, dialect in PAIRS}


def asked(name: str, stream: bool) -> dict[str, object]:
    model = CATALOGS.info(name).default_model or "some-model"
    return {"model": f"{name}/{model}", "messages": [{"role": "user", "content": "Hello"}], "stream": stream}


def test_the_quirks_are_among_the_pairs() -> None:
    assert set(PAIRS) >= QUIRKS


@pytest.mark.parametrize(("name", "dialect"), PAIRS, ids="-".join)
def test_every_provider_is_answered_for_in_every_dialect(name: str, dialect: str, gateways: dict[str, str]) -> None:
    address = f"{gateways[dialect]}/v1/chat/completions"
    whole = httpx.post(address, json=asked(name, False), timeout=20)
    assert (whole.status_code, whole.headers.get("x-jackfield-sandbox")) == (200, "1"), whole.text
    assert whole.json()["choices"][0]["message"]["content"]
    streamed = httpx.post(address, json=asked(name, True), timeout=20)
    assert (streamed.status_code, streamed.headers.get("x-jackfield-sandbox")) == (200, "1"), streamed.text
    assert streamed.text.rstrip().endswith("data: [DONE]")
    assert '"error"' not in streamed.text


def test_the_command_answers_for_all_that_it_greets_with(tmp_path: Path) -> None:
    environ = {"AZURE_OPENAI_RESOURCE": "contoso", "OPENAI_API_VERSION": "2024-10-21", "CLOUDFLARE_AI_API": "run"}
    with serving(tmp_path, "--demo", **environ) as (address, process):
        answers = {
            (name, stream): httpx.post(f"{address}/v1/chat/completions", json=asked(name, stream), timeout=20)
            for name in CHATTING
            if (info := CATALOGS.info(name)).auth and all(way.values for way in info.auth)
            for stream in (False, True)
        }
        process.terminate()
        out, _ = process.communicate(timeout=10)
    assert {name for name, _ in answers} >= {name for name, _ in QUIRKS}
    for (name, stream), answer in answers.items():
        assert f"  {name}: the sandbox answers" in out
        assert (answer.status_code, answer.headers.get("x-jackfield-sandbox")) == (200, "1"), (
            name,
            stream,
            answer.text,
        )
