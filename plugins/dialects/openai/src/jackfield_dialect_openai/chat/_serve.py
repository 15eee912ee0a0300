"""Serve: parse what callers send, render answers and streams in the same format."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ArgumentsDelta,
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    CitationDelta,
    Delta,
    EmbeddingRequest,
    EmbeddingResponse,
    Finished,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    JackfieldError,
    LogprobsDelta,
    Media,
    MediaDelta,
    ModelsRequest,
    ModelsResponse,
    PartStarted,
    ProviderState,
    Refusal,
    RefusalDelta,
    Request,
    Response,
    Restarted,
    Started,
    StreamEncoder,
    Text,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    Usage,
    UsageDelta,
    derive_id,
    hookimpl,
)
from jackfield.parsing import validated

from ._errors import envelope
from ._parse import parse_chat
from ._request import tool_call

_JSON = {"content-type": "application/json"}
_FINISH = {
    "stop_sequence": "stop", "context": "length", "refusal": "stop", "pause": "stop", "cancelled": "stop",
    "error": "stop", "unknown": "stop",
}  # fmt: skip
SANDBOX_FINGERPRINT = "fp_jackfield_sandbox"


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat, an embedding or the question which models there are."""
    operation = route.get("operation")
    if operation == "models":
        return ModelsRequest()
    if operation not in ("chat", "embedding"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if operation == "chat":
        return parse_chat(body)
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    inputs = body.get("input")
    texts = [inputs] if isinstance(inputs, str) else inputs
    values = {"model": body.get("model", ""), "inputs": texts}
    values |= {name: body[name] for name in ("dimensions", "user") if body.get(name) is not None}
    serving = {"encoding_format": body["encoding_format"]} if "encoding_format" in body else {}
    return validated(EmbeddingRequest, {**values, "serving": serving})


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    body: dict[str, Any]
    if isinstance(response, ChatResponse) and isinstance(request, ChatRequest):
        body = completion(request, response)
    elif isinstance(response, ModelsResponse):
        rows = [
            {
                "id": model.id,
                "object": "model",
                "created": model.created or 0,
                "owned_by": model.owner or response.provider,
            }
            for model in response.models
        ]
        body = {"object": "list", "data": rows}
    elif isinstance(response, EmbeddingResponse):
        as_text = request.serving.get("encoding_format") == "base64"
        rows = [
            {"object": "embedding", "index": number, "embedding": _packed(vector) if as_text else list(vector)}
            for number, vector in enumerate(response.vectors)
        ]
        body = {"object": "list", "data": rows, "model": response.model, "usage": usage_body(response.usage) or {}}
    else:
        return None
    return HTTPResponse(200, dict(_JSON), to_json(body))


def _packed(vector: tuple[float, ...]) -> str:
    import struct

    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()


def completion(request: ChatRequest, response: ChatResponse) -> dict[str, Any]:
    """Write a `chat.completion` object."""
    legacy = bool(request.serving.get("functions"))
    body: dict[str, Any] = {
        "id": response.id or derive_id("chatcmpl-", [request.model, response.text], 0),
        "object": "chat.completion",
        "created": response.created or 0,
        "model": response.model or request.model,
        "choices": [_choice(choice, legacy) for choice in response.choices],
        "usage": usage_body(response.usage),
        "service_tier": response.service_tier,
        "system_fingerprint": _fingerprint(response.provider_state, response.sandboxed),
    }
    return {name: value for name, value in body.items() if value is not None}


def _fingerprint(state: ProviderState | None, sandboxed: bool) -> str | None:
    if sandboxed:
        return SANDBOX_FINGERPRINT
    return state.data.get("system_fingerprint") if state is not None and isinstance(state.data, dict) else None


def _choice(choice: Choice, legacy: bool) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": None, "refusal": None}
    calls: list[dict[str, Any]] = []
    for part in choice.message.parts:
        match part:
            case Text(text=text, citations=citations):
                message["content"] = (message["content"] or "") + text
                if citations:
                    message["annotations"] = [_annotation(note) for note in citations]
            case Refusal(text=text):
                message["refusal"] = (message["refusal"] or "") + text
            case Thinking(text=text):
                message["reasoning_content"] = message.get("reasoning_content", "") + text
            case Media(kind="audio", source=Bytes(data=data), transcript=transcript, provider_state=state):
                known = state.data if state is not None else {}
                message["audio"] = {
                    "id": known.get("id") or derive_id("audio_", transcript or "", choice.index),
                    "data": base64.b64encode(data).decode(),
                    "transcript": transcript or "",
                    "expires_at": known.get("expires_at") or 0,
                }
            case ToolCall(executed_by="caller") if legacy:
                message["function_call"] = {"name": part.name, "arguments": part.arguments}
            case ToolCall(executed_by="caller", id=None):
                message["function_call"] = {"name": part.name, "arguments": part.arguments}
            case ToolCall(executed_by="caller"):
                calls.append(tool_call(part))
            case _:
                pass
    if calls:
        message["tool_calls"] = calls
    return {
        "index": choice.index,
        "message": message,
        "logprobs": choice.logprobs,
        "finish_reason": finish_word(choice.finish_reason, choice.raw_finish_reason, legacy),
    }


def finish_word(reason: str, raw: str | None, legacy: bool) -> str:
    """Return the format's word for a finish reason of ours."""
    if reason == "tool_calls":
        return "function_call" if legacy or raw == "function_call" else "tool_calls"
    return _FINISH.get(reason, reason)


def _annotation(note: Any) -> Any:
    if isinstance(note.raw, dict) and note.raw.get("type") == "url_citation":
        return note.raw
    inner = {
        "url": note.url or "",
        "title": note.title or "",
        "start_index": note.start or 0,
        "end_index": note.end or 0,
    }
    return {"type": "url_citation", "url_citation": inner}


def usage_body(usage: Usage | None) -> dict[str, Any] | None:
    """Write a usage object; None where nothing is known."""
    if usage is None:
        return None
    counts = usage.counts
    into, out = usage.input_tokens or 0, usage.output_tokens or 0
    body: dict[str, Any] = {"prompt_tokens": into, "completion_tokens": out, "total_tokens": into + out}
    prompt = {
        "cached_tokens": "input.cache_read",
        "audio_tokens": "input.audio",
        "image_tokens": "input.image",
        "cache_write_tokens": "input.cache_write",
    }
    completed = {
        "reasoning_tokens": "output.reasoning",
        "audio_tokens": "output.audio",
        "accepted_prediction_tokens": "output.accepted_prediction",
        "rejected_prediction_tokens": "output.rejected_prediction",
    }
    for member, names in (("prompt_tokens_details", prompt), ("completion_tokens_details", completed)):
        if found := {name: counts[selector] for name, selector in names.items() if selector in counts}:
            body[member] = found
    return body


@hookimpl
def stream_encoder(request: Request, at: datetime) -> StreamEncoder | None:
    """Open the encoder of a chat's stream."""
    return Encoder(request, at) if isinstance(request, ChatRequest) else None


class Encoder:
    """Writes chunks. The finish reasons, the usage that was asked for and `[DONE]` come at the end."""

    status = 200

    def __init__(self, request: ChatRequest, at: datetime) -> None:
        self.headers: Mapping[str, str] = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
        }
        self._request = request
        self._legacy = bool(request.serving.get("functions"))
        self._wants_usage = bool(request.serving.get("include_usage"))
        self._head: dict[str, Any] = {
            "id": derive_id("chatcmpl-", [request.model, at.isoformat()], 0),
            "object": "chat.completion.chunk",
            "created": int(at.timestamp()),
            "model": request.model,
        }
        if request.serving.get("sandboxed"):
            self._head["system_fingerprint"] = SANDBOX_FINGERPRINT
        self._calls: dict[tuple[int, int], tuple[int, str]] = {}
        self._finished: list[Finished] = []
        self._usage: UsageDelta | None = None
        self._opened: set[int] = set()
        self._audio: dict[tuple[int, int], str] = {}

    def encode(self, delta: Delta) -> bytes:
        """Write one delta."""
        match delta:
            case TextDelta(choice=choice, text=text):
                return self._chunk(choice, {"content": text})
            case ArgumentsDelta(choice=choice, part=part, text=text):
                return self._arguments(choice, part, text)
            case Started():
                self._start(delta)
                return b""
            case PartStarted(choice=choice, part=part, value=ToolCall() as call):
                return self._call(choice, part, call)
            case PartStarted(choice=choice, part=part, value=Media()):
                self._audio[choice, part] = derive_id("audio_", self._head["id"], f"{choice}.{part}")
                return self._chunk(choice, {"audio": {"id": self._audio[choice, part]}})
            case PartStarted(choice=choice, value=Text(text=text)) if text:
                return self._chunk(choice, {"content": text})
            case ThinkingDelta(choice=choice, text=text):
                return self._chunk(choice, {"reasoning_content": text})
            case RefusalDelta(choice=choice, text=text):
                return self._chunk(choice, {"refusal": text})
            case MediaDelta(choice=choice, data=data, transcript=transcript):
                audio = {"data": base64.b64encode(data).decode()} if data else {}
                return self._chunk(choice, {"audio": audio | ({"transcript": transcript} if transcript else {})})
            case CitationDelta(choice=choice, citation=citation):
                return self._chunk(choice, {"annotations": [_annotation(citation)]})
            case LogprobsDelta(choice=choice, logprobs=logprobs):
                return self._chunk(choice, {}, logprobs=dict(logprobs))
            case Finished():
                self._finished.append(delta)
            case UsageDelta():
                self._usage = delta
            case Restarted(mode="rerun"):
                if self._opened:
                    raise JackfieldError(
                        "another provider began the answer again; this format cannot take back what was sent"
                    )
            case _:
                pass
        return b""

    def keep_alive(self) -> bytes:
        """Write a comment."""
        return b": keep-alive\n\n"

    def fail(self, error: JackfieldError) -> bytes:
        """Write the error as a chunk of its own; no end marker follows."""
        return b"data: " + to_json(envelope(error)[1]) + b"\n\n"

    def close(self) -> bytes:
        """Write finish reasons, usage and the end marker."""
        out = bytearray()
        if self._usage is not None and self._usage.service_tier:
            self._head["service_tier"] = self._usage.service_tier
        for finished in self._finished:
            word = finish_word(finished.reason, finished.raw, self._legacy)
            out += self._chunk(finished.choice, {}, finish_reason=word)
        if self._wants_usage:
            usage = usage_body(self._usage.usage if self._usage else None)
            body = {**self._head, "choices": [], "usage": usage}
            out += b"data: " + to_json(body) + b"\n\n"
        return bytes(out + b"data: [DONE]\n\n")

    def _start(self, started: Started) -> None:
        known = {"id": started.id, "model": started.model, "created": started.created}
        self._head |= {name: value for name, value in known.items() if value is not None}
        state = started.provider_state
        if isinstance(state, dict) and state.get("system_fingerprint"):
            self._head["system_fingerprint"] = state["system_fingerprint"]

    def _call(self, choice: int, part: int, call: ToolCall) -> bytes:
        number = sum(1 for opened, _ in self._calls if opened == choice)
        legacy = self._legacy or call.id is None
        self._calls[choice, part] = (number, "legacy" if legacy else call.kind)
        if legacy:
            return self._chunk(choice, {"function_call": {"name": call.name, "arguments": call.arguments}})
        return self._chunk(choice, {"tool_calls": [{"index": number, **tool_call(call)}]})

    def _arguments(self, choice: int, part: int, text: str) -> bytes:
        number, kind = self._calls[choice, part]
        if kind == "legacy":
            return self._chunk(choice, {"function_call": {"arguments": text}})
        row = {
            "index": number,
            **({"custom": {"input": text}} if kind == "custom" else {"function": {"arguments": text}}),
        }
        return self._chunk(choice, {"tool_calls": [row]})

    def _chunk(
        self, choice: int, delta: dict[str, Any], *, logprobs: Any = None, finish_reason: str | None = None
    ) -> bytes:
        if choice not in self._opened:
            self._opened.add(choice)
            delta = {"role": "assistant", **delta}
        row = {"index": choice, "delta": delta, "logprobs": logprobs, "finish_reason": finish_reason}
        return b"data: " + to_json({**self._head, "choices": [row]}) + b"\n\n"
