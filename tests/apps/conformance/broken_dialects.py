"""Dialects that are broken on purpose, each in one thing, and the check that finds it."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, ClassVar

from jackfield import (
    ArgumentsDelta,
    ChatRequest,
    ChatResponse,
    Delta,
    Finished,
    HTTPRequest,
    HTTPResponse,
    JackfieldError,
    TextDelta,
    ToolCall,
    UsageDelta,
    hookimpl,
)
from jackfield_conformance import DialectConformance
from tests.apps.conformance.sound import DIALECT, Decoder, Dialect, Encoder

sys.path.insert(0, str(Path(__file__).parent / "packages"))
#: It lies in a folder of its own: an import is looked at by its package.
rude_dialect = import_module("rude_dialect")
BROKEN: dict[type[DialectConformance], str] = {}


class SoundDialect(DialectConformance):
    """The dialect that nothing is wrong with."""

    name = "sound"
    plugin: ClassVar[Any] = Dialect()
    data: ClassVar[Any] = DIALECT


def broken(check: str, plugin: Any, data: Mapping[str, Any] = DIALECT) -> None:
    """Make the class that tests a broken dialect."""
    name = "BrokenDialect" + check.removeprefix("test_").title().replace("_", "")
    members = {"name": "sound", "plugin": plugin, "data": data, "__module__": __name__}
    cls = type(name, (DialectConformance,), members)
    globals()[name] = cls
    BROKEN[cls] = check


def writing(encoder: type[Encoder], **members: Any) -> Dialect:
    """Return the dialect with another encoder."""
    found: Dialect = type("Writing", (Dialect,), {"encoder": encoder, **members})()
    return found


class Clocked(Dialect):
    """Looks at the clock, to no end."""

    @hookimpl
    def render_error(self, error: JackfieldError) -> HTTPResponse:
        time.time()
        return super().render_error(error)


class Counting(Dialect):
    """Numbers its errors."""

    numbers = itertools.count()

    @hookimpl
    def render_error(self, error: JackfieldError) -> HTTPResponse:
        found = super().render_error(error)
        found.body += b" " * next(self.numbers)
        return found


class HalfHeard(Dialect):
    """Does not hear what tools are for."""

    def parsed(self, body: Mapping[str, Any]) -> ChatRequest:
        tools = [{**tool, "description": None} for tool in body.get("tools") or ()]
        return super().parsed({**body, "tools": tools})


class Fragile(Dialect):
    """Breaks over what it does not expect."""

    @hookimpl
    def parse_request(self, http_request: HTTPRequest, route: Mapping[str, str]) -> ChatRequest:
        return self.parsed(http_request.json())


class Hoarse(Encoder):
    """Leaves out a character that it does not like."""

    def encode(self, delta: Delta) -> bytes:
        if isinstance(delta, TextDelta):
            delta = TextDelta(delta.choice, delta.part, delta.text.replace("数", ""))
        return super().encode(delta)


class HoarseAndWhole(Dialect):
    """The same in whole answers."""

    encoder = Hoarse

    def rendered(self, response: ChatResponse) -> dict[str, Any]:
        body = super().rendered(response)
        return {**body, "said": body["said"].replace("数", "")}


class Uncached(Encoder):
    """Forgets what was cached."""

    def line(self, body: Mapping[str, Any]) -> bytes:
        used = {"used": [*body["used"][:2], 0]} if "used" in body else {}
        return super().line({**body, **used})


class OneId(Dialect):
    """Gives every call the same id."""

    def call(self, call: Mapping[str, Any], number: int) -> ToolCall:
        return super().call(call, number).model_copy(update={"id": "call_1"})


class LastCall(Encoder):
    """Takes every piece of arguments for the last call's."""

    def encode(self, delta: Delta) -> bytes:
        if isinstance(delta, ArgumentsDelta):
            delta = ArgumentsDelta(delta.choice, [*self.open][-1], delta.text)
        return super().encode(delta)


class Hasty(Encoder):
    """Writes the end before it is closed, and the usage again then."""

    def encode(self, delta: Delta) -> bytes:
        written = super().encode(delta)
        if isinstance(delta, Finished):
            written += super().close()
            self.open.clear()
        return written


class Patient(Decoder):
    """Takes an end behind the end for more of the usage."""

    def ended(self, line: Mapping[str, Any], out: list[Delta]) -> None:
        if not self.is_whole:
            super().ended(line, out)
        elif (used := self.dialect.used(line)) is not None:
            out.append(UsageDelta(used))


class Silent(Encoder):
    """Says nothing of an error."""

    def fail(self, error: JackfieldError) -> bytes:
        return b""


class TakesTwo(Dialect):
    """Writes one choice where two are asked for."""

    def rendered(self, response: ChatResponse) -> dict[str, Any]:
        response.choices = response.choices[:1]
        return super().rendered(response)


class AllWrong(Dialect):
    """Renders every error as a wrong request."""

    @hookimpl
    def render_error(self, error: JackfieldError) -> HTTPResponse:
        found = super().render_error(error)
        found.status = 400
        return found


_ROUTE = {"method": "POST", "path": "sound", "operation": "chat"}
_TWO = {**DIALECT, "limits": {name: limit for name, limit in DIALECT["limits"].items() if name != "n"}}

broken("test_import_does_nothing", rude_dialect)
broken("test_registers", Dialect(), {**DIALECT, "routes": [_ROUTE]})
broken("test_hooks_touch_nothing", Clocked())
broken("test_hooks_answer_the_same_twice", Counting())
broken("test_requests_survive_parse_and_translate", HalfHeard())
broken("test_bad_bodies_name_the_field", Fragile())
broken("test_answers_are_read_as_written", HoarseAndWhole())
broken("test_stream_equals_whole", writing(Uncached))
broken("test_call_ids_follow_from_the_answer", OneId())
broken("test_encoders_take_deltas_as_they_come", writing(LastCall))
broken("test_unfinished_streams_are_not_ended", writing(Hasty, decoder=Patient))
broken("test_failed_streams_end_as_errors", writing(Silent))
broken("test_several_choices_are_written_or_refused", TakesTwo(), _TWO)
broken("test_errors_are_read_as_rendered", AllWrong())
