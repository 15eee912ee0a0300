"""What Groq ran itself: the rows of `executed_tools`, in answers of its compound systems and of models that browse.

Recorded: groq/chat-completions. A stream has a row twice, without what came of it and then with it. A request has no
member for them (groq-python, chat_completion_assistant_message_param; read 2026-11-20): they stay behind.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from jackfield.messages import ToolKind
from jackfield_dialect_openai.chat import Run

_KINDS: Mapping[str, ToolKind] = {
    "search": "web_search",
    "browser_search": "web_search",
    "visit": "web_fetch",
    "browser.open": "web_fetch",
    "browser.find": "web_fetch",
    "python": "code",
}
_CALL = frozenset({"index", "type", "name", "arguments"})


def read_runs(message: dict[str, Any]) -> Iterator[Run]:
    """Read the calls of a message or a piece of one; the result is all that a row says beside its call."""
    for row in message.get("executed_tools") or ():
        kind = row["type"]
        result = {name: value for name, value in row.items() if name not in _CALL and _says_something(name, value)}
        yield Run(row.get("name") or kind, row.get("arguments") or "", _KINDS.get(kind, "native"), result or None)


def _says_something(name: str, value: Any) -> bool:
    """Tell whether a member is more than a place that was kept; an empty output is one, a search of nothing is not."""
    if isinstance(value, dict):
        return any(value.values())
    return value is not None if name == "output" else bool(value)
