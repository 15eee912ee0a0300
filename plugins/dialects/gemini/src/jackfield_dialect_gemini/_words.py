"""The words of the format that several directions share, and the two spellings of its members."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from jackfield import FinishReason
from jackfield.messages import MediaKind, ToolKind

NAME = "gemini"
#: Tools that Google runs: the member that declares them, and our kind.
HOSTED: Mapping[str, ToolKind] = {
    "googleSearch": "web_search", "googleSearchRetrieval": "web_search", "enterpriseWebSearch": "web_search",
    "urlContext": "web_fetch", "codeExecution": "code", "fileSearch": "file_search", "computerUse": "computer",
    "googleMaps": "native", "retrieval": "native",
}  # fmt: skip
#: Tools that an answer names by a type (recorded: a later turn takes the call and its result back).
TOOL_TYPES: Mapping[str, ToolKind] = {
    "FILE_SEARCH": "file_search", "GOOGLE_SEARCH_WEB": "web_search", "GOOGLE_SEARCH_IMAGE": "web_search",
    "URL_CONTEXT": "web_fetch",
}  # fmt: skip
#: Members of a part in which Google says what it ran itself, and what came of it.
RESULTS = ("codeExecutionResult", "toolResponse")
FAILED = frozenset({"OUTCOME_FAILED", "OUTCOME_DEADLINE_EXCEEDED", 2, 3})
#: google.ai.generativelanguage Candidate.FinishReason by number, as `$alt=json;enum-encoding=int` gives it.
_REASONS = (
    "FINISH_REASON_UNSPECIFIED", "STOP", "MAX_TOKENS", "SAFETY", "RECITATION", "OTHER", "LANGUAGE", "BLOCKLIST",
    "PROHIBITED_CONTENT", "SPII", "MALFORMED_FUNCTION_CALL",
)  # fmt: skip
FINISH: Mapping[str, FinishReason] = {
    "STOP": "stop", "MAX_TOKENS": "length", "CONTINUATION": "pause",
    **dict.fromkeys((
        "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "ESCALATION", "MODEL_ARMOR",
        "PUP_LIMITED_DISABLED",
    ), "content_filter"),
    **dict.fromkeys((
        "MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE",
        "MALFORMED_RESPONSE", "NO_IMAGE",
    ), "error"),
}  # fmt: skip
_SNAKE = re.compile("_([a-z])")


def camel(members: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with its own members in camel case; clients in Python send them in snake case too."""
    return {
        _SNAKE.sub(lambda found: found[1].upper(), name) if "_" in name else name: value
        for name, value in members.items()
    }


def reason_word(raw: Any) -> str | None:
    """Return the word of a finish reason, which may be sent as its number."""
    if isinstance(raw, int) and 0 <= raw < len(_REASONS):
        return _REASONS[raw]
    return None if raw is None else str(raw)


def finish_reason(raw: str | None, called: bool) -> FinishReason:
    """Return our word for a finish reason; there is no word of Google's for a call."""
    reason = FINISH.get(raw or "", "content_filter" if (raw or "").startswith("IMAGE_") else "unknown")
    return "tool_calls" if called and reason in ("stop", "unknown") else reason


def media_kind(mime: str | None) -> MediaKind:
    """Return the kind of a medium by its type; what is none of the others is a document."""
    match (mime or "").partition("/")[0]:
        case "image" | "audio" | "video" as kind:
            return kind
        case _:
            return "document"
