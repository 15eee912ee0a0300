"""Content blocks: which part each becomes, in requests and answers, whole and streamed. A block has one member."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from pydantic_core import to_json

from jackfield import Citation, Data, Native, Part, ProviderState, Text, Thinking, ToolCall, ToolResult
from jackfield.messages import ToolKind
from jackfield.reading import word

from ._checks import NAME
from ._media import read_media

#: Tools that Amazon runs, by name (botocore 1.44.5 has no list of them; the second is from Amazon's guide to Nova 2).
SYSTEM_TOOLS: Final[Mapping[str, ToolKind]] = {"nova_grounding": "web_search", "nova_code_interpreter": "code"}
SERVER_CALL: Final = "server_tool_use"
_CALL = frozenset({"toolUseId", "name", "input", "type"})
_RESULT = frozenset({"toolUseId", "content", "status", "type"})
#: Members of a citation (botocore 1.44.5, Citation); one with others came in another format.
_CITATION = frozenset({"title", "source", "sourceContent", "location"})


def assistant_part(block: Mapping[str, Any]) -> Part:
    """Read a block of the assistant's.

    Raises:
        TypeError, LookupError, ValueError: it is not of the format.
    """
    if "text" in block:
        return Text(text=block["text"])
    if (call := block.get("toolUse")) is not None:
        given = call.get("input")
        return call_part(call, to_json({} if given is None else given).decode())
    if (reasoning := block.get("reasoningContent")) is not None:
        return thinking_part(reasoning)
    if (cited := block.get("citationsContent")) is not None:
        return cited_part(cited)
    if (result := block.get("toolResult")) is not None:
        return run_result_part(result, result.get("content"))
    for kind in ("image", "document", "video", "audio"):
        if kind in block and (media := read_media(kind, block[kind])) is not None:
            return media
    return native_part(block)


def thinking_part(reasoning: Mapping[str, Any]) -> Thinking:
    """Read what the model thought, or what of it is not readable."""
    if (told := reasoning.get("reasoningText")) is not None:
        state = {"signature": told["signature"]} if told.get("signature") is not None else {}
        return Thinking(text=word(told, "text") or "", provider_state=ProviderState(state, NAME))
    data = {"data": reasoning["redactedContent"]}
    return Thinking(kind="redacted", provider_state=ProviderState(data, NAME))


def call_part(call: Mapping[str, Any], arguments: str = "") -> ToolCall:
    """Read a call, with its arguments as JSON text; without them where they are still to come."""
    name = call["name"]
    if call.get("type") != SERVER_CALL:
        if call.keys() <= _CALL:
            return ToolCall(id=call["toolUseId"] or None, name=name, arguments=arguments)
        state = ProviderState({"members": _others(call, _CALL)}, NAME)
        return ToolCall(id=call["toolUseId"] or None, name=name, arguments=arguments, provider_state=state)
    return ToolCall(
        id=call["toolUseId"] or None,
        name=name,
        arguments=arguments,
        kind=SYSTEM_TOOLS.get(name, "native"),
        executed_by="provider",
        provider_state=_state(call, _CALL, {"type": SERVER_CALL}),
    )


def run_result_part(result: Mapping[str, Any], content: Any) -> ToolResult:
    """Read what a tool that Amazon ran returned; its content stays as it came."""
    kind = word(result, "type")
    data = {name: result[name] for name in ("type", "status") if result.get(name) is not None}
    return ToolResult(
        call_id=result["toolUseId"],
        name=None if kind is None else kind.removesuffix("_result"),
        parts=(Data(value=content),),
        is_error=result.get("status") == "error",
        provider_state=_state(result, _RESULT, data),
    )


def cited_part(cited: Mapping[str, Any]) -> Text:
    """Read a text with what it rests on; whatever its form says beyond that is its state."""
    content, notes = cited.get("content"), cited.get("citations") or ()
    if not isinstance(content, list | None):
        raise TypeError(f"content is a JSON {type(content).__name__}, not a list")
    text = "".join([row["text"] for row in content or ()])
    is_simple = bool(notes) and (content is None if not text else len(content or ()) == 1)
    state = None if is_simple else ProviderState({"content": content}, NAME)
    return Text(text=text, citations=tuple([citation(note) for note in notes]), provider_state=state)


def citation(note: Mapping[str, Any]) -> Citation:
    """Read a citation. Its places count in the document that is cited, so they stay in `raw`."""
    web = (note.get("location") or {}).get("web") or {}
    text = "".join([row.get("text") or "" for row in note.get("sourceContent") or ()])
    url = word(web, "url") or (source if (source := word(note, "source") or "").startswith("http") else None)
    return Citation(url=url, title=word(note, "title"), text=text or None, raw=note)


def is_own(note: Citation) -> bool:
    """Tell whether a citation came in this format."""
    return isinstance(note.raw, dict) and bool(note.raw) and note.raw.keys() <= _CITATION


def native_part(block: Mapping[str, Any]) -> Native:
    """Keep a block that only this format knows; another may say the text in it instead."""
    return Native(dialect=NAME, body=dict(block), text=_text_in(block))


def _text_in(block: Mapping[str, Any]) -> str:
    if isinstance(guarded := block.get("guardContent"), Mapping) and isinstance(inner := guarded.get("text"), Mapping):
        return str(inner.get("text") or "")
    found = block.get("searchResult")
    source = (block.get("document") or {}).get("source") or {}
    rows = found.get("content") if isinstance(found, Mapping) else source.get("content")
    return "".join(str(row.get("text") or "") for row in rows or () if isinstance(row, Mapping))


def _others(block: Mapping[str, Any], known: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in block.items() if name not in known and value is not None}


def _state(block: Mapping[str, Any], known: frozenset[str], data: dict[str, Any]) -> ProviderState:
    if members := _others(block, known):
        data["members"] = members
    return ProviderState(data, NAME)
