"""Cases made of the vendor's own description: what each property may not be, and what it may just be.

The description has slips (named in the notes that came with it): `settings` is an object on the wire, `providers` and
`fallback_providers` also come as strings, `tool_choice` and `function_call` of OpenAI's form also as objects.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

PATHS = {
    "/multimodal/chat/": "/v2/multimodal/chat/",
    "/text/chat/": "/v2/text/chat/",
    "/text/chat/stream/": "/v2/text/chat/stream/",
    "/llm/chat/": "/v2/llm/chat/",
    "/aiproducts/askyoda/v2/{project_id}/generate/": (
        "/v2/aiproducts/askyoda/v2/6f3b1a52-6f0e-4f4e-9d6f-0d9f8a6f1c11/generate/"
    ),
}
_TEXT = [{"role": "user", "content": [{"type": "text", "content": {"text": "Hi"}}]}]
_SMALLEST: Mapping[str, dict[str, Any]] = {
    "/multimodal/chat/": {"providers": ["openai/gpt-4o-mini"], "messages": _TEXT},
    "/text/chat/": {"providers": ["openai/gpt-4o-mini"], "text": "Hi"},
    "/text/chat/stream/": {"providers": ["openai/gpt-4o-mini"], "text": "Hi"},
    "/llm/chat/": {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hi"}]},
}
#: What no reading of a type takes.
_WRONG: Mapping[str, tuple[Any, ...]] = {
    "boolean": ("maybe", [], {}, 7),
    "integer": ("many", 1.5, [], {}),
    "number": ("hot", [], {}),
    "string": ([], {}, True),
    "array": (7, {"a": 1}, True),
    "object": ("text", [1], 7),
}
_SLIPS: Mapping[str, tuple[Any, ...]] = {
    "settings": (7, [1], "no json", '["list"]', {"openai": []}),
    "tool_choice": ([], True),
    "function_call": ([], True),
}


class Case(NamedTuple):
    """One property with one value: what was done to it, and whether it is to be refused."""

    path: str
    name: str
    what: str
    value: Any
    refused: bool

    @property
    def id(self) -> str:
        """Name it for people."""
        shown = "" if self.value is ABSENT else f" {json.dumps(self.value):.20}"
        return f"{self.path.strip('/').replace('/', ' ')} {self.name} {self.what}{shown}"


ABSENT = object()


@cache
def document() -> dict[str, Any]:
    """Read the vendor's description."""
    file = Path(os.environ["JACKFIELD_RECORDINGS"]).parent / "specs" / "eden-v2-openapi.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def schema(path: str) -> dict[str, Any]:
    """Return the schema of an address's body."""
    content = document()["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return _resolved(content)


def smallest(path: str) -> dict[str, Any]:
    """Return a body with what is required."""
    return dict(_SMALLEST.get(path, _SMALLEST["/llm/chat/"]))


def cases(path: str) -> Iterator[Case]:
    """Yield the cases of an address."""
    found = schema(path)
    for name in found["required"]:
        yield Case(path, name, "absent", ABSENT, True)
    for name, written in found["properties"].items():
        member = _resolved(written)
        if "type" not in member and "enum" not in member:
            continue
        kind = member.get("type", "string")
        yield Case(path, name, "null", None, not member.get("nullable", False))
        for value in _SLIPS.get(name, _WRONG[kind]):
            if not ("enum" in member and value in member["enum"]):
                yield Case(path, name, "wrong", value, True)
        yield from _bounds(path, name, member, kind)


def _bounds(path: str, name: str, member: Mapping[str, Any], kind: str) -> Iterator[Case]:
    step = 1 if kind == "integer" else 0.001
    if (least := member.get("minimum")) is not None:
        yield Case(path, name, "below", least - step, True)
        yield Case(path, name, "least", least, False)
    if (most := member.get("maximum")) is not None:
        yield Case(path, name, "above", most + step, True)
        yield Case(path, name, "most", most, False)
    if "enum" in member:
        yield Case(path, name, "strange", "no such choice", True)
    if (items := member.get("maxItems")) is not None:
        yield Case(path, name, "long", ["mistral"] * (items + 1), True)
    if member.get("minLength") == 1:
        yield Case(path, name, "blank", "", True)
    if member.get("format") == "uuid":
        yield Case(path, name, "strange", "no uuid", True)


def _resolved(member: Mapping[str, Any]) -> dict[str, Any]:
    """Follow what a schema refers to, alone or in a list of one."""
    found = dict(member)
    while reference := found.pop("$ref", None) or (found.pop("allOf", None) or [{}])[0].get("$ref"):
        found = {**document()["components"]["schemas"][reference.rpartition("/")[2]], **found}
    return found
