"""Serve: parse what callers send, render answers in the same format."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    Data,
    EmbeddingRequest,
    EmbeddingResponse,
    FinishReason,
    HTTPRequest,
    HTTPResponse,
    InvalidInput,
    ModelsRequest,
    ModelsResponse,
    Part,
    ProviderState,
    Refusal,
    Request,
    Response,
    Text,
    Thinking,
    ToolCall,
    hookimpl,
)
from jackfield.parsing import validated

from ._parse import parse_chat
from ._usage import durations, usage_members
from ._words import FINISH


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
    if not isinstance(body, Mapping):
        raise InvalidInput("the body is no JSON object")
    return parse_chat(body) if operation == "chat" else _parse_embedding(body)


def _parse_embedding(body: Mapping[str, Any]) -> EmbeddingRequest:
    inputs = body.get("input")
    texts = [inputs] if isinstance(inputs, str) else inputs
    values = {"model": body.get("model", ""), "inputs": texts, "dimensions": body.get("dimensions")}
    try:
        return validated(EmbeddingRequest, values)
    except InvalidInput as error:
        param = (error.param or "").replace("inputs", "input", 1)
        raise InvalidInput(error.message.replace("inputs", "input", 1), param=param) from None


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    if isinstance(response, ChatResponse) and isinstance(request, ChatRequest):
        body = _chat(request, response)
    elif isinstance(response, EmbeddingResponse):
        body = {"model": response.model or request.model, "embeddings": response.vectors}
        body |= usage_members(response.usage)
    elif isinstance(response, ModelsResponse):
        rows = [(row.id, {"modified_at": moment(row.created)} if row.created else {}) for row in response.models]
        body = {"models": [{"name": name, "model": name, **changed} for name, changed in rows]}
    else:
        return None
    return HTTPResponse(200, {"content-type": "application/json; charset=utf-8"}, to_json(body))


def _chat(request: ChatRequest, response: ChatResponse) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": ""}
    calls: list[dict[str, Any]] = []
    for part in response.message.parts:
        if isinstance(part, Thinking):
            message["thinking"] = message.get("thinking", "") + part.text
        elif isinstance(part, ToolCall):
            if part.executed_by == "caller":
                calls.append(call_body(part, len(calls)))
        else:
            message["content"] += said(part)
    if calls:
        message["tool_calls"] = calls
    choice = response.choices[0] if response.choices else None
    body: dict[str, Any] = {"model": response.model or request.model}
    body |= {"created_at": moment(response.created or 0), "message": message, "done": True}
    if choice is not None and (rows := (choice.logprobs or {}).get("content")):
        body["logprobs"] = rows
    body["done_reason"] = finish_word(response.finish_reason, choice.raw_finish_reason if choice else None)
    return body | measured(choice.provider_state if choice else None) | usage_members(response.usage)


def said(part: Part) -> str:
    """Return the text that a part says in an answer."""
    match part:
        case Text(text=text) | Refusal(text=text):
            return text
        case Data(value=value):
            return to_json(value).decode()
        case _:
            return ""


def call_body(call: ToolCall, number: int) -> dict[str, Any]:
    """Write a call; what the model wrote wrong goes under a name that says so."""
    try:
        value = from_json(call.arguments) if call.arguments.strip() else {}
    except ValueError:
        value = None
    arguments = value if isinstance(value, dict) else {"INVALID_JSON": call.arguments}
    function = {"index": number, "name": call.name, "arguments": arguments}
    state = call.provider_state
    if call.id is None or (state is not None and isinstance(state.data, dict) and state.data.get("minted")):
        return {"function": function}
    return {"id": call.id, "function": function}


def moment(seconds: int) -> str:
    """Write a time."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def measured(state: ProviderState | None) -> dict[str, Any]:
    """Return the durations of an answer that came in this format."""
    return durations(state.data) if state is not None and isinstance(state.data, dict) else {}


def finish_word(reason: FinishReason, raw: str | None) -> str:
    """Return the format's word for a finish reason of ours."""
    if raw is not None and FINISH.get(raw) == reason:
        return raw
    return "length" if reason in ("length", "context") else "stop"
