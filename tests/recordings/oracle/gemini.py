"""What is in an answer of the Gemini generate-content format, in plain dicts.

Absent is None: an empty string, an empty object or a null says nothing. Lists are the exception, they are empty.
A value of an enumeration that was sent as its number (`enum-encoding=int`) is read as the name of that number.
"""

from typing import Any

from tests.recordings.oracle.gemini_errors import blocked_prompt, error_fields, read_error
from tests.recordings.oracle.gemini_parts import Parts
from tests.recordings.oracle.gemini_usage import read_tier, read_usage
from tests.recordings.oracle.wire import documents

__all__ = ["read_answer", "read_error"]

#: google.ai.generativelanguage Candidate.FinishReason, by number
_REASONS = (
    "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
    "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL",
)  # fmt: skip
_FILTERED = {
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "ESCALATION", "MODEL_ARMOR",
    "PUP_LIMITED_DISABLED",
}  # fmt: skip
_BROKEN = {
    "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
    "MALFORMED_RESPONSE", "NO_IMAGE",
}  # fmt: skip
_FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "pause"}
#: of what else a document of this format may consist
_MEMBERS = {"candidates", "usageMetadata", "promptFeedback", "modelVersion", "responseId", "createTime"}


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no generated content."""
    response = interaction["response"]
    if int(response["status"]) >= 400:
        raise ValueError(f"status is {response['status']}; read_error reads refused requests")
    _, found = documents(response)
    model = identity = usage = error = feedback = None
    candidates: dict[int, _Candidate] = {}
    searches: int | None = None
    for document in found:
        fields = error_fields(document)
        if fields is None and not _MEMBERS & document.keys():
            raise ValueError("body has neither candidates nor an error; expected generated content")
        model = model or document.get("modelVersion") or None
        identity = identity or document.get("responseId") or None
        usage = document.get("usageMetadata") or usage
        feedback = document.get("promptFeedback") or feedback
        for position, raw in enumerate(document.get("candidates") or []):
            index = raw.get("index")
            candidates.setdefault(position if index is None else index, _Candidate()).feed(raw)
            searched = (raw.get("groundingMetadata") or {}).get("webSearchQueries")
            if searched is not None:
                # an empty query was never run
                searches = (searches or 0) + sum(1 for query in searched if query)
        if fields is not None:
            error = {key: fields[key] for key in ("class", "message", "code", "type")}
            break
    if error is None and not candidates:
        error = blocked_prompt(feedback)
    return {
        "id": identity,
        "model": model,
        "service_tier": read_tier(usage or {}),
        "choices": [{"index": index, **candidates[index].result()} for index in sorted(candidates)],
        "usage": None if usage is None else read_usage(usage, searches),
        "error": error,
    }


class _Candidate:
    """One candidate, put together from one document or from many."""

    def __init__(self) -> None:
        self.parts = Parts()
        self.raw: str | None = None
        self.message: str | None = None
        self.ratings: Any = None
        self.citations: list[Any] = []
        self.logprobs: dict[str, Any] = {}

    def feed(self, raw: dict[str, Any]) -> None:
        """Add what one document says of the candidate."""
        for part in (raw.get("content") or {}).get("parts") or []:
            self.parts.feed(part)
        reason = raw.get("finishReason")
        if reason is not None:
            self.raw = _REASONS[reason] if isinstance(reason, int) and reason < len(_REASONS) else str(reason)
        self.message = raw.get("finishMessage") or self.message
        self.ratings = raw.get("safetyRatings") or self.ratings
        grounding, cited = raw.get("groundingMetadata") or {}, raw.get("citationMetadata") or {}
        for source in [*(grounding.get("groundingChunks") or []), *(cited.get("citations") or [])]:
            # some documents say again what an earlier one said
            if source not in self.citations:
                self.citations.append(source)
        for key, value in (raw.get("logprobsResult") or {}).items():
            before = self.logprobs.get(key)
            self.logprobs[key] = before + value if isinstance(before, list) else value

    def result(self) -> dict[str, Any]:
        """Return the candidate without its index."""
        finish = _finish(self.raw, called=bool(self.parts.tool_calls))
        detail = self.message or (self.ratings if finish == "content_filter" else None)
        return {
            **self.parts.result(),
            "refusal": None,
            "audio": None,
            "citations": self.citations,
            "finish_reason": finish,
            "raw_finish_reason": self.raw,
            "finish_detail": detail,
            "logprobs": _logprobs(self.logprobs),
        }


def _logprobs(result: dict[str, Any]) -> dict[str, Any] | None:
    """Say log probabilities in the words that every oracle has; the places of both lists are the same."""
    others = [row.get("candidates") or [] for row in result.get("topCandidates") or []]
    rows = []
    for place, chosen in enumerate(result.get("chosenCandidates") or []):
        row = _token(chosen)
        if place < len(others):
            row["top_logprobs"] = [_token(other) for other in others[place]]
        rows.append(row)
    return {"content": rows, "refusal": []} if rows else None


def _token(row: dict[str, Any]) -> dict[str, Any]:
    found = {"token": row.get("token", ""), "logprob": row.get("logProbability")}
    return {**found, "token_id": row["tokenId"]} if "tokenId" in row else found


def _finish(raw: str | None, *, called: bool) -> str:
    if raw in _FILTERED or (raw or "").startswith("IMAGE_"):
        return "content_filter"
    reason = "error" if raw in _BROKEN else _FINISH.get(raw or "", "unknown")
    return "tool_calls" if called and reason in ("stop", "unknown") else reason
