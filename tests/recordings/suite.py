"""What is asked of every dialect on its recordings; a test file names the dialect, its oracle and its habits.

A file subclasses `RecordedApi` and gives two fixtures: `provider` (every provider whose recordings the dialect reads as
it is) and `cut_provider` (the same, those marked slow that are cut at every byte only by `make test-slow`).
"""

from __future__ import annotations

import functools
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest

from jackfield import (
    Boards,
    ChatRequest,
    ChatResponse,
    Delta,
    Endpoint,
    Exchange,
    Finished,
    HTTPRequest,
    HTTPResponse,
    PartEnded,
    PartStarted,
    StreamInterrupted,
    ToolCall,
    unroll,
)
from jackfield.assembly import Assembler
from tests.recordings import judge, loader

HERE = Path(__file__).parent
#: Members that have a unified parameter in every dialect: they may never travel unread.
UNIFIED = frozenset({"model", "messages", "tools", "tool_choice", "temperature", "max_tokens", "stop", "stream"})


@functools.cache
def boards() -> Boards:
    """Return what is installed, without anybody's environment."""
    return Boards(environ={})


def params(providers: list[str], fast: str | None) -> list[Any]:
    """Return the providers for `cut_provider`: all but one are slow, or all."""
    return [pytest.param(name, marks=[] if name == fast else [pytest.mark.slow]) for name in providers]


