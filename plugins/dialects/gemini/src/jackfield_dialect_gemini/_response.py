"""Normalize: whole answers from the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    EmbeddingRequest,
    EmbeddingResponse,
    HTTPResponse,
    ListedModel,
    Message,
    ModelsRequest,
    ModelsResponse,
    Part,
    ProviderState,
    Request,
    Response,
    ResponseFormatError,
    Text,
    TokenCountRequest,
    TokenCountResponse,
    ToolCall,
    derive_id,
    hookimpl,
)
from jackfield.reading import MALFORMED, counted, malformed, read_json, word

from ._errors import blocked, error_object, normalize_error
from ._parse_contents import read_part
from ._usage import SEARCHES, tier_of
from ._words import camel, finish_reason, reason_word

#: Members of a candidate that have a word of ours; the others are kept as they came.
SAID = frozenset({"content", "finishReason", "finishMessage", "index", "logprobsResult"})


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Normalize an answer to a chat, an embedding or the question which models there are."""
    body = _read_body(request, response)
    try:
        if isinstance(request, ChatRequest):
            return chat_response(request, body)
        if isinstance(request, EmbeddingRequest):
            return _embeddings(request, body)
        if isinstance(request, TokenCountRequest):
            return TokenCountResponse(input_tokens=counted(body, "totalTokens"), raw=body)
        if isinstance(request, ModelsRequest):
            return _models(body)
    except MALFORMED as error:
        raise malformed("the answer", error) from error
    return None


def _read_body(request: Request, response: HTTPResponse) -> dict[str, Any]:
    body = read_json(response)
    if error_object(body) is not None and (error := normalize_error(request, response)) is not None:
        raise error
    if not isinstance(body, dict):
        raise ResponseFormatError(f"the answer is a JSON {type(body).__name__}, not an object")
    return body


def chat_response(request: ChatRequest, body: dict[str, Any]) -> ChatResponse:
    """Normalize a `GenerateContentResponse`; a prompt that was blocked is an error with status 200.

    Raises:
        ContentFilterError: the prompt was blocked.
    """
    rows = body.get("candidates")
    feedback = body.get("promptFeedback")
    usage = usage_object(body.get("usageMetadata"))
    if not rows:
        if (error := blocked(feedback)) is not None:
            raise error
        if usage is None:
            raise ResponseFormatError("the answer has no candidates; this is no generated content")
    choices = tuple([_choice(request, row, number) for number, row in enumerate(rows or ())])
    searches = [queries for row in rows or () if (queries := searched(row)) is not None]
    if usage is not None and searches:
        usage = {**usage, SEARCHES: [query for queries in searches for query in queries]}
    return ChatResponse(
        id=word(body, "responseId"),
        model=word(body, "modelVersion"),
        created=created(body),
        choices=choices,
        service_tier=tier_of(usage or {}),
        provider_state=ProviderState(data={"promptFeedback": feedback}) if feedback else None,
        raw=body,
        raw_usage=usage,
    )


def created(body: Mapping[str, Any]) -> int | None:
    """Read when an answer was made; only Vertex says it."""
    text = word(body, "createTime")
    return None if text is None else int(datetime.fromisoformat(text).timestamp())


def usage_object(value: Any) -> dict[str, Any] | None:
    """Return usage metadata as it came; None where nothing is in it.

    Raises:
        TypeError: it is no object.
    """
    if value is not None and not isinstance(value, dict):
        raise TypeError(f"usageMetadata is a JSON {type(value).__name__}, not an object")
    return value or None


def _choice(request: ChatRequest, row: dict[str, Any], number: int) -> Choice:
    index = index_of(row, number)
    parts: list[Part] = []
    called = 0
    for wire in parts_of(row):
        part = answer_part(request, wire, index, called, parts)
        parts.append(part)
        called += type(part) is ToolCall
    notes = sources(row, [])
    if notes:
        if parts and type(last := parts[-1]) is Text:
            parts[-1] = last.model_copy(update={"citations": tuple(map(citation, notes))})
        else:
            parts.append(Text(text="", citations=tuple(map(citation, notes))))
    raw = reason_word(row.get("finishReason"))
    reason = finish_reason(raw, any(type(part) is ToolCall and part.executed_by == "caller" for part in parts))
    more = {name: value for name, value in row.items() if name not in SAID}
    return Choice(
        index=index,
        message=Message(role="assistant", parts=tuple(parts)),
        finish_reason=reason,
        raw_finish_reason=raw,
        finish_detail=row.get("finishMessage") or (row.get("safetyRatings") if reason == "content_filter" else None),
        logprobs=logprobs(row.get("logprobsResult")),
        provider_state=ProviderState(data=more) if more else None,
    )


