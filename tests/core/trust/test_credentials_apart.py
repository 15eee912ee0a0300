"""Whose credentials are seen by whom: a board is handed those of its own provider, and no others."""

from __future__ import annotations

import types
from collections.abc import Generator, Iterator
from typing import Any

import pytest

from jackfield import AsyncClient, Boards, Client, PluginError, hookimpl
from tests.core.conftest import acme
from tests.core.server import Server, completion, whole

KEYS = {"acme": "secret-of-acme", "rival": "secret-of-rival"}


class Curious:
    """Keeps whatever it is given."""

    def __init__(self) -> None:
        self.given: list[Any] = []


class CuriousProvider(Curious):
    """Answers no hook, and keeps what each is asked."""

    @hookimpl
    def translate_request(self, request: Any, endpoint: Any) -> None:
        self.given += [request, endpoint]

    @hookimpl
    def authorize(self, http_request: Any, endpoint: Any) -> None:
        self.given += [http_request, endpoint]

    @hookimpl
    def normalize_response(self, request: Any, response: Any) -> None:
        self.given += [request, response]

    @hookimpl
    def usage_items(self, request: Any, raw: Any, facts: Any) -> None:
        self.given += [request, raw, facts]

    @hookimpl
    def exchange_started(self, exchange: Any) -> None:
        self.given.append(exchange)

    @hookimpl
    def exchange_finished(self, exchange: Any, response: Any) -> None:
        self.given += [exchange, response]


class CuriousExtension(Curious):
    """Wraps and observes what it can."""

    @hookimpl(wrapper=True)
    def translate_request(self, request: Any, endpoint: Any) -> Generator[None, Any, Any]:
        self.given += [request, endpoint]
        found = yield
        self.given.append(found)
        return found

    @hookimpl(wrapper=True)
    def normalize_response(self, request: Any, response: Any) -> Generator[None, Any, Any]:
        self.given += [request, response]
        return (yield)

    @hookimpl
    def exchange_started(self, exchange: Any) -> None:
        self.given.append(exchange)

    @hookimpl
    def exchange_finished(self, exchange: Any, response: Any) -> None:
        self.given += [exchange, response]

    @hookimpl
    def wrap_exchange(self, request: Any) -> None:
        self.given.append(request)


def _texts(value: Any, seen: set[int]) -> Iterator[str]:
    """Give every text that can be reached from a value through its members."""
    if isinstance(value, bytes | bytearray):
        yield bytes(value).decode(errors="replace")
    elif isinstance(value, str):
        yield value
    elif not isinstance(value, types.ModuleType | types.FunctionType | type) and id(value) not in seen:
        seen.add(id(value))
        members = [getattr(value, name, None) for kind in type(value).__mro__ for name in _slots(kind)]
        members += vars(value).values() if hasattr(value, "__dict__") else []
        if isinstance(value, dict | types.MappingProxyType):
            members += [*value.keys(), *value.values()]
        elif isinstance(value, list | tuple | set | frozenset):
            members += value
        for member in members:
            yield from _texts(member, seen)


def _slots(kind: type) -> tuple[str, ...]:
    names = kind.__dict__.get("__slots__", ())
    return (names,) if isinstance(names, str) else tuple(names)


def _reached(given: list[Any]) -> set[str]:
    texts = list(_texts(given, set()))
    return {name for name, key in KEYS.items() if any(key in text for text in texts)}


@pytest.fixture
def plugins(server: Server) -> tuple[Boards, dict[str, CuriousProvider], CuriousExtension]:
    table = acme(server.url)["providers"]["acme"]
    boards = Boards({"providers": {}}, environ={"JACKFIELD_DISABLE": "prices,otel"})
    curious = {name: CuriousProvider() for name in KEYS}
    for name, plugin in curious.items():
        auth = [{"kind": "bearer", "values": {"token": [f"{name.upper()}_API_KEY"]}}]
        own = {**table, "provider": {**table["provider"], "name": name}, "auth": auth}
        boards.register("provider", name, plugin, own)
    extension = CuriousExtension()
    boards.register("extension", "curious", extension)
    server.answer(whole(completion("Hi")))
    return boards, curious, extension


@pytest.mark.parametrize(("asked", "other"), [("acme", "rival"), ("rival", "acme")])
def test_an_exchange_shows_the_credential_of_its_own_provider_alone(
    plugins: tuple[Boards, dict[str, CuriousProvider], CuriousExtension], server: Server, asked: str, other: str
) -> None:
    boards, curious, extension = plugins
    with Client({name: {"api_key": key} for name, key in KEYS.items()}, boards=boards, environ={}) as client:
        assert client.chat(f"{asked}/large", "Hi").text == "Hi"
    assert server.requests[-1]["headers"]["authorization"] == f"Bearer {KEYS[asked]}"
    assert curious[other].given == []
    assert _reached(curious[asked].given) == {asked}, "its own; the walk does find what is there"
    assert _reached(extension.given) <= {asked}


async def _ask(boards: Boards, asked: str) -> str:
    environ = {f"{name.upper()}_API_KEY": key for name, key in KEYS.items()}
    async with AsyncClient(boards=boards, environ=environ) as client:
        return (await client.chat(f"{asked}/large", "Hi")).text


def test_so_it_is_with_keys_of_the_environment_and_without_blocking(
    plugins: tuple[Boards, dict[str, CuriousProvider], CuriousExtension],
) -> None:
    import asyncio

    boards, curious, extension = plugins
    assert asyncio.run(_ask(boards, "acme")) == "Hi"
    assert curious["rival"].given == []
    assert _reached(curious["acme"].given) == {"acme"}
    assert _reached(extension.given) <= {"acme"}


def test_an_extension_cannot_answer_in_a_providers_place(
    plugins: tuple[Boards, dict[str, CuriousProvider], CuriousExtension],
) -> None:
    class Impostor:
        @hookimpl
        def authorize(self, http_request: Any) -> Any:
            return http_request

    boards, _, _ = plugins
    boards.register("extension", "impostor", Impostor())
    with pytest.raises(PluginError, match=r"impostor .*authorize would replace every provider's"):
        boards.open("acme")


def test_an_extension_that_is_asked_last_cannot_answer_before_the_core(
    plugins: tuple[Boards, dict[str, CuriousProvider], CuriousExtension], server: Server
) -> None:
    class Late:
        @hookimpl(trylast=True)
        def authorize(self, http_request: Any) -> Any:
            http_request.headers["authorization"] = "Bearer another"
            return http_request

    boards, _, _ = plugins
    boards.register("extension", "late", Late())
    with Client({"acme": {"api_key": KEYS["acme"]}}, boards=boards, environ={}) as client:
        client.chat("acme/large", "Hi")
    assert server.requests[-1]["headers"]["authorization"] == f"Bearer {KEYS['acme']}"
