"""Answers in a dialect: whole or as a stream, as its serving side writes them, and bent to the habits of an API."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import Board, ChatRequest, ChatResponse, Fallback, HTTPResponse, JackfieldError, Request, Response
from jackfield import StreamEncoder as Encoder

from ._call import Asker, Call, Header, Pulse, encoded
from ._panel import Panel
from ._written import marks

_DONE = b"data: [DONE]\n\n"


class Shape:
    """How an API differs from its dialect; as it is, in nothing."""

    #: Headers of every answer.
    headers: Sequence[Header] = ()
    #: Whether a stream that breaks off ends with the dialect's word for it; else its connection is closed.
    says_failures = True
    #: Whether its answers have an id of the request of their own.
    names_itself = False

    def members(self, response: Response) -> Mapping[str, Any]:
        """Return members to be added to a whole answer, or to the end of a stream."""
        return {}

    def opening(self) -> bytes:
        """Return what comes before a stream."""
        return b""

    def piece(self, data: bytes) -> bytes:
        """Bend a piece of a stream."""
        return data

    def whole(self, body: dict[str, Any]) -> dict[str, Any]:
        """Bend a whole answer."""
        return body

    async def ended(self, response: ChatResponse) -> None:
        """Learn what was answered, once the caller has it."""


async def reply(
    panel: Panel,
    call: Call,
    board: Board,
    request: Request,
    asker: Asker,
    fallbacks: Fallback | Sequence[str] | None = None,
    shape: Shape | None = None,
) -> None:
    """Ask, and send the answer as the dialect of a board writes it.

    Raises:
        JackfieldError: what came before an answer had begun.
        Gone: the caller has hung up.
    """
    if isinstance(request, ChatRequest) and request.stream:
        await call.unless_gone(_stream(panel, call, board, request, asker, fallbacks, shape or Shape()))
        return
    if isinstance(request, ChatRequest):
        response: Response = await call.unless_gone(panel.chat(asker, request, fallbacks))
    else:
        response = await call.unless_gone(panel.send(asker, request))
    answer = board.render_response(request, response)
    heads = told_of(response, shape is None or not shape.names_itself)
    if shape is not None:
        body = shape.whole({**from_json(answer.body), **shape.members(response)})
        answer = HTTPResponse(answer.status, answer.headers, to_json(body))
        heads += shape.headers
    await call.reply(answer, heads)
    if shape is not None and isinstance(response, ChatResponse):
        await _ended(shape, response)


def told_of(response: Response, names: bool = True) -> list[Header]:
    """Return the headers that tell of an answer; `names` the provider's id of the request, where it gave one."""
    heads = marks(response.sandboxed, response.adjustments)
    if response.request_id and names:
        heads.append((b"x-request-id", response.request_id.encode("latin-1", "replace")))
    return heads


async def _stream(
    panel: Panel,
    call: Call,
    board: Board,
    request: ChatRequest,
    asker: Asker,
    fallbacks: Fallback | Sequence[str] | None,
    shape: Shape,
) -> None:
    """Stream an answer; an error before the first delta is an answer of its own, one after it ends the stream."""
    encoder: Encoder = board.stream_encoder(request, datetime.now(UTC))
    streaming = await panel.stream(asker, request, fallbacks)
    try:
        await streaming.begin()
        stream = streaming.stream
        heads = [*encoded(encoder.headers), *marks(stream.sandboxed, stream.adjustments), *shape.headers]
        await call.begin(encoder.status, heads)
        pulse = Pulse(call, encoder.keep_alive)
        try:
            if first := shape.opening():
                await pulse.send(first)
            async for deltas in streaming.batches():
                if data := b"".join([encoder.encode(delta) for delta in deltas]):
                    await pulse.send(shape.piece(data))
            await pulse.send(_closing(encoder.close(), stream.response, shape))
        except JackfieldError as error:
            if shape.says_failures:
                await pulse.send(encoder.fail(error))
                await call.end()
            return
        finally:
            pulse.stop()
        await call.end()
        await _ended(shape, stream.response)
    finally:
        await streaming.close()


async def _ended(shape: Shape, response: ChatResponse) -> None:
    """Tell a shape; what it fails at comes too late for the caller, and is told to the operator."""
    try:
        await shape.ended(response)
    except JackfieldError as error:
        print(f"jackfield serve: an answer was given and could not be kept: {error}", file=sys.stderr)


def _closing(data: bytes, response: ChatResponse, shape: Shape) -> bytes:
    """Add members to the last event of a stream that has usage, or else in an event of their own, before its end."""
    if not (members := shape.members(response)):
        return shape.piece(data)
    before, mark, after = data.rpartition(_DONE)
    events = (before if mark else after).split(b"\n\n")
    last = next((index for index in range(len(events) - 1, -1, -1) if events[index].startswith(b"data: {")), None)
    head = {} if last is None else from_json(events[last].removeprefix(b"data: "))
    if last is not None and head.get("usage"):
        events[last] = b"data: " + to_json({**head, **members})
    else:
        known = {name: head[name] for name in ("id", "object", "created", "model") if name in head}
        events.insert(len(events) - 1, b"data: " + to_json({**known, "choices": [], **members}))
    return shape.piece(b"\n\n".join(events) + mark)
