"""Speed is guarded by counting work, not time: function calls per call and per delta."""

from __future__ import annotations

import gc
import sys
import threading
from collections.abc import Callable
from functools import partial
from types import FrameType
from typing import Any

import jackfield
from jackfield import Boards, Client
from jackfield.transport import open_transport
from tests.benchmarks import payloads
from tests.core.transports.driving import SOON, post
from tests.core.transports.peers import END, STREAM_HEAD, piece, serving


class _Memory:
    """A transport that answers from memory."""

    def __init__(self, deltas: int) -> None:
        self._events = payloads.stream()[:deltas]

    def send(self, request: jackfield.HTTPRequest, timeout: Any) -> jackfield.Reply:
        if b'"stream":true' in request.body:
            end = [b'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n', b"data: [DONE]\n\n"]
            return jackfield.Reply(200, {"content-type": "text/event-stream"}, iter([*self._events, *end]), _nothing)
        return jackfield.Reply(200, {"content-type": "application/json"}, iter([payloads.answer()]), _nothing)

    def close(self) -> None: ...


def _nothing() -> None: ...


def _bare() -> Boards:
    """Return boards without extensions, whose work is their own."""
    return Boards(environ={"JACKFIELD_DISABLE": "prices,otel"})


def _calls(work: Callable[[], object]) -> tuple[int, set[str]]:
    """Count the Python functions that the work calls, and name their modules."""
    count, modules = 0, set()

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        if event == "call":
            count += 1
            modules.add(str(frame.f_globals.get("__name__", "")).partition(".")[0])

    work()
    gc.collect()
    gc.disable()  # what other tests have left is not for this work to clear away
    sys.setprofile(profile)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return count, modules


def _stream(client: Client) -> int:
    with client.stream("openai/gpt-4o-mini", payloads.messages()) as stream:
        count = sum(1 for _ in stream)
    assert stream.response.text
    return count


def test_a_delta_costs_a_handful_of_calls_and_no_hook() -> None:
    few = Client({"openai": {"api_key": "k"}}, boards=_bare(), transport=_Memory(100))
    many = Client({"openai": {"api_key": "k"}}, boards=_bare(), transport=_Memory(300))
    one, modules = _calls(lambda: _stream(few))
    other, _ = _calls(lambda: _stream(many))
    assert (other - one) / 200 <= 13
    assert "pluggy" not in modules


def test_a_call_costs_a_bounded_number_of_calls() -> None:
    client = Client({"openai": {"api_key": "k"}}, boards=_bare(), transport=_Memory(0))

    def chat() -> object:
        answer = client.chat("openai/gpt-4o-mini", payloads.messages(), tools=[payloads.TOOL], max_tokens=5)
        return answer.text, answer.tool_calls, answer.usage, answer.cost

    count, modules = _calls(chat)
    assert count <= 140
    assert "pluggy" not in modules, "no step is wrapped, so none goes through pluggy"


def test_a_cost_that_nobody_reads_is_not_reckoned() -> None:
    client = Client({"openai": {"api_key": "k"}}, boards=_bare(), transport=_Memory(0))
    unread, _ = _calls(lambda: client.chat("openai/gpt-4o-mini", payloads.messages()))
    read, _ = _calls(lambda: client.chat("openai/gpt-4o-mini", payloads.messages()).cost.total)  # type: ignore[union-attr]
    assert read - unread >= 10


def test_a_chunk_of_the_fast_transport_costs_a_handful_of_calls_and_no_thread() -> None:
    """To wake a thread for each would cost more than all that is done with it; what one does is not counted here."""
    threads = threading.active_count()
    transport = open_transport("fast", {})

    def read(number: int) -> None:
        server.scripts = [[STREAM_HEAD + piece(b"data: {}\n\n") * number + END]]
        assert b"".join(transport.send(post(server.url), SOON).chunks) == b"data: {}\n\n" * number
        assert threading.active_count() == threads + 2, "those of the server alone"

    with serving() as server:
        few, many = (_calls(partial(read, number))[0] for number in (100, 300))
    transport.close()
    assert (many - few) / 200 <= 7
