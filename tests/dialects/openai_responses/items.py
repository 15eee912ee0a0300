"""Items as the API writes them into its answers, made by hypothesis: a caller sends them back as they are."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.dialects.openai.requests import jsons, numbers, words

Item = dict[str, Any]
said = st.text(min_size=1, max_size=20)
statuses = st.sampled_from(["completed", "incomplete"])
tokens = st.fixed_dictionaries(
    {"token": said, "logprob": numbers, "bytes": st.lists(st.integers(0, 255), max_size=3), "top_logprobs": st.just([])}
)
notes = st.sampled_from(
    [
        {"type": "url_citation", "url": "https://a.example", "title": "A", "start_index": 0, "end_index": 1},
        {"type": "file_citation", "file_id": "file-1", "filename": "a.txt", "index": 3},
        {"type": "file_path", "file_id": "file-1", "index": 0},
        {"type": "container_file_citation", "container_id": "cntr_1", "file_id": "cfile_1", "filename": "a.png",
         "start_index": 0, "end_index": 1},
    ]
)  # fmt: skip
_output = st.fixed_dictionaries(
    {
        "type": st.just("output_text"),
        "text": said,
        "annotations": st.lists(notes, max_size=2),
        "logprobs": st.just([]),
    }
)
_refusal = st.fixed_dictionaries({"type": st.just("refusal"), "refusal": said})
_summary = st.lists(st.fixed_dictionaries({"type": st.just("summary_text"), "text": said}), max_size=2)
_trace = st.lists(st.fixed_dictionaries({"type": st.just("reasoning_text"), "text": said}), min_size=1, max_size=2)


def _item(kind: str, members: dict[str, Any], **optional: st.SearchStrategy[Any]) -> st.SearchStrategy[Item]:
    fixed = {name: value if isinstance(value, st.SearchStrategy) else st.just(value) for name, value in members.items()}
    return st.fixed_dictionaries({"type": st.just(kind), **fixed}, optional=optional)


messages = _item(
    "message",
    {"role": "assistant", "status": statuses, "content": st.lists(_output | _refusal, min_size=1, max_size=3)},
    phase=st.sampled_from(["commentary", "final_answer"]),
)
reasonings = _item(
    "reasoning", {"summary": _summary}, content=_trace, encrypted_content=said, status=st.just("completed")
)
functions = _item(
    "function_call",
    {"call_id": words, "name": words, "status": statuses,
     "arguments": st.text(max_size=20) | jsons.map(lambda value: f'{{"ä": "{value}"}}')},
    namespace=words,
)  # fmt: skip
customs = _item("custom_tool_call", {"call_id": words, "name": words, "input": st.text(max_size=20)}, namespace=words)
#: Calls of tools that the format itself defines, for the caller to run.
_click = {"type": "click", "button": "left", "x": 1, "y": 2}
asked = st.one_of(
    _item("computer_call", {"call_id": words, "action": _click, "pending_safety_checks": [], "status": "completed"}),
    _item(
        "computer_call",
        {"call_id": words, "actions": [_click], "status": "completed",
         "pending_safety_checks": [{"id": "sc_1", "code": "c", "message": "m"}]},
    ),
    _item("local_shell_call", {"call_id": words, "status": "completed",
                               "action": {"type": "exec", "command": ["ls"], "env": {}}}),
    _item("shell_call", {"call_id": words, "status": "completed", "action": {"commands": ["ls"]}}),
    _item("apply_patch_call", {"call_id": words, "status": "completed",
                               "operation": {"type": "delete_file", "path": "a"}}),
)  # fmt: skip
#: Calls that the provider ran, with their results.
_search: Any = {
    "type": "search",
    "query": "q",
    "queries": ["q"],
    "sources": [{"type": "url", "url": "https://a.example"}],
}
_page = {"type": "open_page", "url": "https://a.example"}
_fault = {"type": "http_error", "code": 500, "message": "no"}
ran = st.one_of(
    _item("web_search_call", {"action": st.sampled_from([_search, _page]), "status": "completed"}),
    _item(
        "file_search_call",
        {"queries": st.lists(said, max_size=2), "status": "completed"},
        results=st.just([{"file_id": "file-1", "filename": "a.txt", "score": 0.5, "text": "t", "attributes": {}}]),
    ),
    _item(
        "code_interpreter_call",
        {"code": said, "container_id": "cntr_1", "status": "completed"},
        outputs=st.just([{"type": "logs", "logs": "1"}]),
    ),
    _item(
        "mcp_call",
        {"name": words, "server_label": words, "arguments": st.just('{"a":1}'), "status": st.just("completed")},
        output=said,
        approval_request_id=st.just("mcpr_1"),
    ),
    _item("mcp_call", {"name": words, "server_label": words, "arguments": "{}", "status": "failed", "error": _fault}),
)
drawn = _item(
    "image_generation_call",
    {"status": "completed", "result": st.sampled_from(["iVBORw0KGgo=", "AAAA"])},
    output_format=st.sampled_from(["png", "webp"]),
    revised_prompt=said,
)
#: Items that have no word of ours.
native = st.one_of(
    _item("mcp_list_tools", {"server_label": words, "tools": [{"name": "f", "input_schema": {}}]}),
    _item("mcp_approval_request", {"server_label": words, "name": words, "arguments": "{}"}),
    _item("compaction", {"encrypted_content": said}),
    _item("image_generation_call", {"status": "failed"}, result=st.none()),
)
anything = st.one_of(messages, messages, reasonings, functions, customs, asked, ran, drawn, native)


def outputs(draw: st.DrawFn, ids: Iterator[int], most: int = 5) -> list[Item]:
    """Draw the items of one answer; every item and every call has an id of its own."""
    found = []
    for item in draw(st.lists(anything, max_size=most)):
        number = next(ids)
        item = {**item, "id": f"{item['type']}_{number}"}
        if "call_id" in item:
            item["call_id"] = f"call_{number}"
        found.append(item)
    return found
