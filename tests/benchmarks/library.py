"""CPU per call and per delta of one library, in memory: `python -m tests.benchmarks.library NAME` prints JSON.

Runs in any environment that has the library; knows nothing of the others. Every field that a caller reads is read.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from tests.benchmarks import payloads

Case = tuple[Callable[[int], object], Callable[[], int]]
ANSWERS = [payloads.answer(number) for number in range(500)]
STREAM = payloads.stream()
JSON_HEADERS = {"content-type": "application/json", "x-request-id": "req-1"}
SSE_HEADERS = {"content-type": "text/event-stream"}
SAMPLING: dict[str, Any] = {"temperature": 0.2, "max_tokens": 512}


def jackfield_case() -> Case:
    """Ours."""
    import jackfield

    class Memory:
        streams = False
        number = 0

        def send(self, request: Any, timeout: Any) -> jackfield.Reply:
            if self.streams:
                return jackfield.Reply(200, SSE_HEADERS, iter(STREAM), _nothing)
            self.number += 1
            return jackfield.Reply(200, JSON_HEADERS, iter((ANSWERS[self.number % 500],)), _nothing)

        def close(self) -> None: ...

    memory = Memory()
    client = jackfield.Client({"openai": {"api_key": "k"}}, transport=memory)

    def call(number: int) -> object:
        memory.streams = False
        found = client.chat("openai/gpt-4o-mini", payloads.messages(number), tools=[payloads.TOOL], **SAMPLING)
        assert found.cost is not None
        return found.text, found.tool_calls, found.finish_reason, found.usage, found.cost.total, found.adjustments

    def stream() -> int:
        memory.streams = True
        count = 0
        with client.stream("openai/gpt-4o-mini", payloads.messages(), **SAMPLING) as deltas:
            for delta in deltas:
                if type(delta) is jackfield.TextDelta:
                    _ = delta.choice, delta.part, delta.text
                count += 1
            assert deltas.response.text
        return count

    return call, stream


def openai_case() -> Case:
    """The official SDK of OpenAI."""
    import openai

    client = openai.OpenAI(api_key="k", http_client=_memory_client(openai), max_retries=0)
    tool: Any = {"type": "function", "function": payloads.TOOL}

    def call(number: int) -> object:
        messages: Any = payloads.messages(number)
        found = client.chat.completions.create(model="gpt-4o-mini", messages=messages, tools=[tool], **SAMPLING)
        message = found.choices[0].message
        return message.content, message.tool_calls, found.choices[0].finish_reason, found.usage

    def stream() -> int:
        messages: Any = payloads.messages()
        count = 0
        for part in client.chat.completions.create(model="gpt-4o-mini", messages=messages, stream=True, **SAMPLING):
            if part.choices:
                _ = part.choices[0].index, part.choices[0].delta.content, part.choices[0].finish_reason
            count += 1
        return count

    return call, stream


def litellm_case() -> Case:
    """LiteLLM, with its cost map."""
    import litellm
    import openai

    litellm.suppress_debug_info = True
    client = openai.OpenAI(api_key="k", http_client=_memory_client(openai), max_retries=0)
    tool = {"type": "function", "function": payloads.TOOL}

    def call(number: int) -> object:
        found = litellm.completion(
            model="openai/gpt-4o-mini", messages=payloads.messages(number), tools=[tool], client=client, **SAMPLING
        )
        choice = found.choices[0]
        return choice.message.content, choice.message.tool_calls, choice.finish_reason, found.usage

    def stream() -> int:
        count = 0
        parts = litellm.completion(
            model="openai/gpt-4o-mini", messages=payloads.messages(), stream=True, client=client, **SAMPLING
        )
        for part in parts:
            _ = part.choices[0].index, part.choices[0].delta.content, part.choices[0].finish_reason
            count += 1
        return count

    return call, stream


def anthropic_case() -> Case:
    """The official SDK of Anthropic, with answers of its own format and the same size."""
    import anthropic

    message: dict[str, Any] = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "stop_sequence": None,
    }
    usage: dict[str, Any] = {"input_tokens": 412, "output_tokens": 96}
    whole = {
        **message,
        "content": [{"type": "text", "text": payloads.ANSWER}],
        "stop_reason": "end_turn",
        "usage": usage,
    }
    start: dict[str, Any] = {**message, "content": [], "stop_reason": None, "usage": usage}
    rows: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f" word{number % 97}"}}
            for number in range(payloads.CHUNKS)
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    events = [f"event: {row['type']}\ndata: {json.dumps(row)}\n\n".encode() for row in rows]
    client = anthropic.Anthropic(
        api_key="k", http_client=_memory_client(anthropic, json.dumps(whole).encode(), events), max_retries=0
    )
    tool: Any = {**payloads.TOOL, "input_schema": payloads.TOOL["parameters"]}
    del tool["parameters"]

    def call(number: int) -> object:
        messages: Any = payloads.messages(number)[1:]
        found = client.messages.create(
            model="m", max_tokens=512, messages=messages, tools=[tool], system=payloads.SYSTEM
        )
        block: Any = found.content[0]
        return block.text, found.stop_reason, found.usage

    def stream() -> int:
        messages: Any = payloads.messages()[1:]
        count = 0
        for part in client.messages.create(model="m", max_tokens=512, messages=messages, stream=True):
            _ = part.type
            count += 1
        return count

    return call, stream


def _memory_client(sdk: Any, whole: bytes | None = None, events: list[bytes] | None = None) -> Any:
    """Make an HTTP client, of the generation that the SDK uses, that answers from memory."""
    library: Any = __import__("httpx2" if "httpx2" in sys.modules else "httpx")

    class Pieces(library.SyncByteStream):  # type: ignore[misc]
        def __iter__(self) -> Iterator[bytes]:
            yield from events or STREAM

    class Memory(library.BaseTransport):  # type: ignore[misc]
        number = 0

        def handle_request(self, request: Any) -> Any:
            if b'"stream":true' in request.read().replace(b" ", b""):
                return library.Response(200, headers=SSE_HEADERS, stream=Pieces(), request=request)
            Memory.number += 1
            body = whole if whole is not None else ANSWERS[Memory.number % 500]
            return library.Response(200, headers=JSON_HEADERS, content=body, request=request)

    return library.Client(transport=Memory())


def _nothing() -> None: ...


def measure(case: Case) -> dict[str, float]:
    """Return microseconds of CPU per call and per delta: the least of several repeats."""
    call, stream = case
    for number in range(50):
        call(number)
    stream()
    calls = streams = float("inf")
    repeats = 200
    for _ in range(7):
        began = time.process_time()
        for number in range(repeats):
            call(number)
        calls = min(calls, (time.process_time() - began) / repeats)
        began = time.process_time()
        count = sum(stream() for _ in range(4))
        streams = min(streams, (time.process_time() - began) / count)
    return {"call": calls * 1e6, "delta": streams * 1e6}


if __name__ == "__main__":
    cases = {
        "jackfield": jackfield_case, "openai": openai_case, "litellm": litellm_case, "anthropic": anthropic_case,
    }  # fmt: skip
    print(json.dumps(measure(cases[sys.argv[1]]())))
