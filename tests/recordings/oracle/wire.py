"""From a recorded answer to the JSON documents in it; how they were framed is decided by the body itself."""

import base64
import json
from typing import Any

__all__ = ["body_text", "documents", "header", "loads"]


def header(message: dict[str, Any], name: str) -> str | None:
    """Return one header, whatever the case of its name; the first where it was sent several times."""
    for key, value in (message.get("headers") or {}).items():
        if key.lower() == name:
            first = value[0] if isinstance(value, list) else value
            return str(first) if first not in (None, "") else None
    return None


def body_text(message: dict[str, Any]) -> str:
    """Return a message's body as text."""
    if "body_base64" in message:
        return base64.b64decode(message["body_base64"]).decode("utf-8-sig")
    return str(message.get("body") or "").removeprefix("\ufeff")


def loads(text: str) -> Any:
    """Parse JSON, or return None where the text is none."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def documents(message: dict[str, Any]) -> tuple[bool, list[dict[str, Any]]]:
    """Return whether the answer is a stream, and its JSON objects up to ``[DONE]``.

    A body that opens with a brace or a bracket is plain JSON, also where a stream was asked for: some hosts send
    errors so. ValueError: the body is neither, or a frame holds no JSON object.
    """
    text = body_text(message)
    start = text.lstrip()[:1]
    if start in ("{", "["):
        value = json.loads(text)
        found = value if isinstance(value, list) else [value]
        if not found or not all(isinstance(item, dict) for item in found):
            raise ValueError("body holds no JSON object; expected a chat completion")
        return False, found
    if "event-stream" not in (header(message, "content-type") or "") and "data:" not in text:
        raise ValueError("body is neither JSON nor an event stream")
    result: list[dict[str, Any]] = []
    for name, data in _events(text):
        if data.strip() == "[DONE]":
            break
        if not data.strip():
            continue
        value = json.loads(data)
        if not isinstance(value, dict):
            raise ValueError(f"frame holds a {type(value).__name__}; expected a JSON object")
        result.append({"error": value} if name == "error" and "error" not in value else value)
    return True, result


def _events(text: str) -> list[tuple[str, str]]:
    # str.splitlines would also cut at U+2028 and its like, which occur inside answers
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    found: list[tuple[str, str]] = []
    name, data = "", list[str]()
    for line in [*lines, ""]:
        if line == "":
            if data:
                found.append((name, "\n".join(data)))
            name, data = "", []
            continue
        field, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "data":
            data.append(value)
        elif field == "event":
            name = value
    return found
