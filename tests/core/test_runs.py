"""Runs over real sockets: functions that a model calls, what it reads of them, and where a run ends."""

from __future__ import annotations

import asyncio
import contextvars
import json
import threading
from decimal import Decimal
from typing import Any

import pytest

import jackfield
from jackfield import ChatRequest, InvalidInput, JackfieldError, Run, TextDelta, Tool, ToolResult, TooManyTurns
from tests.core.colours import Asking
from tests.core.server import DONE, USAGE, Script, Server, chunk, completion, streamed, whole


def calling(*calls: tuple[str, str], **members: Any) -> Script:
    """Write an answer that calls tools."""
    rows = [
        {"id": f"call_{number}", "type": "function", "function": {"name": name, "arguments": arguments}}
        for number, (name, arguments) in enumerate(calls)
    ]
    message = {"role": "assistant", "content": None, "tool_calls": rows}
    return whole(completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}], **members))


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def later(name: str) -> str:
    """Greet."""
    await asyncio.sleep(0)
    return f"hello {name}"


def broken() -> str:
    """Break."""
    raise LookupError("there is no row 7")


def _asked(server: Server, number: int = -1) -> Any:
    return json.loads(server.requests[number]["body"])


def test_a_model_calls_functions_until_it_answers(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(
        calling(("add", '{"a": 1, "b": 2}'), ("later", '{"name": "Ada"}')), calling(("add", '{"a": 3, "b": 3}')),
        whole(completion("6")),
    )  # fmt: skip
    run = asking("run", "acme/large", "What is 1+2+3?", tools=[add, later], system="Count", options=options)
    assert (run.text, run.ended_by, len(run.turns)) == ("6", "answer", 3)
    assert [message.role for message in run.messages] == [
        "system", "user", "assistant", "tool", "assistant", "tool", "assistant",
    ]  # fmt: skip
    assert [tool["function"]["name"] for tool in _asked(server)["tools"]] == ["add", "later"]
    results = [message for message in _asked(server)["messages"] if message["role"] == "tool"]
    assert [(row["tool_call_id"], row["content"]) for row in results] == [
        ("call_0", "3"), ("call_1", "hello Ada"), ("call_0", "6"),
    ]  # fmt: skip
    assert run.cost.total == sum(turn.cost.total for turn in run.turns) == 3 * Decimal("0.000008")
    assert (run.cost.status, run.usage.input_tokens, run.usage.output_tokens) == ("priced", 9, 6)


def test_calls_of_one_turn_run_side_by_side(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    """Each waits until all have begun: one after the other they would never end."""
    together = threading.Barrier(3, timeout=20)
    user: contextvars.ContextVar[str] = contextvars.ContextVar("user", default="nobody")

    def wait(name: str) -> str:
        together.wait()
        return f"{name} for {user.get()}"

    server.answer(calling(*(("wait", json.dumps({"name": name})) for name in "abc")), whole(completion()))
    token = user.set("ada")
    try:
        run = asking("run", "acme/large", "Go", tools=[wait], options=options)
    finally:
        user.reset(token)
    assert [result.parts[0].text for result in run.results] == ["a for ada", "b for ada", "c for ada"]


def test_async_functions_of_one_turn_run_side_by_side(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    begun = 0

    async def wait(name: str) -> str:
        nonlocal begun
        begun += 1
        while begun < 3:
            await asyncio.sleep(0.001)
        return name

    server.answer(calling(*(("wait", json.dumps({"name": name})) for name in "abc")), whole(completion()))
    run = asking("run", "acme/large", "Go", tools=[wait], options=options)
    assert [result.parts[0].text for result in run.results] == ["a", "b", "c"]


def test_one_call_runs_in_the_callers_thread(server: Server, options: dict[str, Any]) -> None:
    server.answer(calling(("where", "")), whole(completion()))
    seen = []

    def where() -> None:
        seen.append(threading.current_thread())

    with jackfield.Client(**options) as client:
        client.run("acme/large", "Go", tools=[where])
    assert seen == [threading.current_thread()]


@pytest.mark.parametrize(
    ("call", "told"),
    [
        (("broken", "{}"), "LookupError: there is no row 7"),
        (("add", '{"a": 1}'), "the arguments are wrong: b: Field required"),
        (("add", "{"), "the arguments are wrong: the JSON: Invalid JSON"),
        (("subtract", "{}"), "there is no tool 'subtract'; there are add, broken"),
    ],
)
def test_what_fails_goes_back_to_the_model(
    server: Server, asking: Asking, options: dict[str, Any], call: tuple[str, str], told: str
) -> None:
    server.answer(calling(call), whole(completion("sorry")))
    run = asking("run", "acme/large", "Go", tools=[add, broken], options=options | {"unsupported": "record"})
    (result,) = run.results
    assert result.is_error
    assert result.parts[0].text.startswith(told)
    assert _asked(server)["messages"][-1]["content"].startswith(told)
    assert run.text == "sorry"


def test_what_a_function_raises_is_let_out_where_it_is_asked_for(
    server: Server, asking: Asking, options: dict[str, Any]
) -> None:
    server.answer(calling(("broken", "{}"), ("add", '{"a": 1, "b": 1}')))
    with pytest.raises(LookupError, match="row 7"):
        asking("run", "acme/large", "Go", tools=[add, broken], on_tool_error="raise", options=options)


def test_an_endless_run_is_stopped_and_keeps_what_was_said(
    server: Server, asking: Asking, options: dict[str, Any]
) -> None:
    server.answer(calling(("add", '{"a": 1, "b": 1}')))
    with pytest.raises(TooManyTurns, match="still asks for add after 3 turns; give max_turns") as caught:
        asking("run", "acme/large", "Go", tools=[add], max_turns=3, options=options)
    error = caught.value
    assert len(server.requests) == len(error.turns) == len(error.run.turns) == 3
    assert [message.role for message in error.run.messages] == ["user", *["assistant", "tool"] * 2, "assistant"]
    assert error.run.cost.total == 3 * Decimal("0.000008")
    assert (error.provider, error.response.finish_reason) == ("acme", "tool_calls")


def test_a_stop_condition_ends_a_run(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(calling(("add", '{"a": 1, "b": 1}')))
    seen: list[int] = []

    def enough(run: Run) -> bool:
        seen.append(len(run.turns))
        return len(run.results) == 2

    run = asking("run", "acme/large", "Go", tools=[add], until=enough, options=options)
    assert (run.ended_by, seen, len(server.requests)) == ("until", [1, 2], 2)
    assert run.messages[-1].role == "tool"


def test_a_tool_without_a_function_is_left_to_the_caller(
    server: Server, asking: Asking, options: dict[str, Any]
) -> None:
    ran = []

    def noted() -> None:
        ran.append(1)

    server.answer(calling(("noted", ""), ("other", "{}")))
    run = asking("run", "acme/large", "Go", tools=[noted, Tool(name="other")], options=options)
    assert run.ended_by == "pending"
    assert [call.name for call in run.response.tool_calls] == ["noted", "other"]
    assert not ran


def test_an_error_of_the_provider_keeps_what_was_said(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(calling(("add", '{"a": 1, "b": 1}')), whole({"error": {"message": "broke"}}, 500))
    with pytest.raises(jackfield.ServerError) as caught:
        asking("run", "acme/large", "Go", tools=[add], options=options)
    assert [message.role for message in caught.value.run.messages] == ["user", "assistant", "tool"]


def test_a_run_goes_on_from_where_another_ended(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(calling(("add", '{"a": 1, "b": 1}')), whole(completion("2")))
    first = asking("run", "acme/large", "Go", tools=[add], until=lambda run: True, options=options)
    second = asking("run", "acme/large", first.messages, tools=[add], options=options)
    assert second.text == "2"
    assert len(first.messages) == 3


def test_a_whole_request_is_run_too(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(calling(("add", '{"a": 1, "b": 1}')), whole(completion("2")))
    request = ChatRequest(model="acme/large", messages="Go", temperature=0.5, tools=(Tool(name="other"),))
    run = asking("run", request, tools=[add], options=options)
    assert run.text == "2"
    assert [tool["function"]["name"] for tool in _asked(server)["tools"]] == ["other", "add"]
    assert _asked(server)["temperature"] == 0.5


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"tools": [add, add]}, "two functions have the name add"),
        ({"tools": add}, "tools: a list is needed"),
        ({"tools": [add], "max_turns": 0}, "max_turns is 0; a number from 1 on is needed"),
        ({"tools": [add], "on_tool_error": "ignore"}, "on_tool_error is 'ignore'"),
        ({"tools": [add], "n": 2}, "n is 2; a run goes on from one answer"),
        ({"tools": [{"nam": "x"}]}, r"tools\[0\]"),
    ],
)
def test_bad_input_is_refused(
    server: Server, asking: Asking, options: dict[str, Any], parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        asking("run", "acme/large", "Go", options=options, **parameters)
    assert not server.requests


def _streamed_call() -> Script:
    function = {"name": "add", "arguments": '{"a": 1, "b": 2}'}
    call = {"index": 0, "id": "call_0", "type": "function", "function": function}
    return streamed(chunk(role="assistant", tool_calls=[call]), chunk(finish="tool_calls"), USAGE, DONE)


def test_a_run_is_streamed(server: Server, asking: Asking, options: dict[str, Any]) -> None:
    server.answer(
        _streamed_call(), streamed(chunk(content="thr"), chunk(content="ee"), chunk(finish="stop"), USAGE, DONE)
    )
    items, stream = asking("run_stream", "acme/large", "Go", tools=[add], options=options)
    kinds = [type(item).__name__ for item in items]
    assert kinds.count("ToolResult") == 1
    assert kinds.index("ToolResult") > kinds.index("ArgumentsDelta" if "ArgumentsDelta" in kinds else "PartStarted")
    assert "".join(item.text for item in items if isinstance(item, TextDelta)) == "three" == stream.run.text
    assert [item for item in items if isinstance(item, ToolResult)] == list(stream.run.results)
    assert all(_asked(server, number)["stream"] for number in (0, 1))
    assert stream.run.cost.total == 2 * Decimal("0.000008")


def test_leaving_a_streamed_run_closes_the_connection(server: Server, options: dict[str, Any]) -> None:
    server.answer(streamed(chunk(content="a"), 5.0, chunk(content="b"), USAGE, DONE))
    with jackfield.Client(**options) as client, client.run_stream("acme/large", "Go", tools=[add]) as stream:
        for item in stream:
            if isinstance(item, TextDelta):
                break
    assert server.closed_early.wait(5)
    with pytest.raises(JackfieldError, match="not been read to its end"):
        stream.run  # noqa: B018


def test_what_a_run_has_is_told_before_its_first_answer() -> None:
    from jackfield import Conversation

    run = Run(Conversation(["Hi"]))
    with pytest.raises(JackfieldError, match="has not answered yet"):
        run.text  # noqa: B018
    assert run.cost.total is None
