"""The unified parameters out of the options; what they may be is checked by the request itself."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jackfield.errors import InvalidInput

_SAID_OTHERWISE = {
    "model": "-m",
    "messages": "the prompt and --file",
    "system": "--system",
    "stream": "--stream or --no-stream",
}
_SWITCH = {"on": True, "true": True, "off": False, "false": False}


def collect(named: Mapping[str, Any], others: Sequence[str]) -> dict[str, Any]:
    """Return the parameters that were given, by option or as `name=value`.

    Raises:
        InvalidInput: a value is no JSON, or a parameter is given twice.
    """
    found = {name: value for name, value in named.items() if value is not None and value != []}
    if isinstance(effort := found.get("reasoning"), str):
        found["reasoning"] = _reasoning(effort)
    for text in others:
        name, value = _read(text)
        if name in _SAID_OTHERWISE:
            raise InvalidInput(f"-p {text}: {name} is given by {_SAID_OTHERWISE[name]}")
        if name in found:
            raise InvalidInput(f"-p {text}: {name} is given twice; give it once")
        found[name] = value
    return found


def _read(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    name = name.strip().replace("-", "_")
    if not equals or not name:
        raise InvalidInput(f"-p {text}: a parameter is written NAME=JSON, as in -p top_k=40")
    try:
        return name, json.loads(value)
    except ValueError:
        hint = (
            f"a text needs quotes: -p '{name}={json.dumps(value)}'" if value[:1] not in '[{"' else "check its brackets"
        )
        raise InvalidInput(f"-p {text}: the value is no JSON; {hint}") from None


def _reasoning(text: str) -> str | int | bool:
    if text.isdecimal():
        return int(text)
    return _SWITCH.get(text.lower(), text.lower())