class RecordedApi:
    """Reads every recorded exchange of one API in one dialect."""

    DIALECT: ClassVar[str]
    API: ClassVar[str]
    ORACLE: ClassVar[ModuleType]
    #: Bytes of which the last event of a whole stream holds one.
    ENDS: ClassVar[tuple[bytes, ...]]
    #: What the serving side is told of the caller.
    SERVING: ClassVar[Mapping[str, Any]] = {}

    def normal(self, body: dict[str, Any]) -> dict[str, Any]:
        """Bring a request's body to the form in which equivalent bodies are equal."""
        raise NotImplementedError

    def wanted(self, recorded: loader.Exchange) -> bool:
        """Tell whether an exchange asks for a chat."""
        return str(recorded.request["method"]) == "POST"

    def described(self, response: ChatResponse) -> dict[str, Any]:
        """Write an answer in the oracle's words."""
        return judge.described(response)

    def comparable(self, response: ChatResponse) -> dict[str, Any]:
        """Describe an answer by what the format can say."""
        return judge.described(response)

    def api_of(self, provider: str) -> str:
        """Return the folder of a provider's recordings."""
        return self.API

    def said(self, recorded: loader.Exchange, message: str) -> str:
        """Return what the provider said of an error."""
        return message

    def events(self, data: bytes) -> list[bytes]:
        """Cut a whole stream into its events, each with what ends it."""
        blank = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
        *whole, last = data.split(blank)
        return [event + blank for event in whole] + ([last] if last else [])

    def says_something(self, data: bytes) -> bool:
        """Tell whether the start of a stream holds more than comments."""
        return b"data:" in data

    def route(self, recorded: loader.Exchange) -> dict[str, str]:
        """Return what a server would tell `parse_request` of the address."""
        path = urlsplit(recorded.url).path
        for route in boards().dialect_info(self.DIALECT).routes:
            pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(route.path))
            if route.operation == "chat" and (found := re.search(pattern + "$", path)):
                stream = {} if route.stream is None else {"stream": "true" if route.stream else "false"}
                return {"operation": "chat", **stream, **found.groupdict()}
        return {"operation": "chat"}

    def recorded(self, provider: str) -> Iterator[loader.Exchange]:
        """Yield the exchanges that ask for a chat."""
        return (recorded for recorded in loader.exchanges(provider, self.api_of(provider)) if self.wanted(recorded))

    def parsed(self, recorded: loader.Exchange) -> ChatRequest:
        """Parse a recorded request; where its body is no JSON, any other."""
        board = boards().dialect(self.DIALECT)
        if (body := recorded.request_json) is None:
            return ChatRequest(model="any", messages="?", stream=recorded.streaming or None)
        request = board.parse_request(HTTPRequest("POST", recorded.url, {}, body), self.route(recorded))
        assert isinstance(request, ChatRequest)
        return request

    def opened(self, recorded: loader.Exchange) -> Exchange:
        """Open an exchange for a recorded request, as a caller would who asks the same."""
        endpoint = Endpoint("recorded", self.DIALECT, "https://recorded.invalid/v1")
        return Exchange(boards().dialect(self.DIALECT), self.parsed(recorded), endpoint, judge.AT)

    @functools.cache  # noqa: B019  one suite lives as long as the tests
    def uncovered(self) -> dict[tuple[str, int], str]:
        """Return the exchanges that are left out, each with the reason."""
        path = HERE / "uncovered" / f"{self.DIALECT}.toml"
        rows = tomllib.loads(path.read_text())["exchange"] if path.exists() else []
        return {(row["file"], row["index"]): row["reason"] for row in rows}

    def differences(self, recorded: loader.Exchange, expected: dict[str, Any], pieces: list[bytes]) -> list[str]:
        """Compare one way of feeding an answer with what the oracle says."""
        exchange = self.opened(recorded)
        deltas, error = judge.run(exchange, recorded, pieces)
        if recorded.streaming and error is None:
            check_order(deltas)
        if expected["error"] is not None:
            if error is None:
                return ["an error went unnoticed"]
            found = {"message": error.message, "code": error.code, "class": type(error).__name__}
            told = {name: expected["error"].get(name) for name in found}
            if any(value is not None and value != found[name] for name, value in told.items()):
                return [f"error {found} is not {expected['error']}"]
            response = error.response
            if response is None:
                return [] if not expected["choices"] else ["what had arrived is lost"]
        elif error is not None:
            return [f"raised {type(error).__name__}: {error}"]
        else:
            response = exchange.response
        assert isinstance(response, ChatResponse)
        return [*judge.unlike(expected, self.described(response))]

    def test_every_exchange_of_the_manifest_is_here(self, provider: str) -> None:
        assert (
            len(list(loader.exchanges(provider, self.api_of(provider))))
            == loader.expected_count(provider, self.api_of(provider))
            > 0
        )

    def test_every_recorded_answer_is_read_as_the_oracle_reads_it(self, provider: str) -> None:
        count, wrong, known = 0, [], self.uncovered()
        for recorded in self.recorded(provider):
            if recorded.is_error:
                continue
            count += 1
            expected = self.ORACLE.read_answer(recorded.interaction)
            data = recorded.response_bytes
            found = self.differences(recorded, expected, [data])
            for size in (1, 2, 3, 7, 64) if recorded.streaming else (64,):
                pieces = list(judge.split(data, size))
                found = found or [f"in pieces of {size}: {row}" for row in self.differences(recorded, expected, pieces)]
            key = (recorded.file, recorded.index)
            if found and key not in known:
                wrong.append(f"{recorded.file}[{recorded.index}]: {'; '.join(found)}")
            if not found and key in known:
                wrong.append(f"{recorded.file}[{recorded.index}] passes; take it out of the uncovered")
        assert not wrong, "\n".join(wrong)
        assert count > 0
        assert sum(file.startswith(f"{provider}/{self.api_of(provider)}/") for file, _ in known) <= count / 100

    def test_a_stream_cut_in_two_at_any_byte_is_the_same(self, cut_provider: str) -> None:
        """Cuts at every byte below 4 kB; longer streams are shortened behind the event that passes it."""
        for recorded in self.recorded(cut_provider):
            if not recorded.streaming or recorded.is_error:
                continue
            data = shortened(self.events(recorded.response_bytes))
            exchange = self.opened(recorded)
            whole = judge.run(exchange, recorded, [data])
            for place in range(1, min(len(data), 4096)):
                cut = judge.run(exchange, recorded, [data[:place], data[place:]])
                assert cut[0] == whole[0], f"{recorded.file} cut at {place}"
                assert str(cut[1]) == str(whole[1]), f"{recorded.file} cut at {place}"

    def test_a_stream_that_ends_early_is_an_error_that_keeps_what_came(self, provider: str) -> None:
        streams = interrupted = 0
        for recorded in self.recorded(provider):
            expected = None if recorded.is_error else self.ORACLE.read_answer(recorded.interaction)
            if not recorded.streaming or expected is None or expected["error"] is not None:
                continue
            events = self.events(recorded.response_bytes)
            exchange = self.opened(recorded)
            marked = [number for number, event in enumerate(events) if any(mark in event for mark in self.ENDS)]
            last = max(marked, default=0)
            streams += last > 1
            for place in {1, last // 2, max(1, last - 1)} if last > 1 else ():
                early = b"".join(events[:place])
                cuts = (early, early + events[place][: len(events[place]) // 2])
                for cut in filter(self.says_something, cuts):
                    deltas, error = judge.run(exchange, recorded, [cut])
                    assert isinstance(error, StreamInterrupted), f"{recorded.file} at event {place}: {error!r}"
                    assert isinstance(error.response, ChatResponse)
                    assert deltas or place == 1, f"{recorded.file}: what had arrived is lost"
                    interrupted += 1
        assert interrupted >= streams

    def test_every_recorded_refusal_becomes_the_right_error(self, provider: str) -> None:
        wrong = []
        for recorded in self.recorded(provider):
            if not recorded.is_error:
                continue
            expected = self.ORACLE.read_error(recorded.interaction)
            _, error = judge.run(self.opened(recorded), recorded, [recorded.response_bytes])
            assert error is not None
            found = {name: getattr(error, name) for name in expected if name != "class"}
            found |= {"class": type(error).__name__, "message": self.said(recorded, error.message)}
            if expected["message"] is None:
                expected["message"] = found["message"]
            assert error.body == recorded.response_bytes
            if found != expected:
                wrong.append(f"{recorded.file}[{recorded.index}]: {found} is not {expected}")
        assert not wrong, "\n".join(wrong)

    def test_every_recorded_request_survives_parse_and_translate(self, provider: str) -> None:
        board = boards().dialect(self.DIALECT)
        endpoint = Endpoint("recorded", self.DIALECT, "https://recorded.invalid")
        wrong: list[str] = []
        travelled: set[str] = set()
        native: set[str] = set()
        for recorded in self.recorded(provider):
            if (body := recorded.request_json) is None:
                continue
            request = self.parsed(recorded)
            travelled |= request.provider_options.get(self.DIALECT, {}).keys()
            native |= natives(request)
            again = board.translate_request(request, endpoint, board.model(request.model)).encode().json()
            if self.normal(again) != self.normal(body):
                wrong.append(f"{recorded.file}[{recorded.index}]")
        print(f"{provider}: through provider_options {sorted(travelled)}, native {sorted(native)}")
        assert not wrong, "\n".join(wrong)
        carried = tomllib.loads((HERE / "carried" / f"{self.DIALECT}.toml").read_text())
        api = f"{provider}/{self.api_of(provider)}"
        assert travelled == carried.get("options", {}).get(api, {}).keys()
        assert native == carried.get("native", {}).get(api, {}).keys()
        assert not travelled & UNIFIED

    def test_an_answer_assembles_from_its_own_deltas_and_from_what_we_write(self, provider: str) -> None:
        board = boards().dialect(self.DIALECT)
        for recorded in self.recorded(provider):
            if recorded.is_error or self.ORACLE.read_answer(recorded.interaction)["error"] is not None:
                continue
            exchange = self.opened(recorded)
            judge.run(exchange, recorded, [recorded.response_bytes])
            response = exchange.response
            assert isinstance(response, ChatResponse)
            assembler = Assembler()
            assembler.extend(list(unroll(response)))
            assert judge.described(assembler.response()) == judge.described(response), recorded.file
            asked = exchange.request.model_copy(update={"stream": True, "serving": {**self.SERVING}})
            encoder = board.stream_encoder(asked, judge.AT)
            written = b"".join(encoder.encode(delta) for delta in unroll(response)) + encoder.close()
            again = judge.decoded(boards(), asked, dict(encoder.headers), written, self.DIALECT)
            assert self.comparable(again) == self.comparable(response), f"{recorded.file} as a stream"
            asked = asked.model_copy(update={"stream": None})
            rendered = board.render_response(asked, response)
            whole = judge.decoded(boards(), asked, dict(rendered.headers), rendered.body, self.DIALECT)
            assert self.comparable(whole) == self.comparable(response), f"{recorded.file} as a whole"


def natives(request: ChatRequest) -> set[str]:
    """Name the parts and tools of a request that only its own dialect knows."""
    found = {_kind(part.body) for message in request.messages for part in message.parts if part.type == "native"}
    return found | {_kind(tool.body) for tool in request.tools or () if tool.type == "native"}


def _kind(body: Any) -> str:
    return str(body.get("type") or next(iter(body), "?")) if isinstance(body, dict) else type(body).__name__


def shortened(events: list[bytes]) -> bytes:
    """Keep the events of a stream up to the one that passes 4 kB."""
    kept = b""
    for event in events:
        if len(kept) >= 4096:
            break
        kept += event
    return kept


def check_order(deltas: list[Delta]) -> None:
    """Every part starts once and ends once, before its choice; flowing parts of a choice do not overlap."""
    opened: dict[tuple[int, int], Any] = {}
    seen: dict[int, int] = {}
    finished: set[int] = set()
    for delta in deltas:
        match delta:
            case PartStarted(choice=choice, part=part, value=value):
                assert part == seen.get(choice, 0), "parts are not counted in order"
                assert choice not in finished
                if not isinstance(value, ToolCall):
                    flowing = [known for (owner, _), known in opened.items() if owner == choice]
                    assert all(isinstance(known, ToolCall) for known in flowing), "flowing parts overlap"
                seen[choice] = part + 1
                opened[choice, part] = value
            case PartEnded(choice=choice, part=part):
                del opened[choice, part]
            case Finished(choice=choice):
                assert not [key for key in opened if key[0] == choice], "a choice finished before its parts"
                finished.add(choice)
            case _ if hasattr(delta, "part"):
                assert (getattr(delta, "choice", None), delta.part) in opened, "a delta stands outside of its part"
    assert not opened


def read_list(dialect: str, recorded: loader.Exchange, request: Any) -> Any:
    """Normalize a recorded answer that is no chat."""
    answer = HTTPResponse(200, judge.headers(recorded), recorded.response_bytes)
    return boards().dialect(dialect).normalize_response(request, answer)
