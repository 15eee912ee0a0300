"""Providers that are broken on purpose, each in one thing, and the check that finds it."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Generator, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from pydantic_core import from_json, to_json

from jackfield import (
    ChatResponse,
    Cost,
    Delta,
    Endpoint,
    Event,
    HTTPRequest,
    HTTPResponse,
    JackfieldError,
    Part,
    RateLimitError,
    Request,
    ToolCall,
    Usage,
    UsageDelta,
    hookimpl,
)
from jackfield.errors import class_for_status
from jackfield.framing import register
from jackfield_conformance import Answer, ProviderConformance, Recorded
from tests.apps.conformance.sound import CATALOG, DIALECT, Decoder, Dialect

sys.path.insert(0, str(Path(__file__).parent / "packages"))
#: It lies in a folder of its own: an import is looked at by its package.
rude_provider = import_module("rude_provider")
BROKEN: dict[type[ProviderConformance], str] = {}
_Wrapper = Generator[Any, Any, Any]


class SoundProvider(ProviderConformance):
    """The provider that nothing is wrong with."""

    name = "sound"
    data: ClassVar[Any] = CATALOG
    companions: ClassVar[Any] = (("dialect", "sound", Dialect(), DIALECT),)


def broken(check: str, plugin: Any = None, data: Any = CATALOG, speaks: Any = None, **members: Any) -> None:
    """Make the class that tests a broken provider: its plugin, its catalog, or the dialect that it speaks."""
    name = "Broken" + check.removeprefix("test_").title().replace("_", "")
    speaker = ("dialect", "sound", speaks if speaks is not None else Dialect(), DIALECT)
    members |= {"name": "sound", "plugin": plugin, "data": data, "companions": (speaker,), "__module__": __name__}
    cls = type(name, (ProviderConformance,), members)
    globals()[name] = cls
    BROKEN[cls] = check


def catalog(*path: Any, value: Any) -> Any:
    """Return the catalog with one member changed."""

    def put(table: Any, names: tuple[Any, ...]) -> Any:
        if not names:
            return value
        if isinstance(table, list):
            return [put(row, names[1:]) if number == names[0] else row for number, row in enumerate(table)]
        return {**table, names[0]: put(table.get(names[0], {}), names[1:])}

    return put(CATALOG, path)


class Translating:
    """A provider that bends what goes out."""

    @hookimpl(wrapper=True)
    def translate_request(self, request: Request, endpoint: Endpoint) -> _Wrapper:
        """Bend the HTTP request."""
        found = yield
        return self.bend(found, request)

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        """Change something."""
        raise NotImplementedError


# -- level 0 ----------------------------------------------------------------------------------------------------

broken("test_import_does_nothing", rude_provider)


class Async:
    """A hook that is a coroutine."""

    @hookimpl
    async def normalize_error(self, request: Request, response: HTTPResponse) -> None:
        """Read nothing."""


broken("test_registers", Async())
broken("test_catalog_can_be_read", data=catalog("provider", "default_model", value="sound-2") | {"dialect": "sound"})

# -- level 1 ----------------------------------------------------------------------------------------------------


class SaysNothingOfTools(Translating):
    """Leaves out what tools are for."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        for tool in found.body.get("tools", ()):
            tool.pop("description", None)
        return found


class DropsTopP(Translating):
    """Drops a parameter."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        found.body.get("ask", {}).pop("top_p", None)
        return found


class HasASeed(Translating):
    """Sends what nobody asked for."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        found.body.setdefault("ask", {}).setdefault("seed", 7)
        return found


class Encodes(Translating):
    """Encodes the body itself, so that nobody can add to it."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        found.body = to_json(found.body)
        return found


class Unquoted(Translating):
    """Writes the model's name into the address as it is."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        found.url += f"?model={request.model}"
        return found


class Capitals(Translating):
    """Writes a header as people do."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        found.headers["X-Sound"] = "1"
        return found


class Appends(Translating):
    """Writes into what the caller gave."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        options = request.provider_options.get("sound", {}).get("kit", {})
        options.get("a", []).append(2)
        return found


