"""Write what an assistant says, in requests and in answers: content, plan, calls and citations, each its own member."""

from __future__ import annotations

from typing import Any

from pydantic_core import to_json

from jackfield import Citation, Data, Native, Part, Refusal, Text, Thinking, ToolCall

from ._blocks import NAME, PLAN, is_of_text, is_own


class Said:
    """The members of an assistant's message, filled part by part."""

    __slots__ = ("calls", "citations", "content", "plan")

    def __init__(self) -> None:
        self.content: list[Any] = []
        self.plan = ""
        self.calls: list[dict[str, Any]] = []
        self.citations: list[Any] = []

    def add(self, part: Part, *, foreign: bool = False) -> bool:
        """Take a part; False where the format has no form for it. `foreign` citations are written in our words."""
        match part:
            case Text(text=text):
                if part.citations:
                    self._cite(part, foreign)
                if text or not part.citations or any(_counts_here(note) for note in part.citations):
                    self.content.append({"type": "text", "text": text})
            case Thinking(group=group, text=text) if group == PLAN:
                self.plan += text
            case Thinking(text=text):
                self.content.append({"type": "thinking", "thinking": text})
            case ToolCall(executed_by="caller", kind="function") if part.id is not None:
                self.calls.append(call_body(part))
            case Refusal(text=text):
                self.content.append({"type": "text", "text": text})
            case Data(value=value):
                self.content.append({"type": "text", "text": to_json(value).decode()})
            case Native(dialect=dialect, body=body) if dialect == NAME:
                self.content.append(body)
            case _:
                return False
        return True

    def _cite(self, part: Text, foreign: bool) -> None:
        index = len(self.content)
        for note in part.citations:
            if is_own(note):
                self.citations.append(note.raw)
            elif foreign:
                self.citations.append(citation_body(note, index))

    def members(self) -> dict[str, Any]:
        """Return the members that say something."""
        named = {"content": self.content, "tool_plan": self.plan, "tool_calls": self.calls, "citations": self.citations}
        return {name: value for name, value in named.items() if value}


def _counts_here(note: Citation) -> bool:
    """Tell whether a citation counts in its text; those of a plan stand in an empty text that is none."""
    return not is_own(note) or is_of_text(note.raw)


def call_body(call: ToolCall) -> dict[str, Any]:
    """Write a call; no arguments at all are an empty object."""
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function}


def citation_body(note: Citation, index: int) -> Any:
    """Write a citation of a block of content: as it came, or one that another format gave as that of a document."""
    if is_own(note):
        return note.raw
    document = {"url": note.url, "title": note.title, "snippet": note.text}
    source = {
        "type": "document",
        "id": note.url or note.title or "source",
        "document": {name: value for name, value in document.items() if value is not None},
    }
    places = {"start": note.start or 0, "end": note.end or 0, "text": ""}
    return {**places, "sources": [source], "type": "TEXT_CONTENT", "content_index": index}
