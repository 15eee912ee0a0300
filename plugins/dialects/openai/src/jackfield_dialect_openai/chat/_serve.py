"""Serve: parse what callers send, render answers and streams in the same format."""

from __future__ import annotations

import base64
from collections.abc import Mapping
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
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    Media,
    ModelsRequest,
    ModelsResponse,
    ProviderState,
    Refusal,
    Request,
    RerankRequest,
    RerankResponse,
    Response,
    Text,
    Thinking,
    ToolCall,
    Usage,
    derive_id,
    hookimpl,
)
from jackfield.parsing import validated

from ._parse import parse_chat
from ._request import tool_call
from ._rerank import parse_rerank, rerank_answer

_JSON = {"content-type": "application/json"}
_FINISH = {
    "stop_sequence": "stop", "context": "length", "refusal": "stop", "pause": "stop", "cancelled": "stop",
    "error": "stop", "unknown": "stop",
}  # fmt: skip
SANDBOX_FINGERPRINT = "fp_jackfield_sandbox"


@hookimpl
def parse_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Request | None:
    """Parse a chat, an embedding, a reranking or the question which models there are."""
    operation = route.get("operation")
    if operation == "models":
        return ModelsRequest()
    if operation not in ("chat", "embedding", "rerank"):
        return None
    try:
        body = http_request.json()
    except ValueError as error:
        raise InvalidInput(f"the body is not JSON: {error}") from None
    if operation == "chat":
        return parse_chat(body)
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    if operation == "rerank":
        return parse_rerank(body)
    inputs = body.get("input")
    texts = [inputs] if isinstance(inputs, str) else inputs
    values = {"model": body.get("model", ""), "inputs": texts}
    values |= {name: body[name] for name in ("dimensions", "user") if body.get(name) is not None}
    serving = {"encoding_format": body["encoding_format"]} if "encoding_format" in body else {}
    try:
        return validated(EmbeddingRequest, {**values, "serving": serving})
    except InvalidInput as error:
        if error.param is None or not error.param.startswith("inputs"):
            raise
        raise InvalidInput(
            error.message.replace("inputs", "input"), param=error.param.replace("inputs", "input")
        ) from None


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    body: dict[str, Any]
    if isinstance(response, ChatResponse) and isinstance(request, ChatRequest):
        body = completion(request, response)
    elif isinstance(response, ModelsResponse):
        body = models_body(response)
    elif isinstance(response, EmbeddingResponse):
        as_text = request.serving.get("encoding_format") == "base64"
        rows = [
            {"object": "embedding", "index": number, "embedding": _packed(vector) if as_text else list(vector)}
            for number, vector in enumerate(response.vectors)
        ]
        body = {"object": "list", "data": rows, "model": response.model, "usage": usage_body(response.usage) or {}}
    elif isinstance(response, RerankResponse) and isinstance(request, RerankRequest):
        body = rerank_answer(request, response)
    else:
        return None
    return HTTPResponse(200, dict(_JSON), to_json(body))


def models_body(response: ModelsResponse) -> dict[str, Any]:
    """Write a list of models."""
    return {
        "object": "list",
        "data": [
            {
                "id": model.id,
                "object": "model",
                "created": model.created or 0,
                "owned_by": model.owner or response.provider,
            }
            for model in response.models
        ],
    }


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
                before = message["content"] or ""
                message["content"] = before + text
                if citations:
                    notes = [annotation(note, len(before)) for note in citations]
                    message["annotations"] = [*message.get("annotations", ()), *notes]
            case Refusal(text=text):
                message["refusal"] = (message["refusal"] or "") + text
            case Thinking(text=text):
                message["reasoning_content"] = message.get("reasoning_content", "") + text
            case Media(kind="audio", source=Bytes(data=data), transcript=transcript, provider_state=state):
                known = state.data if state is not None and isinstance(state.data, dict) else {}
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


def annotation(note: Citation, before: int = 0) -> Any:
    """Write a citation; its places count from the start of the message, `before` which its text stands."""
    if isinstance(note.raw, dict) and note.raw.get("type") == "url_citation":
        inner = note.raw.get("url_citation")
        if before and isinstance(inner, dict):
            moved = {
                name: inner[name] + before for name in ("start_index", "end_index") if type(inner.get(name)) is int
            }
            return {**note.raw, "url_citation": {**inner, **moved}}
        return note.raw
    inner = {
        "url": note.url or "",
        "title": note.title or "",
        "start_index": (note.start or 0) + before,
        "end_index": (note.end or 0) + before,
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
