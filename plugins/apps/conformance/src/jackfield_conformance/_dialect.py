"""`DialectConformance`: what a wire format must do in both directions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, ChatRequest, Exchange, HTTPRequest, InvalidInput
from jackfield.errors import ConfigurationError

from ._answers import asked, made, nowhere, route_of
from ._dialect_answers import MODEL, DialectAnswers
from ._purity_checks import PurityChecks, serving_runs
from ._registration import ImportChecks
from ._report import Findings, unlike
from ._scenarios import SCENARIOS, Scenario, Wire
from ._subject import AT

#: What stands in place of each member of a body, one after the other.
_WRONG: tuple[Any, ...] = (None, True, 7, -1.5, "kit", "", [], {}, [None], [7], {"kit": 7}, [{"kit": []}], [["kit"]])


class DialectConformance(ImportChecks, PurityChecks, DialectAnswers):
    """What a dialect must do; a subclass names it. A dialect without a serving side is asked for one direction only."""

    def test_registers(self) -> None:
        """The name leads to a dialect.toml, its addresses can be read, and a board opens."""
        findings = Findings("test_registers")
        try:
            for route in self.boards().dialect(self.name).dialect.routes:
                findings.unless(route.path.startswith("/"), "dialect.toml", route.path, "is no path")
                findings.unless(route.method.isupper(), "dialect.toml", route.path, f"{route.method!r} is no method")
        except (ConfigurationError, LookupError, TypeError) as error:
            findings.add("registration", self.name, f"{type(error).__name__}: {error}")
        findings.check()

    def test_requests_survive_parse_and_translate(self) -> None:
        """A request that is written, parsed by the serving side and written again is the same on the wire."""
        findings = Findings("test_requests_survive_parse_and_translate")
        board = self.served()
        for scenario, stream, exchange in self._exchanges():
            where = f"{scenario.name}{' streamed' if stream else ''}"
            http_request = exchange.http_request
            heard = board.parse_request(http_request, route_of(board, http_request, stream))
            assert isinstance(heard, ChatRequest)
            again = Exchange(board, heard, nowhere(self.name), AT, "pass").http_request
            for row in unlike(Wire.of(again).body, Wire.of(http_request).body):
                findings.add("parse_request", where, row)
            findings.unless(again.url == http_request.url, "parse_request", where, f"asks {again.url}")
        findings.check()

    def test_bad_bodies_name_the_field(self) -> None:
        """A wrong member of a body is `InvalidInput`, whatever stands in it; a plugin never breaks over it."""
        findings = Findings("test_bad_bodies_name_the_field")
        board = self.served()
        for scenario, stream, exchange in self._exchanges():
            if stream:
                continue
            body = Wire.of(exchange.http_request).body
            if not isinstance(body, dict):
                pytest.skip("the body is no JSON object")
            route = route_of(board, exchange.http_request, False)
            for value in _WRONG:
                _check_parsed(board, findings, f"{scenario.name}: the body is {value!r}", value, exchange, route)
                for name in body:
                    where = f"{scenario.name}: {name} is {value!r}"
                    _check_parsed(board, findings, where, {**body, name: value}, exchange, route)
        findings.check()

    def _exchanges(self) -> Iterator[tuple[Scenario, bool, Exchange]]:
        for scenario in SCENARIOS:
            for stream in (False, True):
                try:
                    yield (
                        scenario,
                        stream,
                        Exchange(self.board(), scenario.request(MODEL, stream), nowhere(self.name), AT),
                    )
                except InvalidInput:
                    continue

    def _runs(self) -> Iterator[tuple[str, str, Any]]:
        board = self.board()
        for scenario, stream, exchange in self._exchanges():
            yield (
                "translate_request",
                scenario.name,
                lambda scenario=scenario, stream=stream: (
                    Exchange(board, scenario.request(MODEL, stream), nowhere(self.name), AT).http_request.body
                ),
            )
            if asked(board, ChatRequest(model=MODEL, messages="kit"), stream) is not None:
                route = route_of(board, exchange.http_request, stream)
                yield (
                    "parse_request",
                    scenario.name,
                    lambda exchange=exchange, route=route: board.parse_request(exchange.http_request, route),
                )
        yield from serving_runs(board, MODEL)
        for stream in (False, True):
            for request, _, answer in made(board, MODEL, stream):
                yield (
                    "normalize, decode",
                    answer.name,
                    lambda request=request, answer=answer: self.reading(request, answer),
                )


def _check_parsed(
    board: Board, findings: Findings, where: str, body: Any, exchange: Exchange, route: dict[str, str]
) -> None:
    http_request = HTTPRequest("POST", exchange.http_request.url, {"content-type": "application/json"}, body).encode()
    try:
        heard = board.parse_request(http_request, route)
        findings.unless(isinstance(heard, ChatRequest), "parse_request", where, f"became {heard!r:.100}")
    except InvalidInput as error:
        findings.unless(error.message, "parse_request", where, "is refused without a word")
    except Exception as error:
        findings.add("parse_request", where, f"{type(error).__name__}: {error}"[:200])
