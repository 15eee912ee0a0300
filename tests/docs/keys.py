"""The keys of data files as paths: `models[].prices[].rates.*` stands for every rate of every price of every model."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from typing import Any

from tests.workspace.tree import tracked

__all__ = ["FILES", "used"]

FILES = ("catalog.toml", "models.toml", "dialect.toml")

#: Tables whose keys are names of things, by their path; and tables that hold what a provider's wire holds.
_NAMED = {
    "settings", "settings.*.cases", "settings.*.cases.*", "auth[].values", "limits", "models[].limits", "headers",
    "regions", "remedies", "dialects", "models[].media", "media", "models[].prices[].rates", "models[].prices[].times",
    "models[].prices[].when", "prices[].rates", "wire.chat.rename", "models[].wire.chat.rename", "wire.chat.prefill",
    "aliases",
}  # fmt: skip
_OPEN = ("wire.chat.thinking.on", "wire.chat.thinking.off", "wire.chat.thinking.always")


def used(*names: str) -> dict[str, set[str]]:
    """Return every path that a tracked data file of these names uses, with the files that use it."""
    found: dict[str, set[str]] = {}
    for path in tracked():
        if path.name in names and "src" in path.parts:
            for key in _paths(tomllib.loads(path.read_text(encoding="utf-8")), ""):
                found.setdefault(key, set()).add(f"{path.parent.name}/{path.name}")
    return found


def _paths(value: Any, at: str) -> Iterator[str]:
    """Give the path of every leaf; the tables of a dialect are those of the whole file, once more."""
    plain = at.removeprefix("dialects.*.") if at.startswith("dialects.*.") else at
    bare = plain.removeprefix("models[].")
    if isinstance(value, dict) and not bare.endswith(_OPEN):
        for key, inner in value.items():
            name = "*" if plain in _NAMED or bare in _NAMED else key
            yield from _paths(inner, f"{at}.{name}" if at else name)
        if not value and at:
            yield f"{at}.*" if plain in _NAMED or bare in _NAMED else at
    elif isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        for row in value:
            yield from _paths(row, f"{at}[]")
    else:
        yield at
