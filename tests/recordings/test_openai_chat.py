"""Recorded exchanges in the chat-completions format: every answer is read as the oracle reads it, however it is cut."""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jackfield import (
    Boards,
    ChatRequest,
    ChatResponse,
    Delta,
    Endpoint,
    Finished,
    HTTPRequest,
    HTTPResponse,
    ModelsRequest,
    ModelsResponse,
    PartEnded,
    PartStarted,
    StreamInterrupted,
    ToolCall,
    unroll,
)
from jackfield.assembly import Assembler
from tests.recordings import equivalences, judge, loader
from tests.recordings.oracle import openai_chat as oracle

pytestmark = pytest.mark.needs("recordings")

DIALECT = "openai-chat"
#: APIs of this format that the dialect reads as it is, without any provider's quirks.
PLAIN = [
    "openai", "amazon", "avian", "cloudflare", "crusoe", "gpustack", "local-litellm", "local-llamacpp", "local-openai",
    "microsoft", "ollama", "portkey-gateway", "vercel-gateway", "zai",
]  # fmt: skip
API = "chat-completions"
HERE = Path(__file__).parent


@functools.cache
def _boards() -> Boards:
    return Boards(environ={})


@functools.cache
def _uncovered() -> dict[tuple[str, int], str]:
    rows = tomllib.loads((HERE / "uncovered.toml").read_text())["exchange"]
    return {(row["file"], row["index"]): row["reason"] for row in rows}


def _recorded(provider: str) -> Iterator[loader.Exchange]:
    return (
        recorded for recorded in loader.exchanges(provider, API) if not recorded.url.rstrip("/").endswith("/models")
    )


def _expected(recorded: loader.Exchange) -> dict[str, Any]:
    return oracle.read_answer(recorded.interaction)


def _differences(recorded: loader.Exchange, expected: dict[str, Any], pieces: list[bytes]) -> list[str]:
    """Compare one way of feeding an answer with what the oracle says."""
    exchange = judge.open_exchange(_boards(), recorded, DIALECT)
    deltas, error = judge.run(exchange, recorded, pieces)
    if recorded.streaming and error is None:
        _check_order(deltas)
    if expected["error"] is not None:
        if error is None:
            return ["an error went unnoticed"]
        found = {"message": error.message, "code": error.code}
        if found != {name: expected["error"][name] for name in found}:
            return [f"error {found} is not {expected['error']}"]
        response = error.response
        if response is None:
            return [] if not expected["choices"] else ["what had arrived is lost"]
    elif error is not None:
        return [f"raised {type(error).__name__}: {error}"]
    else:
        response = exchange.response
    assert isinstance(response, ChatResponse)
    return list(_unlike(expected, judge.described(response)))


