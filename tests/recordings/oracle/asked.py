"""What a request asks, in words that are the same for every format; shares no code with what it judges.

A reading is a list of atoms in order: `("text", role, text)`, `("media", kind, mark)`, `("call", id, name, arguments)`,
`("result", id, value)`; and the tools as `(name, schema)` and the kinds of those that the provider runs. The mark of
media is the hash of its bytes, or its address. Thinking, what a provider ran itself, and blocks of one format alone are
left out.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Asked", "anthropic_messages", "gemini", "openai_chat", "openai_responses"]

Body = dict[str, Any]


@dataclass
class Asked:
    """What a request asks."""

    atoms: list[tuple[Any, ...]] = field(default_factory=list)
    tools: dict[str, Any] = field(default_factory=dict)
    hosted: set[str] = field(default_factory=set)

    def text(self, role: str, text: Any) -> None:
        """Add a text that says something."""
        if isinstance(text, str) and text:
            self.atoms.append(("text", {"developer": "system", "model": "assistant"}.get(role, role), text))

    def media(self, kind: str, mark: str) -> None:
        """Add a piece of media."""
        self.atoms.append(("media", kind, mark))

    def call(self, call_id: str | None, name: str, arguments: Any) -> None:
        """Add a call; arguments are compared as JSON."""
        self.atoms.append(("call", call_id, name, _value(arguments) if arguments not in ("", None) else {}))

    def result(self, call_id: str | None, values: list[Any]) -> None:
        """Add a result: its texts joined, or its one value."""
        value = _value(values[0]) if len(values) == 1 else _joined(values)
        if isinstance(value, list) and any(isinstance(row, str) for row in value):
            value = _joined(value)
        self.atoms.append(("result", call_id, value))

    def tool(self, name: str, schema: Any) -> None:
        """Add a tool that the caller runs; no schema is an empty one."""
        schema = dict(schema or {})
        self.tools[name] = _lowered(schema) if schema.get("properties") else {}


def _joined(rows: list[Any]) -> Any:
    """Join texts, and JSON as text where it stands among them."""
    texts = (
        row if isinstance(row, str) else json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in rows
    )
    return _value("".join(texts))


def _value(value: Any) -> Any:
    """Read JSON that stands in a text; whatever is no object and no list is a text."""
    if isinstance(value, str):
        try:
            found = json.loads(value)
        except ValueError:
            return value
        return found if isinstance(found, dict | list) else value
    return value if isinstance(value, dict | list) else json.dumps(value)


def _lowered(schema: Any) -> Any:
    """One format writes types in capitals."""
    if isinstance(schema, dict):
        lowered = {name: _lowered(value) for name, value in schema.items()}
        if isinstance(kind := lowered.get("type"), str):
            lowered["type"] = kind.lower()
        return lowered
    return [_lowered(row) for row in schema] if isinstance(schema, list) else schema


def _mark(url: str) -> str:
    if url.startswith("data:"):
        return _hash(url.partition(",")[2])
    return url


def _hash(text: str) -> str:
    return hashlib.sha256(base64.b64decode("".join(text.split()))).hexdigest()


def openai_chat(body: Body, url: str) -> Asked:
    """Read a chat-completions request."""
    asked = Asked()
    for message in body.get("messages") or []:
        role, content = message["role"], message.get("content")
        pieces = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
        if role in ("tool", "function"):
            asked.result(message.get("tool_call_id"), [piece["text"] for piece in pieces if "text" in piece])
            continue
        for piece in pieces:
            _openai_piece(asked, role, piece)
        if role == "assistant":
            asked.text(role, message.get("refusal"))
        legacy = message.get("function_call")
        for call in message.get("tool_calls") or ([{"function": legacy}] if legacy else []):
            inner = call.get("function") or call.get("custom")
            asked.call(call.get("id"), inner["name"], inner.get("arguments", inner.get("input")))
    for tool in body.get("tools") or [{"type": "function", "function": row} for row in body.get("functions") or []]:
        if tool["type"] in ("function", "custom"):
            asked.tool(tool[tool["type"]]["name"], tool[tool["type"]].get("parameters"))
    if body.get("web_search_options") is not None:
        asked.hosted.add("web_search")
    return asked


def _openai_piece(asked: Asked, role: str, piece: Body) -> None:
    match piece.get("type"):
        case "text":
            asked.text(role, piece["text"])
        case "refusal":
            asked.text(role, piece["refusal"])
        case "image_url":
            asked.media("image", _mark(piece["image_url"]["url"]))
        case "video_url":
            asked.media("video", _mark(piece["video_url"]["url"]))
        case "input_audio":
            asked.media("audio", _hash(piece["input_audio"]["data"]))
        case "file":
            inner = piece["file"]
            asked.media("document", _mark(inner["file_data"]) if "file_data" in inner else inner["file_id"])


def openai_responses(body: Body, url: str) -> Asked:
    """Read a responses request."""
    asked = Asked()
    asked.text("system", body.get("instructions"))
    given = body.get("input")
    for item in [{"role": "user", "content": given}] if isinstance(given, str) else given or []:
        kind = item.get("type") or "message"
        if kind == "message":
            content = item.get("content")
            for piece in [{"type": "input_text", "text": content}] if isinstance(content, str) else content or []:
                _responses_piece(asked, item["role"], piece)
        elif kind in ("function_call", "custom_tool_call"):
            asked.call(item["call_id"], item["name"], item.get("arguments", item.get("input")))
        elif kind in ("function_call_output", "custom_tool_call_output"):
            output = item.get("output")
            pieces = [{"type": "input_text", "text": output}] if isinstance(output, str) else output or []
            asked.result(item["call_id"], [piece["text"] for piece in pieces if "text" in piece])
            for piece in pieces:
                if "text" not in piece:
                    _responses_piece(asked, "tool", piece)
    for tool in body.get("tools") or []:
        kind = str(tool["type"])
        if kind in ("function", "custom"):
            asked.tool(tool["name"], tool.get("parameters"))
        elif (hosted := _responses_hosted(kind)) is not None:
            asked.hosted.add(hosted)
    return asked


def _responses_hosted(kind: str) -> str | None:
    known = {"web_search": "web_search", "code_interpreter": "code", "file_search": "file_search", "mcp": "mcp"}
    return next((ours for theirs, ours in known.items() if kind.startswith(theirs)), None)


def _responses_piece(asked: Asked, role: str, piece: Body) -> None:
    match piece.get("type"):
        case "input_text" | "output_text":
            asked.text(role, piece["text"])
        case "refusal":
            asked.text(role, piece["refusal"])
        case "input_image":
            asked.media("image", _mark(piece["image_url"]) if piece.get("image_url") else piece["file_id"])
        case "input_audio":
            asked.media("audio", _hash(piece["input_audio"]["data"]))
        case "input_file":
            data = piece.get("file_data")
            asked.media("document", _mark(data) if data else piece.get("file_url") or piece["file_id"])


def anthropic_messages(body: Body, url: str) -> Asked:
    """Read a messages request."""
    asked = Asked()
    system = body.get("system") or []
    for block in [{"type": "text", "text": system}] if isinstance(system, str) else system:
        asked.text("system", block["text"])
    for message in body.get("messages") or []:
        content = message["content"]
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else content:
            _anthropic_block(asked, message["role"], block)
    for tool in body.get("tools") or []:
        kind = tool.get("type") or "custom"
        if kind == "custom":
            asked.tool(tool["name"], tool.get("input_schema"))
        for prefix, ours in (("web_search", "web_search"), ("web_fetch", "web_fetch"), ("code_execution", "code")):
            if kind.startswith(prefix):
                asked.hosted.add(ours)
    return asked


def _anthropic_block(asked: Asked, role: str, block: Body) -> None:
    match block.get("type"):
        case "text":
            asked.text(role, block["text"])
        case "image" | "document" as kind:
            source = block["source"]
            if source["type"] == "text":
                asked.media("document", hashlib.sha256(source["data"].encode()).hexdigest())
            elif source["type"] != "content":
                asked.media(kind, _hash(source["data"]) if "data" in source else source.get("url") or source["file_id"])
        case "tool_use":
            asked.call(block["id"], block["name"], block["input"])
        case "tool_result":
            content = block.get("content") or []
            rows = [{"type": "text", "text": content}] if isinstance(content, str) else content
            asked.result(block["tool_use_id"], [row["text"] for row in rows if row.get("type") == "text"])
            for row in rows:
                if row.get("type") != "text":
                    _anthropic_block(asked, "tool", row)


def gemini(body: Body, url: str) -> Asked:
    """Read a generate-content request, in either spelling of its members."""
    asked = Asked()
    system = body.get("systemInstruction") or body.get("system_instruction") or {}
    for part in _parts(system):
        asked.text("system", part.get("text"))
    for content in body.get("contents") or []:
        for part in _parts(content):
            _gemini_part(asked, content.get("role") or "user", part)
    for group in body.get("tools") or []:
        for tool in group.get("functionDeclarations") or group.get("function_declarations") or []:
            schema = tool.get("parametersJsonSchema") or tool.get("parameters_json_schema") or tool.get("parameters")
            asked.tool(tool["name"], schema)
        for name, ours in (("googleSearch", "web_search"), ("codeExecution", "code"), ("urlContext", "web_fetch")):
            if name in group or _snake(name) in group:
                asked.hosted.add(ours)
    return asked


def _snake(name: str) -> str:
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in name)


def _parts(content: Any) -> list[Body]:
    if isinstance(content, str):
        return [{"text": content}]
    if isinstance(content, list):
        return [row if isinstance(row, dict) else {"text": row} for row in content]
    parts = content.get("parts") or []
    return [parts] if isinstance(parts, dict) else parts


def _gemini_part(asked: Asked, role: str, part: Body) -> None:
    if part.get("thought"):
        return
    asked.text(role, part.get("text"))
    inline = part.get("inlineData") or part.get("inline_data")
    if inline:
        mime = inline.get("mimeType") or inline.get("mime_type") or ""
        data = inline["data"].replace("-", "+").replace("_", "/")
        asked.media(_kind(mime), _hash(data + "=" * (-len(data) % 4)))
    stored = part.get("fileData") or part.get("file_data")
    if stored:
        mime = stored.get("mimeType") or stored.get("mime_type") or ""
        asked.media(_kind(mime), stored.get("fileUri") or stored["file_uri"])
    if call := part.get("functionCall") or part.get("function_call"):
        asked.call(call.get("id"), call["name"], call.get("args") or {})
    if result := part.get("functionResponse") or part.get("function_response"):
        value = result.get("response")
        if isinstance(value, dict) and len(value) == 1 and next(iter(value)) in ("output", "error"):
            value = next(iter(value.values()))
        asked.result(result.get("id"), [value])
        for inner in result.get("parts") or []:
            _gemini_part(asked, "tool", inner)


def _kind(mime: str) -> str:
    kind = mime.partition("/")[0]
    return kind if kind in ("image", "audio", "video") else "document"
