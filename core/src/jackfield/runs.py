"""Runs: a model calls Python functions and reads what they return, until it answers.

What fails in a function goes back to the model, which may do better; the caller's own mistakes are errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, TypeAlias

from .conversation import ChatRequest, ChatResponse
from .dialogues import Ask, Calls, Dialogue, Job
from .errors import JackfieldError, TooManyTurns
from .functions import Function, failure_of, result_of
from .messages import Message, ToolCall, ToolResult
from .pricing import Cost
from .saved import Conversation
from .totals import total_cost, total_usage
from .usage import Usage

Ended: TypeAlias = Literal["answer", "until", "pending"]
OnToolError: TypeAlias = Literal["return", "raise"]
_LONGEST: Final = 2000


@dataclass(slots=True)
class Run:
    """What a run came to, or how far it has come.

    `messages` is the whole conversation, `turns` are the model's answers. `ended_by` is `answer`, `until`, or `pending`
    where the model calls a tool that has no function here: `response.tool_calls` are for the caller to answer.
    """

    messages: Conversation
    turns: tuple[ChatResponse, ...] = ()
    ended_by: Ended | None = None
    results: tuple[ToolResult, ...] = field(default=(), repr=False)

    @property
    def response(self) -> ChatResponse:
        """The last answer.

        Raises:
            JackfieldError: there is none yet.
        """
        if not self.turns:
            raise JackfieldError("the model has not answered yet")
        return self.turns[-1]

    @property
    def text(self) -> str:
        """The text of the last answer."""
        return self.response.text

    @property
    def cost(self) -> Cost:
        """What all turns cost together."""
        return total_cost(turn.cost for turn in self.turns)

    @property
    def usage(self) -> Usage:
        """What all turns used together."""
        return total_usage(turn.usage for turn in self.turns)


def running(
    request: ChatRequest,
    functions: Mapping[str, Function],
    max_turns: int,
    until: Callable[[Run], Any] | None,
    on_tool_error: OnToolError,
) -> Dialogue[Run]:
    """Ask, carry out what is called, and ask again, until an answer calls nothing.

    Raises:
        TooManyTurns: the model still calls tools after `max_turns` answers; `.run` is what was said so far.
    """
    run = Run(Conversation(request.messages))
    offered = [name for tool in request.tools or () if isinstance(name := getattr(tool, "name", None), str)]
    while True:
        try:
            response: ChatResponse = yield Ask(request.model_copy(update={"messages": tuple(run.messages)}))
        except JackfieldError as error:
            error.run = run
            raise
        run.turns = (*run.turns, response)
        run.messages.append(response.message)
        calls, paused = response.tool_calls, response.finish_reason == "pause"
        if not calls and not paused:
            run.ended_by = "answer"
            return run
        if any(call.name in offered and call.name not in functions for call in calls):
            run.ended_by = "pending"
            return run
        if len(run.turns) >= max_turns:
            raise _too_many(run, max_turns)
        if calls:
            jobs = tuple(_job(call, functions, offered, on_tool_error) for call in calls)
            try:
                results: list[ToolResult] = yield Calls(jobs)
            except JackfieldError as error:
                error.run = run
                raise
            run.results = (*run.results, *results)
            run.messages.append(Message(role="tool", parts=tuple(results)))
        if until is not None and until(run):
            run.ended_by = "until"
            return run


def _job(call: ToolCall, functions: Mapping[str, Function], offered: list[str], on_error: OnToolError) -> Job:
    """Make the job of a call; what is wrong with the call itself is told to the model, never raised."""
    function = functions.get(call.name)
    if function is None:
        return _told(call, f"there is no tool {call.name!r}; there are {', '.join(offered)}")
    try:
        work = function.bound(call)
    except ValueError as error:
        return _told(call, f"the arguments are wrong: {error}")
    return Job(work, partial(_settle, call, on_error), function.is_async)


def _told(call: ToolCall, reason: str) -> Job:
    return Job(lambda: None, lambda _value, _error: failure_of(call, reason[:_LONGEST]))


def _settle(call: ToolCall, on_error: OnToolError, value: Any, error: Exception | None) -> ToolResult:
    if error is None:
        try:
            return result_of(call, value)
        except ValueError as unwritten:
            error = unwritten
    if on_error == "raise":
        raise error
    return failure_of(call, f"{type(error).__name__}: {error}"[:_LONGEST])


def _too_many(run: Run, max_turns: int) -> TooManyTurns:
    last = run.response
    names = ", ".join(dict.fromkeys(call.name for call in last.tool_calls)) or "more time"
    error = TooManyTurns(
        f"the model still asks for {names} after {max_turns} turns; give max_turns, or go on from .run.messages",
        provider=last.provider,
        model=last.model,
    )
    error.response, error.run, error.turns = last, run, run.turns
    return error