class ReadsHome(Translating):
    """Looks at the environment, to no end."""

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        os.environ.get("HOME")
        return found


class Counts(Translating):
    """Numbers its requests."""

    numbers = itertools.count()

    def bend(self, found: HTTPRequest, request: Any) -> HTTPRequest:
        found.headers["x-number"] = str(next(self.numbers))
        return found


class Anonymous:
    """Sends no key."""

    @hookimpl
    def authorize(self, http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest:
        """Prove nothing."""
        return http_request


class Gossip:
    """Remembers the key, and tells it with every error."""

    key = ""

    @hookimpl
    def authorize(self, http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest | None:
        """Look at the key."""
        self.key = next(iter(endpoint.credential.values.values()))
        return None

    @hookimpl
    def normalize_error(self, request: Request, response: HTTPResponse) -> JackfieldError | None:
        """Say too much."""
        if response.status < 400:
            return None
        return class_for_status(response.status)(f"the key {self.key} is not welcome")


broken("test_scenario_arrives", SaysNothingOfTools())
broken(
    "test_capabilities_can_be_asked",
    data=catalog("models", 1, value={**CATALOG["models"][1], "capabilities": ["tools"], "limits": {"tools": False}}),
)
broken("test_parameters_arrive_or_are_reported", DropsTopP())
broken("test_unset_is_not_sent", HasASeed())
broken("test_provider_options_arrive", Encodes())
broken("test_address_is_the_endpoint", Unquoted())
broken("test_headers_are_lower_case_text", Capitals())
broken("test_hooks_leave_what_they_are_given", Appends())
broken("test_hooks_touch_nothing", ReadsHome())
broken("test_hooks_answer_the_same_twice", Counts())
broken("test_key_is_sent_and_stays_secret", Anonymous())
broken("test_errors_keep_the_key_secret", Gossip())

# -- level 2 ----------------------------------------------------------------------------------------------------


def recorded(body: Mapping[str, Any]) -> Any:
    """Return the `recordings` of a class that has one cassette."""

    def recordings(cls: Any) -> Iterator[Recorded]:
        asked = HTTPRequest("POST", "https://sound.invalid/v1/sound", {}, {"model": "sound-1", "say": []}).encode()
        yield Recorded("odd", asked, Answer("odd", to_json(body), {"content-type": "application/json"}))

    return classmethod(recordings)


class EndsTwice(Decoder):
    """Says that the choice has ended before its parts have."""

    def ended(self, line: Mapping[str, Any], out: list[Delta]) -> None:
        super().ended(line, out)
        out.insert(0, out.pop())


class OneId(Dialect):
    """Gives every call the same id."""

    def call(self, call: Mapping[str, Any], number: int) -> ToolCall:
        return super().call(call, number).model_copy(update={"id": "call_1"})


class ThinksALot:
    """States more reasoning than output."""

    @hookimpl(wrapper=True)
    def usage_items(self, raw: Mapping[str, Any]) -> _Wrapper:
        """Add what was not said."""
        usage: Usage = yield
        return replace(usage, counts={**usage.counts, "output.reasoning": 10**6})


class OnlyLatin(Dialect):
    """Reads what it knows."""

    def json(self, data: bytes) -> dict[str, Any]:
        return super().json(data.replace("数".encode(), b"?"))


class Careless(Decoder):
    """Leaves the usage of a stream unread."""

    def ended(self, line: Mapping[str, Any], out: list[Delta]) -> None:
        super().ended(line, out)
        out[:] = [delta for delta in out if not isinstance(delta, UsageDelta)]


class Torn:
    """A framing that takes every chunk for whole lines, and leaves out what is none."""

    def feed(self, chunk: bytes) -> list[Event]:
        """Cut a chunk."""
        return [Event(None, row) for row in chunk.split(b"\n") if self.is_whole(row)]

    def is_whole(self, row: bytes) -> bool:
        """Tell whether a line is JSON."""
        try:
            return bool(from_json(row))
        except ValueError:
            return False

    def close(self) -> list[Event]:
        """End."""
        return []


register("torn", Torn)


class Impatient(Decoder):
    """Frames its events by `torn`."""

    framing = "torn"


class Trusting(Decoder):
    """Takes every end for the end."""

    def close(self) -> list[Delta]:
        out: list[Delta] = []
        self.tracker.end(0, out)
        return out


class Twins:
    """Gives two choices the same place."""

    @hookimpl(wrapper=True)
    def normalize_response(self) -> _Wrapper:
        """Double an answer."""
        found: ChatResponse = yield
        if found.raw.get("twin"):
            found.choices *= 2
        return found


class AllLimits:
    """Takes every refusal for a limit."""

    @hookimpl
    def normalize_error(self, response: HTTPResponse) -> JackfieldError | None:
        """Read no status."""
        return RateLimitError("slow down") if response.status == 500 else None


class OwnWait:
    """Waits as long as it likes."""

    @hookimpl(wrapper=True)
    def normalize_error(self, response: HTTPResponse) -> _Wrapper:
        """Set a wait."""
        found = yield
        if response.status == 429:
            found = found or RateLimitError("slow down")
            found.retry_after = 1.0
        return found


class Lenient(Dialect):
    """Takes what cannot be read for an empty answer."""

    def json(self, data: bytes) -> dict[str, Any]:
        try:
            return super().json(data)
        except JackfieldError:
            return {"said": ""}


class Deaf(Decoder):
    """Leaves errors in a stream unread."""

    def feed(self, event: Event) -> list[Delta]:
        return [] if b'"wrong"' in event.data else super().feed(event)


class Forgets(Dialect):
    """Forgets which of its calls it made."""

    def part(self, part: Part) -> dict[str, Any]:
        found = super().part(part)
        return {**found, "call": ""} if found.get("state") else found


class Loses(Dialect):
    """Loses the state of its calls."""

    def part(self, part: Part) -> dict[str, Any]:
        return {key: value for key, value in super().part(part).items() if key != "state"}


def speaking(decoder: type[Decoder]) -> Dialect:
    """Return the dialect with another decoder."""
    found: Dialect = type("Speaking", (Dialect,), {"decoder": decoder})()
    return found


broken("test_answers_are_read", speaks=speaking(EndsTwice))
broken("test_finish_reasons_are_known", recordings=recorded({"said": "odd", "end": "weary"}))
broken("test_calls_can_be_answered", speaks=OneId())
broken("test_usage_adds_up", ThinksALot())
broken("test_answers_say_what_was_said", speaks=OnlyLatin())
broken("test_stream_equals_whole", speaks=speaking(Careless))
broken("test_streams_may_be_cut_anywhere", speaks=speaking(Impatient))
broken("test_cut_streams_are_errors", speaks=speaking(Trusting))
broken("test_answers_assemble_from_deltas", Twins(), recordings=recorded({"said": "two", "end": "done", "twin": True}))
broken("test_bad_statuses_become_errors", AllLimits())
broken("test_wait_is_read", OwnWait())
broken("test_unreadable_answers_are_errors", speaks=Lenient())
broken("test_errors_in_streams_are_errors", speaks=speaking(Deaf))
broken("test_answers_go_back", speaks=Forgets())
broken("test_state_returns_home_only", speaks=Loses())

# -- level 3 ----------------------------------------------------------------------------------------------------


class NoSheet:
    """Finds no prices."""

    @hookimpl(wrapper=True)
    def price_sheet(self) -> _Wrapper:
        """Find nothing."""
        yield
        return None


class Pays:
    """Pays its callers."""

    @hookimpl(wrapper=True)
    def compute_cost(self) -> _Wrapper:
        """Turn the amount around."""
        found: Cost = yield
        return found if found.total is None else replace(found, total=-found.total)


_PRICED = CATALOG["models"][0]
broken(
    "test_prices_are_there_or_said_to_be_missing",
    data=catalog("models", 1, value={"id": "sound-free", "capabilities": ["streaming"], "media": {}}),
)
broken(
    "test_prices_say_where_they_are_from",
    data=catalog("models", 0, value={key: value for key, value in _PRICED.items() if key != "checked"}),
)
broken("test_costs_add_up", NoSheet())
broken("test_costs_go_through_the_board", Pays())
