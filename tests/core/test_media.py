"""Media at addresses, for a model that takes content alone: fetched by the client, from where it may, and told."""

from __future__ import annotations

import asyncio
import base64
import ipaddress
import json
from collections.abc import Iterator
from typing import Any

import pytest

import jackfield
from jackfield import (
    AsyncClient,
    Boards,
    Client,
    InvalidInput,
    Media,
    Message,
    Text,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
)
from jackfield.fetching import FetchLimits
from tests.core.colours import Asking
from tests.core.conftest import acme
from tests.core.server import DONE, USAGE, Script, Server, chunk, completion, running, streamed, whole

LOOPBACK = FetchLimits(size=1000, seconds=5.0, allowed=(ipaddress.ip_network("127.0.0.0/8"),))
PNG = b"\x89PNG\r\n\x1a\n"


def _shown(url: str, **members: Any) -> list[Message]:
    return [Message(role="user", parts=(Text(text="What is this?"), Media(kind="image", source=url, **members)))]


def _file(content: bytes, mime: str) -> Script:
    return whole(content, 200, **{"content-type": mime})


def _image(server: Server, number: int = -1) -> str:
    (part,) = [
        part
        for message in json.loads(server.requests[number]["body"])["messages"]
        for part in message["content"]
        if isinstance(part, dict) and part["type"] == "image_url"
    ]
    url: str = part["image_url"]["url"]
    return url


@pytest.fixture
def pictures() -> Any:
    with running() as found:
        yield found


@pytest.mark.parametrize("method", ["chat", "stream", "run", "run_stream"])
def test_what_stands_at_an_address_is_fetched(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any], method: str
) -> None:
    pictures.answer(_file(PNG, "image/png"))
    said = streamed(chunk(content="A cat"), chunk(finish="stop"), USAGE, DONE)
    server.answer(said if "stream" in method else whole(completion("A cat")))
    found = asking(method, "acme/large", _shown(f"{pictures.url}/cat"), options=options | {"media": LOOPBACK})
    response = found[1] if method == "run_stream" else found
    response = response.run if method == "run_stream" else response
    response = found[1].response if method == "stream" else getattr(response, "response", response)
    assert response.text == "A cat"
    assert _image(server) == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert [(change.parameter, change.action) for change in response.adjustments] == [("media", "fetched")]
    assert len(pictures.requests) == 1


def test_one_address_is_fetched_once_and_retries_use_what_came(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any]
) -> None:
    pictures.answer(_file(PNG, "image/png"))
    server.answer(whole({"error": {"message": "slow down"}}, 429, retry_after="0"), whole(completion()))
    result = ToolResult(call_id="c", parts=(Media(kind="image", source=f"{pictures.url}/cat"),))
    call = Message(role="assistant", parts=(ToolCall(id="c", name="look"),))
    talk = [*_shown(f"{pictures.url}/cat"), call, Message(role="tool", parts=(result,))]
    answer = asking("chat", "acme/large", talk, options=options | {"media": LOOPBACK, "retries": 1})
    assert len(answer.attempts) == 2
    assert len(pictures.requests) == 1
    assert server.requests[0]["body"] == server.requests[1]["body"]
    assert f"{pictures.port}".encode() not in server.requests[0]["body"]


def test_a_fallback_that_takes_content_alone_fetches_too(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any]
) -> None:
    """The first model takes the address as it is; the next one does not."""
    models = [{"id": "far", "media": {"image": ["url"]}}, {"id": "large", "media": {"image": ["bytes"]}}]
    boards = Boards(acme(server.url, models=models), environ={})
    pictures.answer(_file(PNG, "image/png"))
    server.answer(whole({"error": {"message": "broke"}}, 500), whole(completion()))
    options = options | {"media": LOOPBACK, "boards": boards}
    asking("chat", "acme/far", _shown(f"{pictures.url}/cat"), fallbacks="acme/large", options=options)
    assert _image(server, 0) == f"{pictures.url}/cat"
    assert _image(server, 1).startswith("data:image/png;base64,")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:{port}/a", "http://localhost:{port}/a", "http://169.254.169.254/meta"]
)
def test_by_default_only_public_hosts_are_asked(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any], url: str
) -> None:
    with pytest.raises(InvalidInput, match="no public address") as caught:
        asking("chat", "acme/large", _shown(url.format(port=pictures.port)), options=options)
    assert (caught.value.param, caught.value.provider, caught.value.model) == ("messages", "acme", "large")
    assert not pictures.requests
    assert not server.requests


