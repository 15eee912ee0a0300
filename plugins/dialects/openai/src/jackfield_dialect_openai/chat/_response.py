"""Normalize: whole answers from the wire."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    EmbeddingRequest,
    EmbeddingResponse,
    Facts,
    FinishReason,
    HTTPResponse,
    ListedModel,
    Media,
    Message,
    ModelsRequest,
    ModelsResponse,
    Part,
    ProviderState,
    Refusal,
    Request,
    Response,
    ResponseFormatError,
    Text,
    Thinking,
    ToolCall,
    Usage,
    derive_id,
    hookimpl,
)

from ._errors import fields, normalize_error

_FINISH: dict[str, FinishReason] = {
    "stop": "stop", "eos": "stop", "length": "length", "model_length": "length", "tool_calls": "tool_calls",
    "function_call": "tool_calls", "content_filter": "content_filter", "sensitive": "content_filter",
    "cancelled": "cancelled", "error": "error", "network_error": "error", "insufficient_system_resource": "error",
}  # fmt: skip
#: Names under which hosts give the trace of their thinking; the first that has any text is the trace.
TRACES = ("reasoning_content", "reasoning")


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, an embedding or the question which models there are."""
    body = read_body(request, response)
    if isinstance(request, ChatRequest):
        return chat_response(request, body)
    if isinstance(request, EmbeddingRequest):
        return _embeddings(body)
    if isinstance(request, ModelsRequest):
        rows = body.get("data") or []
        models = tuple(
            ListedModel(id=row["id"], created=row.get("created"), owner=row.get("owned_by"))
            for row in rows
            if isinstance(row, dict) and isinstance(row.get("id"), str)
        )
        return ModelsResponse(models=models, raw=body)
    return None


def read_body(request: Request, response: HTTPResponse) -> Any:
    """Read a JSON body of a good status.

    Raises:
        ProviderError: it is an error in spite of its status, or no JSON object.
    """
    try:
        body = from_json(response.body)
    except ValueError:
        kind = response.headers.get("content-type", "no content type")
        start = response.body[:120].decode("utf-8", "replace").strip()
        what = f"{kind}: {start}" if start else "an empty body"
        raise ResponseFormatError(f"the answer is not JSON but {what}") from None
    if isinstance(body, dict) and ("error" not in body or body["error"] is None):
        return body
    if fields(body) is not None and (error := normalize_error(request, response)) is not None:
        raise error
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    return body


def chat_response(request: ChatRequest, body: dict[str, Any]) -> ChatResponse:
    """Normalize a `chat.completion` object."""
    choices = body.get("choices")
    if not isinstance(choices, list):
        raise ResponseFormatError("the answer has no choices; this is no chat completion")
    fingerprint = body.get("system_fingerprint")
    usage = body.get("usage")
    return ChatResponse(
        id=body.get("id") or None,
        model=body.get("model") or None,
        created=created(body),
        choices=tuple(_choice(request, row, number) for number, row in enumerate(choices)),
        service_tier=body.get("service_tier") or None,
        provider_state=ProviderState(data={"system_fingerprint": fingerprint}) if fingerprint else None,
        raw=body,
        raw_usage=usage if isinstance(usage, dict) and usage else None,
    )


def created(body: Mapping[str, Any]) -> int | None:
    """Read when an answer was made; some hosts give a fraction of a second."""
    value = body.get("created")
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _choice(request: ChatRequest, row: dict[str, Any], number: int) -> Choice:
    index = row.get("index")
    index = number if index is None else index
    message = row.get("message") or row.get("delta") or {}
    parts = _parts(request, message, index)
    raw = row.get("finish_reason")
    return Choice(
        index=index,
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=finish_reason(raw, parts),
        raw_finish_reason=None if raw is None else str(raw),
        logprobs=_logprobs(row.get("logprobs")),
    )


def finish_reason(raw: Any, parts: list[Part]) -> FinishReason:
    """Return our word for a finish reason, given what the message holds."""
    reason: FinishReason = _FINISH.get(raw, "unknown") if isinstance(raw, str) else "unknown"
    if reason == "stop" or reason == "unknown":
        for part in parts:
            kind = type(part)
            if kind is ToolCall:
                return "tool_calls"
            if kind is Refusal and reason == "stop":
                reason = "refusal"
    return reason


def _parts(request: ChatRequest, message: dict[str, Any], choice: int) -> list[Part]:
    parts: list[Part] = []
    if (thinking := trace(message)) is not None:
        parts.append(thinking)
    notes = message.get("annotations")
    citations = tuple([citation(note) for note in notes]) if notes else ()
    content = message.get("content")
    if isinstance(content, str):
        if content or citations:
            parts.append(Text(text=content, citations=citations))
    elif content or citations:
        texts = [piece.get("text") for piece in content or () if isinstance(piece, dict)]
        text = "".join(text for text in texts if isinstance(text, str))
        if text or citations:
            parts.append(Text(text=text, citations=citations))
    if refusal := message.get("refusal"):
        parts.append(Refusal(text=refusal))
    if isinstance(audio := message.get("audio"), dict) and any(audio.values()):
        parts.append(spoken(request, audio))
    calls = message.get("tool_calls") or ()
    for number, call in enumerate(calls):
        parts.append(_call(request, call, choice, number))
    legacy = message.get("function_call")
    if legacy and not calls and legacy.get("name"):
        parts.append(ToolCall(name=legacy["name"], arguments=arguments(legacy.get("arguments"))))
    return parts


