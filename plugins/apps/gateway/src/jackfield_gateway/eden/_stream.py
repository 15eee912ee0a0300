"""`text/chat/stream`: one JSON object on each line, under text/plain, until the connection ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    Boards,
    Delta,
    Fallback,
    Finished,
    JackfieldError,
    PartStarted,
    RefusalDelta,
    Restarted,
    Text,
    TextDelta,
    ToolCall,
)
from jackfield_gateway._call import Call
from jackfield_gateway._panel import Panel
from jackfield_gateway._written import marks

from ._chat import text_request
from ._failures import failure, title_of
from ._refusals import Refused, read
from ._requests import TextStream
from ._targets import by_answer, targets

_HEADERS = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-accel-buffering", b"no")]


class LineStream:
    """Answers it."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def answer(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `text/chat/stream`."""
        body = read(TextStream, await call.body())
        first, others = targets(self._panel.boards, body, "text")
        if len(first) > 1:
            raise Refused.of("providers", "This feature takes one provider at a time.")
        asked = [*first, *others]
        request = text_request(body).model_copy(update={"model": first[0].model, "stream": True})
        fallback = Fallback(tuple(target.model for target in others), body.fallback_type) if others else None
        await call.unless_gone(self._stream(call, request, fallback, asked))

    async def _stream(self, call: Call, request: Any, fallback: Fallback | None, asked: list[Any]) -> None:
        streaming = await self._panel.stream(call.asker("text__chat"), request, fallback)
        try:
            await streaming.begin()
            stream = streaming.stream
            await call.begin(200, [*_HEADERS, *marks(stream.sandboxed, stream.adjustments)])
            lines = _Lines(self._panel.boards)
            try:
                async for deltas in streaming.batches():
                    written = by_answer(asked, stream.provider, stream.model).written
                    if data := b"".join([lines.encode(delta, written) for delta in deltas]):
                        await call.piece(data)
                if data := lines.close():
                    await call.piece(data)
            except JackfieldError as error:
                # the connection is closed without its end: a reader of lines sees that the answer is not whole
                await call.piece(lines.fail(error))
                return
            await call.end()
        finally:
            await streaming.close()


class _Lines:
    """Writes deltas as lines. Calls of tools, of which the API says nothing, stand in a last line of their own."""

    def __init__(self, boards: Boards) -> None:
        self._boards = boards
        self._provider = ""
        self._calls: dict[tuple[int, int], dict[str, str | None]] = {}
        self._is_blocked = False

    def encode(self, delta: Delta, provider: str) -> bytes:
        self._provider = provider
        match delta:
            case TextDelta(choice=0, text=text) | RefusalDelta(choice=0, text=text):
                return self._line(text)
            case PartStarted(choice=0, value=Text(text=text)) if text:
                return self._line(text)
            case PartStarted(choice=choice, part=part, value=ToolCall(executed_by="caller") as call):
                self._calls[choice, part] = {"id": call.id, "name": call.name, "arguments": call.arguments}
            case ArgumentsDelta(choice=choice, part=part, text=text) if (choice, part) in self._calls:
                known = self._calls[choice, part]
                known["arguments"] = (known["arguments"] or "") + text
            case Finished(reason="content_filter" | "refusal"):
                self._is_blocked = True
            case Restarted(mode="rerun"):
                self._calls.clear()
                return self._line("", restarted=True)
            case _:
                pass
        return b""

    def close(self) -> bytes:
        more = {"tool_calls": list(self._calls.values())} if self._calls else {}
        return self._line("", **more) if more or self._is_blocked else b""

    def fail(self, error: JackfieldError) -> bytes:
        title = title_of(self._boards, error.provider or self._provider)
        told = failure(title, type(error).__name__, error.message, error.status)
        return self._line("", error=told["error"])

    def _line(self, text: str, **more: Any) -> bytes:
        row = {"text": text, "blocked": self._is_blocked, "provider": self._provider, **more}
        return to_json(row) + b"\n"