@pytest.mark.parametrize("setting", [{"media": False}, {"media": LOOPBACK, "unsupported": "error"}])
def test_nothing_is_fetched_where_that_is_not_wanted(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any], setting: dict[str, Any]
) -> None:
    with pytest.raises(UnsupportedFeature, match="no image by url; give it as bytes"):
        asking("chat", "acme/large", _shown(f"{pictures.url}/cat"), options=options | setting)
    assert not pictures.requests


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (_file(b"<html>", "text/html"), "is text/html, and no image"),
        (whole(b"", 404), "answers 404"),
        (_file(b"x" * 1001, "image/png"), "larger than 1000 bytes"),
        (whole(b"", 302, location="http://10.0.0.1/"), "no public address"),
    ],
    ids=["type", "status", "size", "redirect"],
)
def test_what_cannot_be_had_is_told_before_anything_is_sent(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any], script: Any, message: str
) -> None:
    pictures.answer(script)
    with pytest.raises(InvalidInput, match=message):
        asking("chat", "acme/large", _shown(f"{pictures.url}/cat"), options=options | {"media": LOOPBACK})
    assert not server.requests


@pytest.mark.parametrize(
    ("served", "members", "mime"),
    [("application/octet-stream", {}, "image/jpeg"), ("text/plain", {"mime": "image/gif"}, "image/gif")],
)
def test_the_type_is_what_is_known_best(
    server: Server, pictures: Server, options: dict[str, Any], served: str, members: dict[str, str], mime: str
) -> None:
    pictures.answer(_file(PNG, served))
    server.answer(whole(completion()))
    with Client(**options, media=LOOPBACK) as client:
        client.chat("acme/large", _shown(f"{pictures.url}/cat.jpg?x=1", **members))
    assert _image(server).startswith(f"data:{mime};base64,")


def test_addresses_of_one_request_are_counted(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    talk = [message for number in range(3) for message in _shown(f"{server.url}/{number}")]
    limits = FetchLimits(count=2, allowed=LOOPBACK.allowed)
    with pytest.raises(InvalidInput, match="at most 2 addresses are fetched for one request, not 3"):
        asking("chat", "acme/large", talk, options=options | {"media": limits})
    assert not server.requests


def test_addresses_of_one_request_share_a_bound(
    server: Server, pictures: Server, asking: Asking, options: dict[str, Any]
) -> None:
    pictures.answer([b"HTTP/1.1 200 X\r\ncontent-type: image/png\r\ncontent-length: 600\r\n\r\n" + bytes(600)])
    limits = FetchLimits(size=1000, total=1500, allowed=LOOPBACK.allowed)
    server.answer(whole(completion()))
    for number, fits in ((2, True), (3, False)):
        talk = [message for name in range(number) for message in _shown(f"{pictures.url}/{name}.png")]
        if fits:
            asking("chat", "acme/large", talk, options=options | {"media": limits})
            continue
        with pytest.raises(InvalidInput, match="more than 1500 bytes together; give fewer or smaller"):
            asking("chat", "acme/large", talk, options=options | {"media": limits})
    assert len(server.requests) == 1


def test_other_calls_go_on_while_something_is_fetched(
    server: Server, pictures: Server, options: dict[str, Any]
) -> None:
    """The picture comes only once another call has its whole answer: a loop that is blocked would never end that."""
    answered = asyncio.Event()

    class Withheld(list[Any]):
        """A script that begins once the event is set."""

        def __iter__(self) -> Iterator[Any]:
            while not answered.is_set():
                yield 0.01
            yield from super().__iter__()

    pictures.answer(Withheld(_file(PNG, "image/png")))
    server.answer(whole(completion()))

    async def ask() -> None:
        async with AsyncClient(**options, media=LOOPBACK) as client:
            shown = asyncio.create_task(client.chat("acme/large", _shown(f"{pictures.url}/cat")))
            while not pictures.requests:
                await asyncio.sleep(0.01)
            await client.chat("acme/large", "Hi")
            answered.set()
            assert (await shown).text == "Hello"

    asyncio.run(ask())
    assert len(server.requests) == 2


def test_who_brings_his_own_io_is_refused(server: Server, options: dict[str, Any]) -> None:
    with Client(**options, media=LOOPBACK) as client, pytest.raises(UnsupportedFeature, match="give it as bytes"):
        client.exchange(jackfield.ChatRequest(model="acme/large", messages=tuple(_shown(f"{server.url}/cat"))))


def test_legs_of_a_fan_out_fetch_as_their_client_does(
    server: Server, pictures: Server, options: dict[str, Any]
) -> None:
    pictures.answer(_file(PNG, "image/png"))
    server.answer(whole(completion("A cat")))
    with Client(**options, media=LOOPBACK) as client, client.fan_out(["acme/large"], _shown(pictures.url)) as legs:
        (leg,) = legs
    assert leg.response is not None
    assert leg.response.text == "A cat"