def _unlike(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    for name in ("id", "model", "service_tier", "usage"):
        if expected[name] != found[name]:
            yield f"{name} {found[name]!r} is not {expected[name]!r}"
    if len(expected["choices"]) != len(found["choices"]):
        yield f"{len(found['choices'])} choices are not {len(expected['choices'])}"
    for one, other in zip(expected["choices"], found["choices"], strict=False):
        for name, value in one.items():
            # a choice that an error cut off never said why it finished
            if expected["error"] is not None and "finish" in name:
                continue
            if value != other[name]:
                yield f"{name} {str(other[name])[:200]} is not {str(value)[:200]}"


def _check_order(deltas: list[Delta]) -> None:
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


def test_every_exchange_of_the_manifest_is_here() -> None:
    for provider in PLAIN:
        assert len(list(loader.exchanges(provider, API))) == loader.expected_count(provider, API) > 0


@pytest.mark.parametrize("provider", PLAIN)
def test_every_recorded_answer_is_read_as_the_oracle_reads_it(provider: str) -> None:
    count, wrong, known = 0, [], _uncovered()
    for recorded in _recorded(provider):
        if recorded.is_error:
            continue
        count += 1
        expected = _expected(recorded)
        data = recorded.response_bytes
        sizes = (1, 2, 3, 7, 64) if recorded.streaming else (64,)
        found = _differences(recorded, expected, [data])
        for size in sizes:
            found = found or [f"in pieces of {size}: {row}" for row in _pieces(recorded, expected, data, size)]
        key = (recorded.file, recorded.index)
        if found and key not in known:
            wrong.append(f"{recorded.file}[{recorded.index}]: {'; '.join(found)}")
        if not found and key in known:
            wrong.append(f"{recorded.file}[{recorded.index}] passes; take it out of uncovered.toml")
    assert not wrong, "\n".join(wrong)
    assert count > 0
    assert sum(file.startswith(f"{provider}/{API}/") for file, _ in known) <= count / 100


def _pieces(recorded: loader.Exchange, expected: dict[str, Any], data: bytes, size: int) -> list[str]:
    return _differences(recorded, expected, list(judge.split(data, size)))


@pytest.mark.parametrize(
    "provider", [pytest.param(name, marks=[pytest.mark.slow] if name != "openai" else []) for name in PLAIN]
)
def test_a_stream_cut_in_two_at_any_byte_is_the_same(provider: str) -> None:
    """Cuts at every byte below 4 kB; longer streams are shortened behind the event that passes it."""
    for recorded in _recorded(provider):
        if not recorded.streaming or recorded.is_error:
            continue
        data = _shortened(recorded.response_bytes)
        exchange = judge.open_exchange(_boards(), recorded, DIALECT)
        whole = judge.run(exchange, recorded, [data])
        for place in range(1, min(len(data), 4096)):
            cut = judge.run(exchange, recorded, [data[:place], data[place:]])
            assert cut[0] == whole[0], f"{recorded.file} cut at {place}"
            assert str(cut[1]) == str(whole[1]), f"{recorded.file} cut at {place}"


def _shortened(data: bytes) -> bytes:
    blank = b"\r\n\r\n" if b"\r\n\r\n" in data else b"\n\n"
    end = data.find(blank, 4096)
    return data if end < 0 else data[:end] + blank + b"data: [DONE]" + blank


def test_a_stream_that_ends_early_is_an_error_that_keeps_what_came() -> None:
    interrupted = 0
    for recorded in _recorded("openai"):
        if not recorded.streaming or recorded.is_error or _expected(recorded)["error"] is not None:
            continue
        data = recorded.response_bytes
        exchange = judge.open_exchange(_boards(), recorded, DIALECT)
        events = data.split(b"\n\n")
        last = max((number for number, event in enumerate(events) if b'"finish_reason":"' in event), default=0)
        for place in {1, last // 2, max(1, last - 1)} if last > 1 else ():
            early = b"\n\n".join(events[:place]) + b"\n\n"
            for cut in (early, early + events[place][: len(events[place]) // 2]):
                deltas, error = judge.run(exchange, recorded, [cut])
                assert isinstance(error, StreamInterrupted), f"{recorded.file} at event {place}: {error!r}"
                assert isinstance(error.response, ChatResponse)
                assert deltas
                interrupted += 1
    assert interrupted > 100


@pytest.mark.parametrize("provider", PLAIN)
def test_every_recorded_refusal_becomes_the_right_error(provider: str) -> None:
    wrong = []
    for recorded in _recorded(provider):
        if not recorded.is_error:
            continue
        expected = oracle.read_error(recorded.interaction)
        exchange = judge.open_exchange(_boards(), recorded, DIALECT)
        _, error = judge.run(exchange, recorded, [recorded.response_bytes])
        assert error is not None
        found = {name: getattr(error, name) for name in expected if name != "class"}
        found["class"] = type(error).__name__
        if expected["message"] is None:
            expected["message"] = found["message"]
        assert error.body == recorded.response_bytes
        if found != expected:
            wrong.append(f"{recorded.file}[{recorded.index}]: {found} is not {expected}")
    assert not wrong, "\n".join(wrong)


def test_lists_of_models_are_read() -> None:
    seen = 0
    for recorded in loader.exchanges("local-llamacpp", API):
        if recorded.url.rstrip("/").endswith("/models"):
            board = _boards().dialect(DIALECT)
            answer = HTTPResponse(200, judge.headers(recorded), recorded.response_bytes)
            response = board.normalize_response(ModelsRequest(), answer)
            assert isinstance(response, ModelsResponse)
            assert response.models
            seen += 1
    assert seen == 1


@pytest.mark.parametrize("provider", PLAIN)
def test_every_recorded_request_survives_parse_and_translate(provider: str) -> None:
    board = _boards().dialect(DIALECT)
    endpoint = Endpoint("recorded", DIALECT, "https://recorded.invalid")
    carried = tomllib.loads((HERE / "carried.toml").read_text())["options"].get(f"{provider}/{API}", {})
    wrong: list[str] = []
    travelled: set[str] = set()
    native: set[str] = set()
    for recorded in _recorded(provider):
        if (body := recorded.request_json) is None:
            continue
        request = board.parse_request(HTTPRequest("POST", recorded.url, {}, body), {"operation": "chat"})
        assert isinstance(request, ChatRequest)
        travelled |= request.provider_options.get(DIALECT, {}).keys()
        native |= {part.type for message in request.messages for part in message.parts if part.type == "native"}
        native |= {tool.type for tool in request.tools or () if tool.type == "native"}
        again = board.translate_request(request, endpoint, board.model(request.model)).encode().json()
        if equivalences.normal(again) != equivalences.normal(body):
            wrong.append(f"{recorded.file}[{recorded.index}]")
    print(f"{provider}: through provider_options {sorted(travelled)}, native {sorted(native)}")
    assert not wrong, "\n".join(wrong)
    assert travelled == carried.keys()
    assert not native
    assert not travelled & {"model", "messages", "tools", "tool_choice", "temperature", "max_tokens", "stop", "stream"}


@pytest.mark.parametrize("provider", PLAIN)
def test_an_answer_assembles_from_its_own_deltas_and_from_the_stream_that_we_write(provider: str) -> None:
    board = _boards().dialect(DIALECT)
    for recorded in _recorded(provider):
        if recorded.is_error or _expected(recorded)["error"] is not None:
            continue
        exchange = judge.open_exchange(_boards(), recorded, DIALECT)
        judge.run(exchange, recorded, [recorded.response_bytes])
        response = exchange.response
        assert isinstance(response, ChatResponse)
        assembler = Assembler()
        assembler.extend(list(unroll(response)))
        assert judge.described(assembler.response()) == judge.described(response), recorded.file
        request = exchange.request.model_copy(update={"stream": True, "serving": {"include_usage": True}})
        encoder = board.stream_encoder(request, judge.AT)
        written = b"".join(encoder.encode(delta) for delta in unroll(response)) + encoder.close()
        again = judge.decoded(_boards(), request, dict(encoder.headers), written, DIALECT)
        assert _comparable(again) == _comparable(response), recorded.file


def _comparable(response: ChatResponse) -> dict[str, Any]:
    """Describe an answer by what the format can say: it has no word for a reason that is not known."""
    found = judge.described(response)
    for choice in found["choices"]:
        del choice["raw_finish_reason"]
        if isinstance(audio := choice["audio"], dict):
            choice["audio"] = {"data_b64": audio["data_b64"], "transcript": audio["transcript"]}
        choice["finish_reason"] = {"refusal": "stop", "unknown": "stop"}.get(
            choice["finish_reason"], choice["finish_reason"]
        )
    for name in ("id", "model"):
        found[name] = found[name] or ""
    found["usage"] = {name: count or None for name, count in (found["usage"] or {}).items()}
    return found
