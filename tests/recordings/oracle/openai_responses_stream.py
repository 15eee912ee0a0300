"""Puts the output of a stream together from its events, for streams that end before the whole response comes."""

from typing import Any

__all__ = ["Output"]

#: Event type -> the member of the item that its delta makes longer.
_ITEM_TEXT = {
    "response.function_call_arguments.delta": "arguments",
    "response.mcp_call_arguments.delta": "arguments",
    "response.custom_tool_call_input.delta": "input",
    "response.code_interpreter_call_code.delta": "code",
}
#: Event type -> (list in the item, the number that counts it, the type of a part, the part's member).
_PART_TEXT = {
    "response.output_text.delta": ("content", "content_index", "output_text", "text"),
    "response.refusal.delta": ("content", "content_index", "refusal", "refusal"),
    "response.reasoning_text.delta": ("content", "content_index", "reasoning_text", "text"),
    "response.reasoning_summary_text.delta": ("summary", "summary_index", "summary_text", "text"),
}


class Output:
    """The items seen so far, by their place."""

    def __init__(self) -> None:
        """Start without items."""
        self._items: dict[int, dict[str, Any]] = {}
        self._parts: dict[tuple[int, str, int], dict[str, Any]] = {}

    def feed(self, event: dict[str, Any]) -> None:
        """Add one event; kinds that say nothing of the output are passed over."""
        kind, place = event.get("type") or "", event.get("output_index") or 0
        if kind in ("response.output_item.added", "response.output_item.done"):
            item = dict(event.get("item") or {})
            lists = {name: [dict(part) for part in item.get(name) or []] for name in ("content", "summary")}
            self._parts = {key: part for key, part in self._parts.items() if key[0] != place}
            for name, parts in lists.items():
                self._parts.update({(place, name, number): part for number, part in enumerate(parts)})
            self._items[place] = item
        elif kind in _ITEM_TEXT:
            item, member = self._items.setdefault(place, {}), _ITEM_TEXT[kind]
            item[member] = (item.get(member) or "") + (event.get("delta") or "")
        elif kind in _PART_TEXT:
            name, counter, word, member = _PART_TEXT[kind]
            part = self._parts.setdefault((place, name, event.get(counter) or 0), {"type": word})
            part[member] = (part.get(member) or "") + (event.get("delta") or "")
            if event.get("logprobs"):
                part["logprobs"] = [*(part.get("logprobs") or []), *event["logprobs"]]
        elif kind == "response.output_text.annotation.added":
            key = (place, "content", event.get("content_index") or 0)
            part = self._parts.setdefault(key, {"type": "output_text"})
            part["annotations"] = [*(part.get("annotations") or []), event.get("annotation")]

    def items(self) -> list[dict[str, Any]]:
        """Return the items in order, each with its parts in order."""
        found = []
        for place in sorted(self._items):
            item = dict(self._items[place])
            for name in ("content", "summary"):
                places = sorted(key for key in self._parts if key[:2] == (place, name))
                parts = [self._parts[key] for key in places]
                if parts:
                    item[name] = parts
            found.append(item)
        return found