def trace(message: Mapping[str, Any]) -> Thinking | None:
    """Return the thinking of a message, with the name that its host knows it by."""
    details = message.get("reasoning_details")
    found = None
    for name in TRACES:
        if (text := message.get(name)) and isinstance(text, str):
            found = (name, text)
            break
    if not found and not details:
        return None
    state: dict[str, Any] = {"field": found[0] if found else "reasoning_details"}
    if details:
        state["details"] = details
    text = found[1] if found else "".join(str(row.get("text") or row.get("summary") or "") for row in details or ())
    return Thinking(text=text, provider_state=ProviderState(data=state))


def citation(note: dict[str, Any]) -> Citation:
    """Normalize an annotation; what it holds beyond our fields stays in `raw`."""
    inner = note.get(note.get("type", ""))
    row = inner if isinstance(inner, dict) else note
    return Citation(
        url=row.get("url"), title=row.get("title"), start=row.get("start_index"), end=row.get("end_index"), raw=note
    )


def audio_mime(request: ChatRequest) -> str:
    """Return the media type of spoken answers: that of the format that was asked for."""
    form = request.audio_out.format if request.audio_out and request.audio_out.format else "wav"
    return {"mp3": "audio/mpeg", "pcm16": "audio/pcm"}.get(form, f"audio/{form}")


def spoken(request: ChatRequest, audio: dict[str, Any]) -> Media:
    """Normalize a spoken answer; its id is what a later turn refers to it by."""
    state = {name: audio[name] for name in ("id", "expires_at") if audio.get(name)}
    try:
        data = base64.b64decode(audio.get("data") or "")
    except binascii.Error as error:
        raise ResponseFormatError(f"the spoken answer is broken base64: {error}") from None
    return Media(
        kind="audio",
        source=Bytes(data=data),
        mime=audio_mime(request),
        transcript=audio.get("transcript") or None,
        provider_state=ProviderState(data=state) if state else None,
    )


def _call(request: ChatRequest, call: dict[str, Any], choice: int, number: int) -> ToolCall:
    custom = call.get("type") == "custom" or (bool(call.get("custom")) and not call.get("function"))
    body = (call.get("custom") if custom else call.get("function")) or {}
    return ToolCall(
        id=call.get("id") or mint(request, choice, number),
        name=body.get("name") or "",
        arguments=arguments(body.get("input" if custom else "arguments")),
        kind="custom" if custom else "function",
    )


def mint(request: ChatRequest, choice: int, number: int) -> str:
    """Return an id for a call that came without one: the same for the same request and place, stream or not."""
    seed = [(message.role, message.text) for message in request.messages]
    return derive_id("call_", seed, f"{choice}.{number}")


def arguments(value: Any) -> str:
    """Return arguments as JSON text; some hosts send an object."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def _logprobs(value: Any) -> dict[str, Any] | None:
    if not isinstance(value, dict):
        return None
    return {name: rows for name, rows in value.items() if rows} or None


_INPUT = (
    ("input.cache_read", "cached_tokens"), ("input.cache_write", "cache_write_tokens"),
    ("input.audio", "audio_tokens"), ("input.image", "image_tokens"),
)  # fmt: skip
_OUTPUT = (
    ("output.reasoning", "reasoning_tokens"), ("output.audio", "audio_tokens"),
    ("output.accepted_prediction", "accepted_prediction_tokens"),
    ("output.rejected_prediction", "rejected_prediction_tokens"),
)  # fmt: skip
#: Names that hosts use beside the details (recorded: vercel-gateway, databricks, deepseek, together).
_BESIDE = (
    ("input.cache_read", ("cached_tokens", "prompt_cache_hit_tokens", "cache_read_input_tokens")),
    ("input.cache_write", ("cache_creation_input_tokens",)),
)

_BESIDE_KEYS = frozenset(key for _, keys in _BESIDE for key in keys)


@hookimpl
def usage_items(request: Request, raw: Mapping[str, Any], facts: Facts) -> Usage:
    """Read a usage object: sub-counts are inside of their totals (openai 3.51.0, types/completion_usage.py)."""
    counts: dict[str, int] = {}
    for name, key in (("input", "prompt_tokens"), ("output", "completion_tokens")):
        if type(value := raw.get(key)) is int:
            counts[name] = value
    for holder, rows in (("prompt_tokens_details", _INPUT), ("completion_tokens_details", _OUTPUT)):
        if details := raw.get(holder):
            for name, key in rows:
                if type(value := details.get(key)) is int:
                    counts[name] = value
    for name, keys in () if raw.keys().isdisjoint(_BESIDE_KEYS) else _BESIDE:
        if name not in counts:
            found = next((raw[key] for key in keys if type(raw.get(key)) is int), None)
            if found is not None:
                counts[name] = found
    cost = raw.get("cost")
    return Usage(counts, stated_cost=str(cost) if isinstance(cost, int | float | str) and cost != "" else None)


def _embeddings(body: dict[str, Any]) -> EmbeddingResponse:
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ResponseFormatError("the answer has no data; this is no list of embeddings")
    ordered = sorted(rows, key=lambda row: row.get("index", 0))
    return EmbeddingResponse(
        model=body.get("model"),
        vectors=tuple(tuple(_vector(row.get("embedding"))) for row in ordered),
        raw=body,
        raw_usage=body.get("usage"),
    )


def _vector(value: Any) -> Any:
    """Read a vector: numbers, or base64 of little-endian 32-bit floats."""
    if isinstance(value, str):
        import struct

        data = base64.b64decode(value)
        return struct.unpack(f"<{len(data) // 4}f", data)
    if isinstance(value, list):
        return value
    raise ResponseFormatError("an embedding is neither a list of numbers nor base64")
