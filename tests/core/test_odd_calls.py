"""Calls that are wrong in themselves, and secrets that were copied badly: one clear error each, nothing shown."""

from __future__ import annotations

import asyncio
import traceback
from typing import Any

import httpx
import httpx2
import pytest

import jackfield
from jackfield import AsyncClient, Boards, Client, Endpoint, HTTPRequest, hookimpl
from tests.core.conftest import acme
from tests.core.server import Server, completion, whole

SECRET = "sk-acme-0123456789"


@pytest.mark.parametrize("model", [None, 5, ""])
def test_a_model_that_is_no_name(boards: Boards, model: Any) -> None:
    with pytest.raises(jackfield.InvalidInput, match="a name is needed, such as provider/model"):
        Client(boards=boards, environ={}).chat(model, "Hi")


@pytest.mark.parametrize("messages", [5, {"role": "user", "parts": "Hi"}, b"Hi"])
def test_messages_that_are_no_list_beside_a_system_text(boards: Boards, messages: Any) -> None:
    client = Client({"acme": {"api_key": "k"}}, boards=boards)
    with pytest.raises(jackfield.InvalidInput, match="messages: a string or a list of messages is needed"):
        client.chat("acme/large", messages, system="Be brief")


def test_a_system_text_that_is_none(boards: Boards) -> None:
    system: Any = 5
    with pytest.raises(jackfield.InvalidInput, match="system: a string is needed, not 5"):
        Client({"acme": {"api_key": "k"}}, boards=boards).chat("acme/large", "Hi", system=system)


@pytest.mark.parametrize(
    ("headers", "message"),
    [("x-trace: 7", "need a header by name"), ({"x-trace": "7\r\nx-other: 8"}, "holds what no header can carry")],
)
def test_headers_that_cannot_be_sent(boards: Boards, headers: Any, message: str) -> None:
    client = Client({"acme": {"api_key": "k"}}, boards=boards)
    with pytest.raises(jackfield.InvalidInput, match=message):
        client.chat("acme/large", "Hi", provider_options={"acme": {"headers": headers}})


def test_white_space_around_a_key_is_not_part_of_it(server: Server, boards: Boards) -> None:
    server.answer(whole(completion()))
    with Client(boards=boards, environ={"ACME_API_KEY": f" {SECRET}\n"}) as client:
        client.chat("acme/large", "Hi")
    assert server.requests[0]["headers"]["authorization"] == f"Bearer {SECRET}"


@pytest.mark.parametrize("key", [f"{SECRET}\nsecond line", f"{SECRET}€"])
@pytest.mark.parametrize("given", ["override", "environment", "header"])
def test_a_key_that_no_header_can_carry_is_named_and_not_shown(boards: Boards, key: str, given: str) -> None:
    forms: dict[str, dict[str, Any]] = {
        "override": {"api_key": key},
        "environment": {},
        "header": {"api_key": "k", "headers": {"X-Team": key}},
    }
    where = {"override": "api_key", "environment": "ACME_API_KEY", "header": "x-team"}[given]
    client = Client({"acme": forms[given]}, boards=boards, environ={"ACME_API_KEY": key})
    with pytest.raises(jackfield.ConfigurationError, match=f"{where} holds a line break or a character") as caught:
        client.chat("acme/large", "Hi")
    assert SECRET not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("value", ["line\nbreak", "€"])
def test_a_plugin_that_gives_a_header_that_cannot_be_sent(server: Server, library: Any, value: str) -> None:
    class Bad:
        @hookimpl
        def authorize(self, http_request: HTTPRequest, endpoint: Endpoint) -> HTTPRequest:
            http_request.headers["x-odd"] = value
            return http_request

    config = acme(server.url)
    boards = Boards(environ={})
    boards.register("provider", "acme", Bad(), config["providers"]["acme"])
    with (
        library.Client() as transport,
        Client({"acme": {"api_key": "k"}}, boards=boards, transport=transport) as client,
    ):
        with pytest.raises(jackfield.ConfigurationError, match="no legal HTTP") as caught:
            client.chat("acme/large", "Hi")
        assert value not in caught.value.message

    async def ask() -> None:
        async with library.AsyncClient() as transport:
            await AsyncClient({"acme": {"api_key": "k"}}, boards=boards, transport=transport).chat("acme/large", "Hi")

    with pytest.raises(jackfield.ConfigurationError, match="no legal HTTP"):
        asyncio.run(ask())


def test_a_base_url_that_is_none_is_not_tried_again(boards: Boards) -> None:
    client = Client({"acme": {"api_key": "k", "base_url": "nonsense"}}, boards=boards)
    with client, pytest.raises(jackfield.ConfigurationError, match="the base URL is wrong") as caught:
        client.chat("acme/large", "Hi")
    assert caught.value.provider == "acme"
    assert len(caught.value.attempts) == 1


def test_what_a_tools_result_holds_goes_nowhere_else_either(boards: Boards) -> None:
    state = jackfield.ProviderState({"signature": SECRET}, dialect="other", origin="elsewhere")
    result = jackfield.ToolResult(
        call_id="c1",
        parts=(
            jackfield.Text(text="x", provider_state=state),
            jackfield.Native(dialect="other", body={"block": SECRET}, text="instead"),
        ),
    )
    message = jackfield.Message(role="tool", parts=(result,))
    client = Client({"acme": {"api_key": "k"}}, boards=boards)
    with pytest.warns(jackfield.UnsupportedParameterWarning, match="native was replaced by its text"):
        exchange = client.exchange(jackfield.ChatRequest(model="acme/large", messages=(message,)))
    assert [row.parameter for row in exchange.adjustments] == ["native"]
    assert SECRET.encode() not in exchange.http_request.body
    assert exchange.request.messages[0].parts[0].parts == (  # type: ignore[attr-defined]
        jackfield.Text(text="x"),
        jackfield.Text(text="instead"),
    )
    strange = result.model_copy(update={"parts": (jackfield.Native(dialect="other", body={}),)})
    with pytest.raises(jackfield.UnsupportedFeature, match="only other knows"):
        client.chat("acme/large", [jackfield.Message(role="tool", parts=(strange,))])


def test_a_key_in_the_query_or_in_a_header_of_ones_own_is_in_no_repr() -> None:
    config = acme("http://acme.invalid")
    config["providers"]["acme"]["auth"] = [{"kind": "query:key", "values": {"token": ["ACME_API_KEY"]}}]
    overrides = {"acme": {"api_key": SECRET, "headers": {"x-proxy-key": SECRET}}}
    client = Client(overrides, boards=Boards(config, environ={}))
    exchange = client.exchange(jackfield.ChatRequest(model="acme/large", messages="Hi"))
    signed = exchange.authorized()
    assert signed.url.endswith(f"?key={SECRET}")
    assert SECRET not in repr(signed) + repr(exchange.endpoint) + repr(client)


def test_a_client_sees_what_is_registered_after_its_first_call(server: Server, boards: Boards) -> None:
    seen: list[str] = []

    class Late:
        @hookimpl
        def exchange_finished(self, response: Any) -> None:
            seen.append(response.text)

    server.answer(whole(completion("Hi")))
    with Client({"acme": {"api_key": "k"}}, boards=boards) as client:
        client.chat("acme/large", "Hi")
        boards.register("extension", "late", Late())
        client.chat("acme/large", "Hi")
    assert seen == ["Hi"]
