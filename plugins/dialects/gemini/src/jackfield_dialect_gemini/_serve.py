"""Serve: render answers in the format."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from pydantic_core import to_json

from jackfield import (
    ChatRequest,
    ChatResponse,
    Choice,
    Citation,
    EmbeddingResponse,
    HTTPResponse,
    ModelsResponse,
    Native,
    Part,
    Request,
    Response,
    Text,
    TokenCountResponse,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    derive_id,
    hookimpl,
)

from ._parts import state_of, write_part
from ._usage import SEARCHES, usage_body
from ._words import FINISH, NAME

_JSON = {"content-type": "application/json; charset=UTF-8"}
_FINISH = {
    "stop": "STOP", "stop_sequence": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "context": "MAX_TOKENS",
    "content_filter": "SAFETY", "refusal": "SAFETY", "pause": "CONTINUATION", "error": "MALFORMED_RESPONSE",
}  # fmt: skip
_CHUNKS = frozenset({"web", "retrievedContext", "maps", "image"})


@hookimpl
def render_response(request: Request, response: Response) -> HTTPResponse | None:
    """Render a whole answer."""
    body: dict[str, Any]
    if isinstance(response, ChatResponse) and isinstance(request, ChatRequest):
        body = generated(request, response)
    elif isinstance(response, TokenCountResponse):
        body = {"totalTokens": response.input_tokens}
    elif isinstance(response, ModelsResponse):
        rows = [
            {"name": f"models/{model.id}", "displayName": model.id, "supportedGenerationMethods": ["generateContent"]}
            for model in response.models
        ]
        body = {"models": rows}
    elif isinstance(response, EmbeddingResponse):
        vectors = [{"values": list(vector)} for vector in response.vectors]
        body = {"embedding": vectors[0]} if request.serving.get("single") else {"embeddings": vectors}
    else:
        return None
    return HTTPResponse(200, dict(_JSON), to_json(body))


def generated(request: ChatRequest, response: ChatResponse) -> dict[str, Any]:
    """Write a `GenerateContentResponse`."""
    queries = (response.raw_usage or {}).get(SEARCHES)
    rows = [_candidate(choice, None if number else queries) for number, choice in enumerate(response.choices)]
    body: dict[str, Any] = {"candidates": rows}
    state = response.provider_state
    if state is not None and isinstance(state.data, dict) and "promptFeedback" in state.data:
        body["promptFeedback"] = state.data["promptFeedback"]
    if (usage := usage_body(response.usage)) is not None:
        if response.service_tier:
            usage["serviceTier"] = response.service_tier
        body["usageMetadata"] = usage
    body["modelVersion"] = response.model or request.model
    body["responseId"] = response.id or derive_id("", [request.model, response.text], 0)
    if response.created is not None:
        body["createTime"] = moment(response.created)
    return body


def moment(seconds: int) -> str:
    """Write a time as Google does."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _candidate(choice: Choice, queries: Any) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    notes: list[Citation] = []
    broken: str | None = None
    for part in choice.message.parts:
        try:
            if (wire := answered(part)) is not None:
                parts.append(wire)
        except UnsupportedFeature:
            broken = broken_call(part)
        if type(part) is Text:
            notes += part.citations
    row: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": choice.index}
    row |= ending(choice.finish_reason, choice.raw_finish_reason, choice.finish_detail, broken)
    more = own_members(choice.provider_state.data if choice.provider_state is not None else None)
    if not more.keys() & {"groundingMetadata", "citationMetadata"}:
        row |= cited(notes, queries)
    if result := logprobs_result(choice.logprobs):
        row["logprobsResult"] = result
    return {**row, **more}


def answered(part: Part) -> dict[str, Any] | None:
    """Write a part of an answer; None for what the format cannot say: what another provider ran, an empty text.

    Raises:
        UnsupportedFeature: a call's arguments are no object.
    """
    if isinstance(part, ToolResult) or (isinstance(part, ToolCall) and part.executed_by == "provider"):
        return write_part(part, "") if "type" in state_of(part) else None
    if isinstance(part, Native) and part.dialect != NAME:
        return {"text": part.text} if part.text else None
    if type(part) is Text and not part.text and part.provider_state is None:
        return None
    return write_part(part, "")


def broken_call(part: Part) -> str:
    """Say a call whose arguments are no object, as Google says it."""
    return f"Malformed function call: {part.name}({part.arguments})" if isinstance(part, ToolCall) else part.type


def ending(reason: str, raw: str | None, detail: Any, broken: str | None) -> dict[str, Any]:
    """Write why a candidate finished; a call that is no JSON is said in Google's own way, a cut one is left out."""
    word = _FINISH.get(reason, "OTHER")
    if raw is not None and (raw in FINISH or raw.startswith("IMAGE_") or raw in ("OTHER", "FINISH_REASON_UNSPECIFIED")):
        word = raw
    if broken is not None and reason != "length":
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": broken}
    row: dict[str, Any] = {"finishReason": word}
    if isinstance(detail, str):
        row["finishMessage"] = detail
    elif isinstance(detail, list):
        row["safetyRatings"] = detail
    return row


def own_members(state: Any) -> dict[str, Any]:
    """Return the members of a candidate that came in this format and that we have no word for."""
    return {name: state[name] for name in _BESIDE if name in state} if isinstance(state, dict) else {}


#: Members beside the known ones (google-genai 3.4.0, types.Candidate); nothing else is state of this format.
_BESIDE = (
    "avgLogprobs", "citationMetadata", "continuationToken", "groundingAttributions", "groundingMetadata",
    "safetyRatings", "tokenCount", "urlContextMetadata",
)  # fmt: skip


def cited(notes: Iterable[Citation], queries: Any = None) -> dict[str, Any]:
    """Write sources, Google's own as they came, others as pages of the web; and the searches that found them."""
    chunks: list[Any] = []
    quoted: list[Any] = []
    for note in notes:
        raw = note.raw
        if isinstance(raw, dict) and raw.keys() & _CHUNKS:
            chunks.append(raw)
        elif isinstance(raw, dict) and "uri" in raw:
            quoted.append(raw)
        else:
            chunks.append({"web": {"uri": note.url or "", "title": note.title or ""}})
    row: dict[str, Any] = {}
    found = {"groundingChunks": chunks} if chunks else {}
    if isinstance(queries, list):
        found["webSearchQueries"] = queries
    if found:
        row["groundingMetadata"] = found
    if quoted:
        row["citationMetadata"] = {"citations": quoted}
    return row


def logprobs_result(rows: Any) -> dict[str, Any] | None:
    """Write log probabilities."""
    content = rows.get("content") if isinstance(rows, dict) else None
    if not content:
        return None
    result: dict[str, Any] = {"chosenCandidates": [_token(row) for row in content]}
    if any("top_logprobs" in row for row in content):
        others = [[_token(other) for other in row.get("top_logprobs") or ()] for row in content]
        result["topCandidates"] = [{"candidates": found} for found in others]
    return result


def _token(row: dict[str, Any]) -> dict[str, Any]:
    found = {"token": row.get("token", ""), "logProbability": row.get("logprob")}
    return {**found, "tokenId": row["token_id"]} if "token_id" in row else found
