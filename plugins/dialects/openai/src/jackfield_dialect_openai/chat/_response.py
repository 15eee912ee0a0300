"""Normalize: whole answers from the wire."""

from __future__ import annotations

import base64
import binascii
import struct
from array import array
from collections.abc import Callable, Mapping
from typing import Any

from pydantic_core import to_json

from jackfield import (
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    EmbeddingRequest,
    EmbeddingResponse,
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
    RerankRequest,
    Response,
    ResponseFormatError,
    Text,
    Thinking,
    TokenCountRequest,
    TokenCountResponse,
    ToolCall,
    hookimpl,
)
from jackfield.reading import MALFORMED, counted, malformed, read_json, word

from ._calls import mint
from ._errors import fields, normalize_error
from ._rerank import rerank_response
from ._runs import ReadRuns, run_parts

_FINISH: dict[str, FinishReason] = {
    "stop": "stop", "eos": "stop", "length": "length", "model_length": "length", "tool_calls": "tool_calls",
    "function_call": "tool_calls", "content_filter": "content_filter", "sensitive": "content_filter",
    "cancelled": "cancelled", "error": "error", "network_error": "error", "insufficient_system_resource": "error",
}  # fmt: skip
#: Names under which hosts give the trace of their thinking; the first that has any text is the trace.
TRACES = ("reasoning_content", "reasoning")
#: Brings a body or a chunk that one host writes in a form of its own to that of the format, in place.
Amend = Callable[[dict[str, Any]], None]
_THINKS = frozenset({*TRACES, "reasoning_details"})


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, an embedding, a reranking or the question which models there are."""
    body = read_body(request, response)
    try:
        if isinstance(request, ChatRequest):
            return chat_response(request, body)
        if isinstance(request, EmbeddingRequest):
            return _embeddings(request, body)
        if isinstance(request, RerankRequest):
            return rerank_response(request, body)
        if isinstance(request, TokenCountRequest):
            return TokenCountResponse(input_tokens=counted(body, "input_tokens"), raw=body)
        if isinstance(request, ModelsRequest):
            return models(body)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    return None


def read_body(request: Request, response: HTTPResponse) -> Any:
    """Read a JSON body of a good status.

    Raises:
        ProviderError: it is an error in spite of its status, or no JSON object.
    """
    body = read_json(response)
    if isinstance(body, dict) and ("error" not in body or body["error"] is None):
        return body
    if fields(body) is not None and (error := normalize_error(request, response)) is not None:
        raise error
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    return body


def chat_response(request: ChatRequest, body: dict[str, Any], runs: ReadRuns | None = None) -> ChatResponse:
    """Normalize a `chat.completion` object."""
    choices = body.get("choices")
    if not isinstance(choices, list):
        raise ResponseFormatError("the answer has no choices; this is no chat completion")
    fingerprint = body.get("system_fingerprint")
    usage = body.get("usage")
    return ChatResponse(
        id=word(body, "id"),
        model=word(body, "model"),
        created=created(body),
        choices=tuple(_choice(request, row, number, runs) for number, row in enumerate(choices)),
        service_tier=word(body, "service_tier"),
        provider_state=ProviderState(data={"system_fingerprint": fingerprint}) if fingerprint else None,
        raw=body,
        raw_usage=usage_object(usage) if usage else None,
    )


def usage_object(value: Any) -> dict[str, Any]:
    """Return a usage object as it came.

    Raises:
        TypeError: it is none.
    """
    if not isinstance(value, dict):
        raise TypeError(f"usage is a JSON {type(value).__name__}, not an object")
    return value


def created(body: Mapping[str, Any]) -> int | None:
    """Read when an answer was made; some hosts give a fraction of a second."""
    value = body.get("created")
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _choice(request: ChatRequest, row: dict[str, Any], number: int, runs: ReadRuns | None) -> Choice:
    index = row.get("index")
    if index is None:
        index = number
    elif type(index) is not int:
        raise TypeError("the index of a choice is no whole number")
    message = row.get("message")
    raw = row.get("finish_reason")
    if message is None and (message := row.get("delta")) is None:
        if raw != "content_filter":
            raise TypeError("a choice has no message")
        message = {}
    parts = _parts(request, message, index, runs)
    return Choice(
        index=index,
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=finish_reason(raw, parts),
        raw_finish_reason=None if raw is None else str(raw),
        logprobs=logprobs_of(row.get("logprobs")),
    )


def finish_reason(raw: Any, parts: list[Part]) -> FinishReason:
    """Return our word for a finish reason, given what the message holds."""
    reason: FinishReason = _FINISH.get(raw, "unknown") if isinstance(raw, str) else "unknown"
    if reason == "stop" or reason == "unknown":
        for part in parts:
            kind = type(part)
            if kind is ToolCall and part.executed_by == "caller":  # type: ignore[union-attr]
                return "tool_calls"
            if kind is Refusal and reason == "stop":
                reason = "refusal"
    return reason


def _parts(request: ChatRequest, message: dict[str, Any], choice: int, runs: ReadRuns | None) -> list[Part]:
    parts: list[Part] = []
    if not message.keys().isdisjoint(_THINKS) and (thinking := trace(message)) is not None:
        parts.append(thinking)
    if runs is not None:
        parts += run_parts(request, choice, runs(message))
    notes = message.get("annotations")
    citations = tuple([citation(note) for note in notes]) if notes else ()
    content = message.get("content")
    if isinstance(content, str):
        if content or citations:
            parts.append(Text(text=content, citations=citations))
    elif content or citations:
        text = pieces(content) if content else ""
        if text or citations:
            parts.append(Text(text=text, citations=citations))
    if refusal := message.get("refusal"):
        parts.append(Refusal(text=refusal))
    if (audio := message.get("audio")) and any(audio.values()):
        parts.append(spoken(request, audio))
    calls = message.get("tool_calls") or ()
    for number, call in enumerate(calls):
        parts.append(_call(request, call, choice, number))
    legacy = message.get("function_call")
    if legacy and not calls and legacy.get("name"):
        parts.append(ToolCall(name=legacy["name"], arguments=arguments(legacy.get("arguments"))))
    return parts


def pieces(content: Any) -> str:
    """Read content that is a list of parts: the text in it.

    Raises:
        TypeError: it is no list.
    """
    if not isinstance(content, list):
        raise TypeError(f"content is a JSON {type(content).__name__}, neither a string nor a list")
    return "".join(text for piece in content if isinstance(text := piece.get("text"), str))


def trace(message: Mapping[str, Any]) -> Thinking | None:
    """Return the thinking of a message, with the name that its host knows it by."""
    details = message.get("reasoning_details")
    found = None
    for name in TRACES:
        if text := word(message, name):
            found = (name, text)
            break
    if not found and not details:
        return None
    if details and not isinstance(details, list):
        raise TypeError(f"reasoning_details is a JSON {type(details).__name__}, not a list")
    state: dict[str, Any] = {"field": found[0] if found else "reasoning_details"}
    if details:
        state["details"] = details
    text = found[1] if found else "".join(str(row.get("text") or row.get("summary") or "") for row in details or ())
    return Thinking(text=text, provider_state=ProviderState(data=state))


def citation(note: Any) -> Citation:
    """Normalize an annotation; what it holds beyond our fields, or in a form of its own, stays in `raw`."""
    if not isinstance(note, dict):
        return Citation(raw=note)
    kind = note.get("type")
    inner = note.get(kind) if isinstance(kind, str) else None
    row = inner if isinstance(inner, dict) else note
    words = {name: value for name in ("url", "title") if isinstance(value := row.get(name), str)}
    places = {name: value for name in ("start", "end") if type(value := row.get(f"{name}_index")) is int}
    return Citation(**words, **places, raw=note)


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


def arguments(value: Any) -> str:
    """Return arguments as JSON text; some hosts send an object."""
    if isinstance(value, str):
        return value
    return "" if value is None else to_json(value).decode()


def logprobs_of(value: Any) -> dict[str, Any] | None:
    """Read log probabilities; hosts of open models give them in the form of old completions, which is rewritten.

    Recorded: huggingface and together, each token with its alternatives in lists beside each other.
    """
    if not value:
        return None
    if (tokens := value.get("tokens")) and isinstance(tokens, list):
        chances = value.get("token_logprobs") or ()
        tops = value.get("top_logprobs") or ((),) * len(tokens)
        rows = zip(tokens, chances, tops, strict=False)
        return {
            "content": [{"token": token, "logprob": chance, "top_logprobs": _alike(top)} for token, chance, top in rows]
        }
    return {name: rows for name, rows in value.items() if rows} or None


def _alike(top: Any) -> list[Any]:
    """Return alternatives as rows; some hosts map each to its chance."""
    if isinstance(top, Mapping):
        return [{"token": token, "logprob": chance} for token, chance in top.items()]
    return list(top or ())


def models(body: dict[str, Any]) -> ModelsResponse:
    """Normalize a list of models."""
    rows = tuple(
        ListedModel(id=row["id"], created=row.get("created"), owner=row.get("owned_by"))
        for row in body.get("data") or ()
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    )
    return ModelsResponse(models=rows, raw=body)


def _embeddings(request: EmbeddingRequest, body: dict[str, Any]) -> EmbeddingResponse:
    rows = body.get("data")
    if not isinstance(rows, list):
        raise ResponseFormatError("the answer has no data; this is no list of embeddings")
    if len(rows) != len(request.inputs):
        raise ResponseFormatError(f"the answer has {len(rows)} embeddings of {len(request.inputs)} texts")
    ordered = sorted(rows, key=lambda row: row.get("index", 0))
    return EmbeddingResponse(
        model=word(body, "model"),
        vectors=tuple(tuple(_vector(row.get("embedding"))) for row in ordered),
        raw=body,
        raw_usage=usage_object(usage) if (usage := body.get("usage")) else None,
    )


def _vector(value: Any) -> Any:
    """Read a vector: numbers, or base64 of little-endian 32-bit floats."""
    if isinstance(value, str):
        return [number for (number,) in struct.iter_unpack("<f", base64.b64decode(value))]
    if isinstance(value, list):
        return array("d", value)
    raise ResponseFormatError("an embedding is neither a list of numbers nor base64")
