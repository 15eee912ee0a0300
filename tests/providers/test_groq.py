"""What Groq runs itself: in answers, whole and streamed, and as requests ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from jackfield import (
    ChatRequest,
    Data,
    HostedTool,
    Message,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolResult,
    UnsupportedFeature,
    UnsupportedParameterWarning,
)
from tests.providers.test_quirks import Host, asked, chunk, client, streamed, whole

COMPOUND = "groq/groq/compound"
SEARCH = {"index": 0, "type": "search", "arguments": '{"query": "x"}'}
NOTHING: dict[str, Any] = {"search_results": {"results": []}}
FOUND: dict[str, Any] = {
    "output": "Title: X",
    "search_results": {"results": [{"title": "X", "url": "https://x.invalid"}]},
}
BROKEN = {"index": 0, "type": "python", "arguments": '{"code": "print("}'}


def ran(row: dict[str, Any]) -> dict[str, Any]:
    """Return a chunk with a row of what was run."""
    return chunk({"executed_tools": [row]})


def shown(parts: Any) -> list[Any]:
    """Write parts in short."""
    found: list[Any] = []
    for part in parts:
        match part:
            case ToolCall():
                found.append((part.executed_by, part.kind, part.name, part.arguments, part.id))
            case ToolResult(parts=(Data(value=value),)):
                found.append((part.call_id, part.name, value))
            case _:
                found.append((type(part).__name__, part.text))
    return found


def test_what_groq_ran_is_a_call_and_its_result_in_a_whole_answer() -> None:
    rows = [{**SEARCH, **FOUND}, {**BROKEN, "index": 1, **NOTHING}]
    answer = asked(Host(whole({"content": "X.", "reasoning": "Hm.", "executed_tools": rows})), COMPOUND)
    parts = answer.message.parts
    assert [type(part) for part in parts] == [Thinking, ToolCall, ToolResult, ToolCall, Text]
    calls = [part for part in parts if isinstance(part, ToolCall)]
    assert [(call.name, call.kind, call.executed_by) for call in calls] == [
        ("search", "web_search", "provider"),
        ("python", "code", "provider"),
    ]
    assert parts[2] == ToolResult(call_id=calls[0].id, name="search", parts=(Data(value=FOUND),))
    assert answer.tool_calls == ()
    assert answer.finish_reason == "stop"


def test_a_stream_repeats_what_ran_with_its_outcome_and_it_is_one_call() -> None:
    host = Host(
        chunk({"reasoning": "Hm."}),
        ran({**BROKEN, **NOTHING}),
        ran({**BROKEN, **NOTHING}),
        ran({**SEARCH, **NOTHING}),
        ran({**SEARCH, **FOUND}),
        chunk({"reasoning": "So."}),
        chunk({"content": "X"}),
        chunk({"content": "."}),
        chunk({}, "stop"),
    )
    answer = streamed(host, COMPOUND)
    first, second, third = (part.id for part in answer.message.parts if isinstance(part, ToolCall))
    assert len({first, second, third}) == 3
    assert shown(answer.message.parts) == [
        ("Thinking", "Hm."),
        ("provider", "code", "python", BROKEN["arguments"], first),
        ("provider", "code", "python", BROKEN["arguments"], second),
        ("provider", "web_search", "search", SEARCH["arguments"], third),
        (third, "search", FOUND),
        ("Thinking", "So."),
        ("Text", "X."),
    ]
    assert answer.finish_reason == "stop"


def test_ids_are_the_same_streamed_and_whole() -> None:
    row = {**SEARCH, **FOUND}
    one = asked(Host(whole({"content": "X", "executed_tools": [row]})), COMPOUND)
    other = streamed(Host(ran({**SEARCH, **NOTHING}), ran(row), chunk({"content": "X"}, "stop")), COMPOUND)
    assert one.message.parts == other.message.parts


def test_what_groq_ran_does_not_go_back_and_the_trace_goes_back_in_one_piece() -> None:
    host = Host(chunk({"reasoning": "Hm."}), ran({**SEARCH, **FOUND}), chunk({"reasoning": "So."}), chunk({}, "stop"))
    said = streamed(host, COMPOUND).message
    again = Host(whole({"content": "Yes."}))
    turns = [Message(role="user", parts="Hi"), said, Message(role="user", parts="Sure?")]
    with pytest.warns(UnsupportedParameterWarning, match="does not take it back"):
        answer = asked(again, COMPOUND, turns)
    assert again.asked[0]["messages"][1] == {"role": "assistant", "content": None, "reasoning": "Hm.So."}
    assert [row.parameter for row in answer.adjustments] == ["tool_call"]


def test_a_malformed_row_is_an_error_that_says_so() -> None:
    with pytest.raises(Exception, match="not of the format"):
        asked(Host(whole({"content": "X", "executed_tools": [{"index": 0}]})), COMPOUND)
    with pytest.raises(Exception, match="not of the format"):
        streamed(Host(chunk({"executed_tools": ["search"]})), COMPOUND)


def body(model: str, *tools: Any) -> dict[str, Any]:
    """Return what is sent where these tools are asked for."""
    host = Host(whole({"content": "X"}))
    client(host, model).chat(ChatRequest(model=model, messages="Hi", tools=tools))
    return host.asked[0]


def test_a_compound_system_is_told_which_of_its_tools_it_may_run() -> None:
    sent = body(COMPOUND, HostedTool(kind="web_search"), HostedTool(kind="web_fetch"), HostedTool(kind="code"))
    enabled = ["web_search", "visit_website", "code_interpreter"]
    assert sent["compound_custom"] == {"tools": {"enabled_tools": enabled}}
    assert "tools" not in sent
    key = {"wolfram_settings": {"authorization": "k"}}
    wolfram = HostedTool(kind="native", name="wolfram_alpha", options=key)
    assert body(COMPOUND, wolfram)["compound_custom"] == {"tools": {"enabled_tools": ["wolfram_alpha"], **key}}


def test_other_models_find_what_groq_runs_among_their_tools() -> None:
    clock = Tool(name="clock")
    sent = body("groq/openai/gpt-oss-120b", clock, HostedTool(kind="web_search"), HostedTool(kind="code"))
    assert [tool["type"] for tool in sent["tools"]] == ["function", "browser_search", "code_interpreter"]
    assert "compound_custom" not in sent


@pytest.mark.parametrize("model", [COMPOUND, "groq/openai/gpt-oss-120b"])
def test_a_tool_that_groq_does_not_run_is_refused_before_anything_is_sent(model: str) -> None:
    with pytest.raises(UnsupportedFeature, match="not computer"):
        body(model, HostedTool(kind="computer"))


def test_a_compound_system_takes_no_tool_of_the_callers() -> None:
    with pytest.raises(UnsupportedFeature, match="the model takes hosted, not tool"):
        body(COMPOUND, Tool(name="clock"))