def index_of(row: dict[str, Any], number: int) -> int:
    """Return the number of a candidate, its place where it has none."""
    index = row.get("index")
    if index is None:
        return number
    if type(index) is not int:
        raise TypeError("the index of a candidate is no whole number")
    return index


def parts_of(row: dict[str, Any]) -> list[Any]:
    """Return the parts of a candidate, of which there may be none."""
    content = row.get("content")
    if content is None:
        return []
    parts = content.get("parts")
    if parts is not None and not isinstance(parts, list):
        raise TypeError(f"parts is a JSON {type(parts).__name__}, not a list")
    return parts or []


def answer_part(request: ChatRequest, wire: Any, choice: int, called: int, before: list[Part]) -> Part:
    """Read a part of an answer; a call without an id gets one, the same for the same request and place."""
    if type(wire) is not dict:
        raise TypeError(f"a part is a JSON {type(wire).__name__}, not an object")
    if len(wire) == 1 and type(text := wire.get("text")) is str:
        return Text(text=text)
    return read_part(camel(wire), lambda _: mint(request, choice, called), before)


def mint(request: ChatRequest, choice: int, number: int) -> str:
    """Return an id for a call that came without one."""
    seed = [(message.role, message.text) for message in request.messages]
    return derive_id("call_", seed, f"{choice}.{number}")


def sources(row: dict[str, Any], known: list[Any]) -> list[Any]:
    """Return the sources that a document names for the first time; in streams some say again what others said."""
    found: list[Any] = []
    for holder, name in (("groundingMetadata", "groundingChunks"), ("citationMetadata", "citations")):
        if (metadata := row.get(holder)) and (notes := metadata.get(name)):
            for note in notes:
                if note not in known:
                    known.append(note)
                    found.append(note)
    return found


def searched(row: dict[str, Any]) -> list[Any] | None:
    """Return the searches that Google ran for a candidate."""
    queries = (row.get("groundingMetadata") or {}).get("webSearchQueries")
    return None if queries is None else [*queries]


def citation(note: Any) -> Citation:
    """Normalize a source; the whole of it stays in `raw`."""
    if not isinstance(note, dict):
        return Citation(raw=note)
    held = (note.get(name) for name in ("web", "retrievedContext", "maps"))
    inner = next((value for value in held if isinstance(value, dict)), note)
    found = {"url": inner.get("uri"), "title": inner.get("title"), "text": inner.get("text")}
    places = {name: value for name in ("start", "end") if type(value := note.get(f"{name}Index")) is int}
    return Citation(**{name: value for name, value in found.items() if isinstance(value, str)}, **places, raw=note)


def logprobs(result: Any) -> dict[str, Any] | None:
    """Return log probabilities as rows of tokens, each with those that could have stood there."""
    if not result:
        return None
    others = result.get("topCandidates") or []
    rows = []
    for number, chosen in enumerate(result.get("chosenCandidates") or ()):
        row = _token(chosen)
        if number < len(others):
            row["top_logprobs"] = [_token(other) for other in others[number].get("candidates") or ()]
        rows.append(row)
    return {"content": rows} if rows else None


def _token(row: dict[str, Any]) -> dict[str, Any]:
    found = {"token": row.get("token", ""), "logprob": row.get("logProbability")}
    return {**found, "token_id": row["tokenId"]} if "tokenId" in row else found


def _models(body: dict[str, Any]) -> ModelsResponse:
    rows = body.get("models") or []
    models = tuple(
        ListedModel(id=row["name"].removeprefix("models/")) for row in rows if isinstance(row.get("name"), str)
    )
    return ModelsResponse(models=models, raw=body)


def _embeddings(request: EmbeddingRequest, body: dict[str, Any]) -> EmbeddingResponse:
    rows = body.get("embeddings")
    if not isinstance(rows, list):
        raise ResponseFormatError("the answer has no embeddings")
    if len(rows) != len(request.inputs):
        raise ResponseFormatError(f"the answer has {len(rows)} embeddings of {len(request.inputs)} texts")
    vectors = tuple(tuple(float(number) for number in row["values"]) for row in rows)
    return EmbeddingResponse(vectors=vectors, raw=body, raw_usage=usage_object(body.get("usageMetadata")))
