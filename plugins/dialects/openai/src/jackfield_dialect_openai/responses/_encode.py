"""Encode: deltas to the events of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    Delta,
    JackfieldError,
    Request,
    Restarted,
    Started,
    StreamEncoder,
    hookimpl,
)

from ._errors import envelope
from ._render import Head, check_choices
from ._writer import Writer


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class Encoder:
    """Writes events. The whole answer, with its usage and the reason why it ended, comes in the last of them."""

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        check_choices(request.n or 1)
        self.headers: Mapping[str, str] = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
        }
        self._head = Head(request, int(at.timestamp()))
        self._writer = Writer(self._head.seed)
        self._number = 0
        self._begun = False

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        self._head.feed(delta)
        if isinstance(delta, Started):
            return self._begin()
        if isinstance(delta, Restarted):
            if delta.mode == "rerun" and self._writer.output:
                raise JackfieldError(
                    "another provider began the answer again; this format cannot take back what was sent"
                )
            return b""
        rows = self._writer.feed(delta)
        return self._begin() + self._written(rows) if rows else b""

    def keep_alive(self) -> bytes:
        """Write a comment."""
        return b": keep-alive\n\n"

    def fail(self, error: JackfieldError) -> bytes:
        """Write the answer as one that failed; nothing follows."""
        told = envelope(error)[1]["error"]
        self._writer.close()
        body = {**self._head.begun(), "status": "failed", "output": self._writer.output}
        body["error"] = {**told, "code": told["code"] or told["type"]}
        return self._begin() + self._written([{"type": "response.failed", "response": body}])

    def close(self) -> bytes:
        """Write the end."""
        rows = self._writer.close()
        body = self._head.whole(self._writer.output)
        kind = {"incomplete": "incomplete", "failed": "failed"}.get(body["status"], "completed")
        rows.append({"type": f"response.{kind}", "response": body})
        return self._begin() + self._written(rows)

    def _begin(self) -> bytes:
        if self._begun:
            return b""
        self._begun = True
        body = self._head.begun()
        kinds = ("response.created", "response.in_progress")
        return self._written([{"type": kind, "response": body} for kind in kinds])

    def _written(self, rows: list[dict[str, Any]]) -> bytes:
        out = bytearray()
        for row in rows:
            row["sequence_number"] = self._number
            self._number += 1
            out += b"event: " + row["type"].encode() + b"\ndata: " + to_json(row) + b"\n\n"
        return bytes(out)
