"""Normalize and decode: a prediction, or the events of its stream, as an answer to a chat."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    ChatRequest,
    Delta,
    Event,
    Finished,
    HTTPResponse,
    NotReadyError,
    PartTracker,
    ProviderError,
    Request,
    Started,
    StreamDecoder,
    StreamInterrupted,
    Text,
    TextDelta,
    hookimpl,
)
from jackfield_dialect_openai.chat import variant

__all__ = ["normalize_response", "stream_decoder"]


def _amend(body: dict[str, Any]) -> None:
    """Bring a prediction to the form of a chat completion; why a model ended is not said.

    Raises:
        ProviderError: the prediction failed.
        NotReadyError: it has not ended, and nobody follows it.
    """
    status, name = body.get("status"), body.get("id")
    if status in ("starting", "processing"):
        place = (body.get("urls") or {}).get("get", "")
        raise NotReadyError(f"the prediction {name} is {status}; a client follows it, or ask for {place} later")
    if status != "succeeded":
        raise ProviderError(f"the prediction {name} is {status}; see its logs at replicate.com/p/{name}")
    output = body.get("output")
    if isinstance(output, list) and all(isinstance(piece, str) for piece in output):
        output = "".join(output)
    text = output if output is None or isinstance(output, str) else to_json(output).decode()
    body["choices"] = [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": status}]
    metrics = body.get("metrics") or {}
    counts = {"prompt_tokens": "input_token_count", "completion_tokens": "output_token_count"}
    if usage := {ours: metrics[theirs] for ours, theirs in counts.items() if metrics.get(theirs) is not None}:
        body["usage"] = usage


normalize_response, _ = variant(_amend)


@hookimpl
def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
    """Open the decoder of a prediction's stream."""
    return _Decoder() if isinstance(request, ChatRequest) else None


class _Decoder:
    """Events of output are pieces of text; `done` ends them. Usage is not told in a stream."""

    framing: str | None = None

    def __init__(self) -> None:
        self._tracker = PartTracker()
        self._is_started = self._is_done = False

    def feed(self, event: Event) -> list[Delta]:
        """Read one event.

        Raises:
            ProviderError: the prediction failed, or cannot be streamed.
        """
        out: list[Delta] = []
        if not self._is_started:
            self._is_started = True
            out.append(Started())
        match event.name:
            case "output":
                part = self._tracker.flow(0, "text", Text(text=""), out)
                out.append(TextDelta(0, part, event.data.decode("utf-8", "replace")))
            case "done":
                self._is_done = True
                self._tracker.end(0, out)
                word = _member(event.data, "reason") or "succeeded"
                out.append(Finished(0, "cancelled" if word == "canceled" else "unknown", word))
                if word == "error":
                    raise _failed("the prediction failed", event.data, out)
            case "error":
                raise _failed(_member(event.data, "detail") or event.data.decode("utf-8", "replace"), event.data, out)
            case None:
                why = "the model has no stream, or nobody asked for it; ask without stream=True, or with a client"
                raise _failed(why, event.data, out)
        return out

    def close(self) -> list[Delta]:
        """Read the end.

        Raises:
            StreamInterrupted: the event that ends a stream has not come.
        """
        if self._is_done:
            return []
        error = StreamInterrupted("the stream ended before its end")
        self._tracker.end(0, error.deltas)
        raise error


def _failed(message: str, data: bytes, deltas: list[Delta]) -> ProviderError:
    error = ProviderError(message, body=data)
    error.deltas = deltas
    return error


def _member(data: bytes, name: str) -> str | None:
    try:
        found = from_json(data)
    except ValueError:
        return None
    return str(found[name]) if isinstance(found, dict) and found.get(name) else None
