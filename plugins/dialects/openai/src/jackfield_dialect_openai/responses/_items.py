"""The items of the format, each as parts of ours: in answers, and in what a caller sends back of them.

One item may become several parts: they share a `group`, and the last of them carries the item's own members (id,
status, encrypted reasoning) as its state; those before it carry the id alone. So a stream and a whole answer agree.
"""

from __future__ import annotations

import base64
from collections.abc import Container, Mapping
from typing import Any, Final

from jackfield import Bytes, Media, Native, Part, Refusal, Text, Thinking

from ._calls import ASKED, NAME, RUN, asked_part, call_part, members, run_parts, state
from ._citations import citation

MESSAGE_KNOWN: Final = ("role", "content")
REASONING_KNOWN: Final = ("summary", "content")


def item_parts(item: Mapping[str, Any], index: int) -> list[Part]:
    """Read an item of the assistant's side; `index` is its place, for the group of one without an id.

    Raises:
        TypeError, LookupError, ValueError: a member is of another type than the format gives it.
    """
    kind = item.get("type") or "message"
    if kind == "message":
        return message_parts(item, index)
    if kind == "reasoning":
        return reasoning_parts(item, index)
    if kind in ("function_call", "custom_tool_call"):
        return [call_part(item)]
    if kind in ASKED:
        return [asked_part(item)]
    if kind in RUN:
        return [*run_parts(item)]
    if kind == "image_generation_call" and item.get("result"):
        return [image_part(item)]
    return [Native(dialect=NAME, body=dict(item), text="")]


def group_of(item: Mapping[str, Any], index: int) -> str:
    """Return what the parts of one item share."""
    return item.get("id") or f"#{index}"


def message_parts(item: Mapping[str, Any], index: int) -> list[Part]:
    """Read a message item of the assistant's; texts that are empty say nothing."""
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text", "text": content}]
    rows: list[tuple[type[Any], dict[str, Any]]] = []
    for piece in content or ():
        match piece.get("type"):
            case "output_text" | "text" | "input_text":
                notes = piece.get("annotations")
                if notes:
                    rows.append((Text, {"text": piece["text"], "citations": tuple([citation(note) for note in notes])}))
                elif text := piece["text"]:
                    rows.append((Text, {"text": text}))
            case "refusal":
                if piece["refusal"]:
                    rows.append((Refusal, {"text": piece["refusal"]}))
            case "reasoning_text":
                rows.append((Thinking, {"text": piece["text"]}))
            case _:
                rows.append((Native, {"dialect": NAME, "body": dict(piece), "text": ""}))
    return _made(rows, item, index, MESSAGE_KNOWN)


def reasoning_parts(item: Mapping[str, Any], index: int) -> list[Part]:
    """Read a reasoning item: a part for each text of its summary and of its content, one at least."""
    rows: list[tuple[type[Any], dict[str, Any]]] = [
        (Thinking, {"text": row["text"], "kind": kind})
        for member, kind in (("summary", "summary"), ("content", "trace"))
        for row in item.get(member) or ()
        if row["text"]
    ]
    return _made(rows or [(Thinking, {"kind": "redacted"})], item, index, REASONING_KNOWN)


def _made(
    rows: list[tuple[type[Any], dict[str, Any]]], item: Mapping[str, Any], index: int, known: Container[str]
) -> list[Part]:
    """Make the parts of one item: its members go with the last of them, its id with those before."""
    if not rows:
        return []
    group, (last, values) = group_of(item, index), rows[-1]
    found: list[Part] = []
    if len(rows) > 1:
        brief = {"id": item["id"]} if item.get("id") else {}
        found += [kind(**row, group=group, provider_state=state(brief)) for kind, row in rows[:-1]]
    found.append(last(**values, group=group, provider_state=state(members(item, known))))
    return found


def image_part(item: Mapping[str, Any]) -> Media:
    """Read an image that the provider drew."""
    form = item.get("output_format") or "png"
    return Media(
        kind="image",
        source=Bytes(data=base64.b64decode(item["result"], validate=True)),
        mime=f"image/{form}",
        group=item.get("id"),
        provider_state=state({**members(item, ("result",)), "item": item["type"]}),
    )
