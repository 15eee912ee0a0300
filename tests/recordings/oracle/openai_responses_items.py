"""The items of a response's output; an item that no word fits says nothing."""

from typing import Any

from tests.recordings.oracle.wire import loads
from tests.recordings.oracle.words import choice_words, parsed_arguments

__all__ = ["read_items"]

#: Run by the provider: item type -> (name, kind, the members that are the call's arguments, the result's member).
_RUN_THERE: dict[str, tuple[str, str, str, str]] = {
    "web_search_call": ("web_search", "web_search", "action", "results"),
    "file_search_call": ("file_search", "file_search", "queries", "results"),
    "code_interpreter_call": ("code_interpreter", "code", "code", "outputs"),
    "image_generation_call": ("image_generation", "native", "", "result"),
    "mcp_call": ("", "mcp", "arguments", "output"),
}
#: For the caller to run: item type -> (name, kind, the member that is the call's arguments).
_RUN_HERE: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "computer_call": ("computer", "computer", ("action", "actions")),
    "local_shell_call": ("local_shell", "native", ("action",)),
    "shell_call": ("shell", "native", ("action",)),
    "apply_patch_call": ("apply_patch", "native", ("operation",)),
}


def read_items(items: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the choice that the items make, without what made it finish."""
    words = choice_words()
    rows: list[Any] = []
    pieces: dict[str, list[str]] = {"text": [], "refusal": [], "thinking": []}
    for item in items:
        kind = item.get("type") or ""
        if kind == "message":
            for part in item.get("content") or []:
                _content(part, pieces, words, rows)
        elif kind == "reasoning":
            # the summary comes first on the wire, in streams as in whole answers
            for part in [*(item.get("summary") or []), *(item.get("content") or [])]:
                pieces["thinking"].append(part.get("text") or "")
            words["states"] += [item["encrypted_content"]] if item.get("encrypted_content") else []
        elif kind in _RUN_THERE:
            words["provider_calls"].append(_ran(item))
            words["provider_results"] += _result(item)
        elif (call := _asked(item)) is not None:
            words["tool_calls"].append(call)
    for name, found in pieces.items():
        words[name] = "".join(found) or None
    words["logprobs"] = {"content": rows, "refusal": []} if rows else None
    return words


def _content(part: dict[str, Any], pieces: dict[str, list[str]], words: dict[str, Any], rows: list[Any]) -> None:
    match part.get("type"):
        case "output_text" | "text":
            pieces["text"].append(part.get("text") or "")
            words["citations"] += part.get("annotations") or []
            rows += part.get("logprobs") or []
        case "refusal":
            pieces["refusal"].append(part.get("refusal") or "")
        case "reasoning_text":
            pieces["thinking"].append(part.get("text") or "")


def _asked(item: dict[str, Any]) -> dict[str, Any] | None:
    kind = item.get("type") or ""
    name, arguments = item.get("name"), item.get("arguments")
    if kind == "function_call":
        found, word = parsed_arguments(arguments or "", loads), "function"
    elif kind == "custom_tool_call":
        found, word = item.get("input") or "", "custom"
    elif kind in _RUN_HERE:
        name, word, members = _RUN_HERE[kind]
        found = next((item[member] for member in members if item.get(member) is not None), {})
    else:
        return None
    return {"id": item.get("call_id") or None, "name": name, "arguments": found, "kind": word}


def _ran(item: dict[str, Any]) -> dict[str, Any]:
    name, kind, member, _ = _RUN_THERE[item["type"]]
    value = item.get(member) if member else None
    if member in ("queries", "code"):
        value = {member: value}
    elif isinstance(value, str):
        value = parsed_arguments(value, loads)
    arguments = {} if value is None else value
    return {"id": item.get("id") or None, "name": name or item.get("name"), "arguments": arguments, "kind": kind}


def _result(item: dict[str, Any]) -> list[dict[str, Any]]:
    content, failed = item.get(_RUN_THERE[item["type"]][3]), item.get("status") == "failed"
    if content is None and item.get("error") is not None:
        content, failed = item["error"], True
    return [] if content is None else [{"call_id": item.get("id") or None, "content": content, "is_error": failed}]
