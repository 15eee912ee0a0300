"""What a caller returns for a call, as the item that answers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Native, ToolCall, ToolResult, UnsupportedFeature
from jackfield_dialect_openai.chat._parameters import present

from ._content import given, plain, shown_text

Item = dict[str, Any]


class Calls:
    """The calls so far: as which item each was written, and an id for those that have none."""

    def __init__(self) -> None:
        self._items: dict[Any, str] = {}
        self._nameless: dict[str | None, str] = {}

    def named(self, call: ToolCall) -> ToolCall:
        """Return the call with an id; one without gets one from its name and place."""
        if call.id is not None:
            return call
        self._nameless[call.name] = minted = f"call_{call.name}_{len(self._items)}"
        return call.model_copy(update={"id": minted})

    def written(self, item: Mapping[str, Any]) -> None:
        """Remember the item of a call."""
        self._items[item.get("call_id")] = item["type"]

    def result_item(self, result: ToolResult, where: str) -> Item:
        """Write a result as the item that answers its call.

        Raises:
            UnsupportedFeature: that item has no form for it.
        """
        state = result.provider_state
        own: Item = dict(state.data) if state is not None and isinstance(state.data, dict) else {}
        call_id = result.call_id if result.call_id is not None else self._nameless.get(result.name)
        kind = own.pop("type", None) or f"{self._items.get(call_id, 'function_call')}_output"
        head = {"type": kind, "call_id": call_id}
        parts = result.parts
        if own.pop("whole", False) and len(parts) == 1 and isinstance(part := parts[0], Native):
            return {**head, **present(output=part.body), **own}
        write = _FORMS.get(kind)
        if write is not None:
            return {**head, **write(result, where), **own}
        pieces = [given(part, where) for part in parts]
        return {**head, "output": plain(pieces) if pieces else "", **own}


def _screenshot(result: ToolResult, where: str) -> Item:
    pieces = [given(part, where) for part in result.parts]
    shots = [{**piece, "type": "computer_screenshot"} for piece in pieces if piece["type"] == "input_image"]
    if len(shots) != 1 or len(pieces) != 1:
        raise UnsupportedFeature(f"{where}: a computer returns one image and nothing else", param="messages")
    return {"output": shots[0]}


def _ran(result: ToolResult, where: str) -> Item:
    text, failed = _text(result, where), result.is_error
    outcome = {"type": "exit", "exit_code": int(failed)}
    said = {"stdout": "", "stderr": text} if failed else {"stdout": text, "stderr": ""}
    return {"output": [{**said, "outcome": outcome}]}


def _patched(result: ToolResult, where: str) -> Item:
    return {"output": _text(result, where), "status": "failed" if result.is_error else "completed"}


def _text(result: ToolResult, where: str) -> str:
    texts = [shown_text(part) for part in result.parts]
    if None in texts:
        raise UnsupportedFeature(f"{where}: the tool returns text only; take the rest out", param="messages")
    return "".join(text for text in texts if text)


#: Items whose results have a form of their own (openai 3.51.0, types/responses/response_input_item_param.py).
_FORMS = {
    "computer_call_output": _screenshot,
    "local_shell_call_output": lambda result, where: {"output": _text(result, where)},
    "shell_call_output": _ran,
    "apply_patch_call_output": _patched,
}
