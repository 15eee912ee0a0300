"""How a host is asked to think, where the format that it speaks has no word for it: a table of its catalog says it.

    [wire.chat.thinking]
    effort = "reasoning.effort"                  # where the effort stands
    budget = "reasoning.max_tokens"              # where the budget stands, in tokens
    on = { thinking = { type = "enabled" } }     # merged into the body where neither of them says that it is to think
    always = { enable_thinking = true }          # merged whenever it is to think
    off = { thinking = { type = "disabled" } }   # merged where it is not to

What is not named is not written. `replaces`, in the dialect's own table, names what the dialect has written instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .conversation import Reasoning


def write_thinking(body: dict[str, Any], reasoning: Reasoning, form: Mapping[str, Any]) -> None:
    """Ask for thinking in a host's own form, in place of the dialect's. What the dialect leaves out is left out."""
    for name in form.get("replaces", ()):
        body.pop(name, None)
    if reasoning.enabled is False or reasoning.effort == "none" or reasoning.budget == 0:
        merge_patch(body, form.get("off", {}))
        return
    if not (reasoning.enabled or reasoning.effort or reasoning.budget):
        return
    said = False
    for key, value in (("budget", reasoning.budget), ("effort", reasoning.effort)):
        if value is not None and (path := form.get(key)) and not said:  # hosts take one of them
            merge_patch(body, _nested(path, value))
            said = True
    merge_patch(body, form.get("always", {}))
    if not said:
        merge_patch(body, form.get("on", {}))


def _nested(path: str, value: Any) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    return value  # type: ignore[no-any-return]


def merge_patch(target: dict[str, Any], patch: Mapping[str, Any]) -> None:
    """Apply a JSON merge patch (RFC 7396) in place."""
    for key, value in patch.items():
        if value is None:
            target.pop(key, None)
        elif isinstance(value, Mapping):
            inner = target.get(key)
            target[key] = inner = dict(inner) if isinstance(inner, Mapping) else {}
            merge_patch(inner, value)
        else:
            target[key] = value
