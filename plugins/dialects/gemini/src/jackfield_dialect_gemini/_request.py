"""Translate: our requests to the wire."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from jackfield import (
    ChatRequest,
    EmbeddingRequest,
    Endpoint,
    HTTPRequest,
    Media,
    Message,
    ModelsRequest,
    Request,
    Text,
    Thinking,
    TokenCountRequest,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    hookimpl,
)

from ._parameters import write_parameters
from ._parts import FOREIGN_CALL, state_of, write_part, write_result

#: The member of a count that holds a whole request.
WHOLE = "generateContentRequest"
#: What texts are for, in the format's words (ai.google.dev/api/embeddings, TaskType).
TASKS: Mapping[str, str] = {
    "query": "RETRIEVAL_QUERY", "document": "RETRIEVAL_DOCUMENT", "classification": "CLASSIFICATION",
    "clustering": "CLUSTERING", "similarity": "SEMANTIC_SIMILARITY",
}  # fmt: skip


@hookimpl
def translate_request(request: Request, endpoint: Endpoint) -> HTTPRequest | None:
    """Translate a chat, an embedding, the question how long a chat is, or which models there are."""
    if isinstance(request, ChatRequest):
        verb = "streamGenerateContent?alt=sse" if request.stream else "generateContent"
        return HTTPRequest("POST", f"{_model_url(request, endpoint)}:{verb}", {}, chat_body(request))
    if isinstance(request, EmbeddingRequest):
        url = f"{_model_url(request, endpoint)}:batchEmbedContents"
        return HTTPRequest("POST", url, {}, {"requests": [*_texts(request)]})
    if isinstance(request, TokenCountRequest):
        return HTTPRequest(
            "POST", f"{_model_url(request, endpoint)}:countTokens", {}, count_body(request), within=(WHOLE,)
        )
    if isinstance(request, ModelsRequest):
        # 50 unless asked; 1000 is the most (ai.google.dev/api/models)
        return HTTPRequest("GET", f"{endpoint.base_url}/models?pageSize=1000")
    return None


def _model_url(request: Request, endpoint: Endpoint) -> str:
    return f"{endpoint.base_url}/{quote(_resource(request.model), safe='/-._~@:')}"


def _resource(model: str) -> str:
    return model if model.startswith(("models/", "tunedModels/")) else f"models/{model}"


def _texts(request: EmbeddingRequest) -> Iterator[dict[str, Any]]:
    if request.user is not None:
        raise UnsupportedFeature("user: the format does not say who asks for an embedding; leave it out", param="user")
    shape: dict[str, Any] = {} if request.dimensions is None else {"outputDimensionality": request.dimensions}
    if request.input_type is not None:
        shape["taskType"] = TASKS[request.input_type]
    for text in request.inputs:
        yield {"model": _resource(request.model), "content": {"parts": [{"text": text}]}, **shape}


def count_body(request: TokenCountRequest) -> dict[str, Any]:
    """Return the wire body of a count: the whole request inside, as only then tools and the system's turns count."""
    chat = request.asked
    return {WHOLE: {"model": _resource(request.model), **chat_body(chat)}}


def chat_body(request: ChatRequest) -> dict[str, Any]:
    """Return the wire body of a chat; turns of the system are lifted to the top, in order."""
    system: dict[str, Any] = {}
    contents: list[dict[str, Any]] = []
    calls: dict[str, ToolCall] = {}
    before = ""
    for number, message in enumerate(request.messages):
        role, parts = message.role, message.parts
        if role == "system" or role == "developer":
            rows = [*_system(message, number)]
            if (state := message.provider_state) is not None:
                system |= state.data.get("members", {})
            system.setdefault("parts", []).extend(rows)
            continue
        if len(parts) == 1 and type(part := parts[0]) is Text and part.provider_state is None:
            rows = [{"text": part.text}]
        else:
            rows = [*_turn(message, number, calls)]
        if role == "tool" and before == "tool":
            # as many results as there were calls, in one turn
            contents[-1]["parts"] += rows
        else:
            contents.append({"role": "model" if role == "assistant" else "user", "parts": rows})
        before = role
    body: dict[str, Any] = {"contents": contents}
    if system:
        body["systemInstruction"] = system
    write_parameters(request, body)
    return body


def _system(message: Message, number: int) -> Iterator[dict[str, Any]]:
    for index, part in enumerate(message.parts):
        where = f"messages[{number}].parts[{index}]"
        if isinstance(part, Media | ToolCall | ToolResult | Thinking):
            raise UnsupportedFeature(
                f"{where}: a turn of the system takes no {part.type} here; say it in text or in a user's turn",
                param="messages",
            )
        yield write_part(part, where)


def _turn(message: Message, number: int, calls: dict[str, ToolCall]) -> Iterator[dict[str, Any]]:
    is_model, asked = message.role == "assistant", False
    for index, part in enumerate(message.parts):
        where = f"messages[{number}].parts[{index}]"
        if isinstance(part, ToolResult) and not is_model:
            yield _result(part, calls, where)
            continue
        if not is_model and isinstance(part, ToolCall):
            raise UnsupportedFeature(f"{where}: only an assistant's turn holds calls; move it there", param="messages")
        wire = write_part(part, where)
        if isinstance(part, ToolCall) and part.executed_by == "caller":
            if part.id is not None:
                calls[part.id] = part
            if part.provider_state is None and not asked:
                # only the first call of a turn is looked at
                wire["thoughtSignature"] = FOREIGN_CALL
            asked = True
        yield wire


def _result(result: ToolResult, calls: dict[str, ToolCall], where: str) -> dict[str, Any]:
    call = calls.get(result.call_id) if result.call_id is not None else None
    name = result.name or (call.name if call is not None else None)
    if name is None:
        raise UnsupportedFeature(
            f"{where}: the format names the function of a result; give its name or keep its call", param="messages"
        )
    is_minted = bool(state_of(result).get("minted")) or (call is not None and bool(state_of(call).get("minted")))
    return write_result(result, name, None if is_minted else result.call_id, where)
