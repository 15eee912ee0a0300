"""What an assistant says: the parts that it becomes, in requests and answers, whole and streamed.

Thinking stands in the content; the plan that goes with tool calls stands beside it and is thinking too, in a group of
its own. Citations stand beside the content and count in the text that they belong to.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from jackfield import Citation, Native, Part, ProviderState, Text, Thinking, ToolCall
from jackfield.reading import word

NAME: Final = "cohere-chat"
#: The group of thinking that is the plan of tool calls.
PLAN: Final = "tool_plan"
#: Thinking is at home here, under one of these members; there is nothing opaque in this format.
THOUGHT: Final = {"field": "thinking"}
PLANNED: Final = {"field": PLAN}


def said(message: Mapping[str, Any]) -> list[Part]:
    """Read what an assistant's message holds.

    Raises:
        TypeError, LookupError, ValueError: it is not of the format.
    """
    content, parts = message.get("content"), list[Part]()
    if type(content) is str:
        parts.append(Text(text=content))
    elif content is not None:
        if not isinstance(content, list):
            raise TypeError(f"content is a JSON {type(content).__name__}, neither a string nor a list")
        parts += [content_part(block) for block in content]
    texts = {number: part for number, part in enumerate(parts) if type(part) is Text}
    if plan := word(message, "tool_plan"):
        parts.append(Thinking(text=plan, group=PLAN, provider_state=ProviderState(PLANNED, NAME)))
    if calls := message.get("tool_calls"):
        parts += [call_part(call) for call in calls]
    if notes := message.get("citations"):
        _cite(notes, parts, texts)
    return parts


def _cite(notes: Any, parts: list[Part], texts: dict[int, Text]) -> None:
    """Give citations to the texts that they count in; those of a plan or of thinking to an empty one at the end."""
    cited: dict[int, list[Citation]] = {}
    for note in notes:
        place = note.get("content_index")
        if not is_of_text(note) or not texts:
            place = -1
        elif place not in texts:
            place = next(iter(texts))
        cited.setdefault(place, []).append(citation(note))
    for place, found in cited.items():
        if place < 0:
            parts.append(Text(text="", citations=tuple(found)))
        else:
            parts[place] = texts[place].model_copy(update={"citations": tuple(found)})


def content_part(block: Mapping[str, Any]) -> Part:
    """Read a block of content."""
    kind = block["type"]
    if kind == "text" and len(block) == 2:
        return Text(text=block["text"])
    if kind == "thinking" and len(block) == 2:
        return Thinking(text=block["thinking"], provider_state=ProviderState(THOUGHT, NAME))
    return Native(dialect=NAME, body=dict(block), text=block["text"] if isinstance(block.get("text"), str) else "")


def call_part(call: Mapping[str, Any]) -> ToolCall:
    """Read a call with its arguments, as far as they have come."""
    function = call["function"]
    return ToolCall(id=call["id"], name=function["name"], arguments=word(function, "arguments") or "")


def is_of_text(note: Mapping[str, Any]) -> bool:
    """Tell whether a citation counts in a text, and not in a plan or in thinking (cohere 7.3.1, citation_type)."""
    return note.get("type") in (None, "TEXT_CONTENT")


def citation(note: Any) -> Citation:
    """Read a citation: where it stands in its text, and the first of its sources."""
    if not isinstance(note, dict):
        raise TypeError(f"a citation is a JSON {type(note).__name__}, not an object")
    found: dict[str, Any] = {}
    if is_of_text(note):
        found = {name: value for name in ("start", "end") if type(value := note.get(name)) is int}
    if isinstance(sources := note.get("sources"), list) and sources and isinstance(sources[0], dict):
        source = sources[0].get("document") or sources[0].get("tool_output")
        if isinstance(source, dict):
            words = {"url": source.get("url"), "title": source.get("title"), "text": _snippet(source)}
            found |= {name: value for name, value in words.items() if isinstance(value, str)}
    return Citation(**found, raw=note)


def _snippet(source: Mapping[str, Any]) -> Any:
    """Return the words of a document; what they are called is its author's choice."""
    return next((source[name] for name in ("snippet", "text", "content") if name in source), None)


def is_own(note: Citation) -> bool:
    """Tell whether a citation came in this format."""
    return isinstance(note.raw, dict) and isinstance(note.raw.get("sources"), list)
