"""What both clients do in several turns: validated answers, and functions that a model calls.

Everything behind it is loaded on first use.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, cast

from .closing import AsyncClosing, Closing
from .conversation import ChatRequest
from .errors import InvalidInput, JackfieldError
from .parsing import chat_request, whole_request

if TYPE_CHECKING:
    from .async_client import AsyncClient
    from .client import Client, Fallbacks
    from .deltas import Delta
    from .dialogues import Dialogue, Outcome
    from .messages import ToolResult
    from .runs import OnToolError, Run
    from .structured import ParsedResponse

T = TypeVar("T")


class Turns:
    """Several turns with a model, for a sync client."""

    def parse(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        response_format: type[T],
        repair: int = 0,
        strict: bool | None = None,
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> ParsedResponse[T]:
        """Ask for JSON of a type's schema, and validate what comes: `.parsed` is the value.

        `response_format` is a pydantic model, or another type whose schema is an object. With `repair=1` a model whose
        answer is not of the form is shown its mistake, once. `strict` is what the provider is told of the schema.

        Raises:
            InvalidAnswer: the answer is not of the form; `.response` is it.
            JackfieldError: see `jackfield.errors` for the tree.
        """
        from .dialogues import hold

        dialogue = _parsing(model, messages, system, parameters, response_format, repair, strict)
        return hold(cast("Client", self), dialogue, fallbacks)

    def run(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        tools: Sequence[Any] = (),
        max_turns: int = 8,
        until: Callable[[Run], Any] | None = None,
        on_tool_error: OnToolError = "return",
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> Run:
        """Ask, call the functions that the model asks for, and go on until it answers.

        `tools` are Python functions, sync or async, beside other tools. Calls of one turn run side by side, in threads.
        An exception in a function becomes a result with `is_error`, which the model reads (`on_tool_error="raise"`
        lets it out). `until` is given the `Run` after each turn that called something; where it returns true, that is
        the end.

        Raises:
            TooManyTurns: the model still calls after `max_turns` answers; `.run` is what was said so far.
            JackfieldError: see `jackfield.errors` for the tree; `.run` is what was said before it.
        """
        from .dialogues import hold

        dialogue = _running(model, messages, system, parameters, tools, max_turns, until, on_tool_error)
        return hold(cast("Client", self), dialogue, fallbacks)

    def run_stream(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        tools: Sequence[Any] = (),
        max_turns: int = 8,
        until: Callable[[Run], Any] | None = None,
        on_tool_error: OnToolError = "return",
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> RunStream:
        """Do what `run` does, and iterate over the deltas of every turn, and each `ToolResult` between them."""
        from .dialogues import Outcome, stream

        dialogue = _running(model, messages, system, parameters, tools, max_turns, until, on_tool_error)
        outcome: Outcome[Run] = Outcome()
        return RunStream(stream(cast("Client", self), dialogue, fallbacks, outcome), outcome)


class AsyncTurns:
    """Several turns with a model, for an async client."""

    async def parse(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        response_format: type[T],
        repair: int = 0,
        strict: bool | None = None,
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> ParsedResponse[T]:
        """Ask for JSON of a type's schema, and validate what comes. See `Client.parse`."""
        from .dialogues import hold_async

        dialogue = _parsing(model, messages, system, parameters, response_format, repair, strict)
        return await hold_async(cast("AsyncClient", self), dialogue, fallbacks)

    async def run(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        tools: Sequence[Any] = (),
        max_turns: int = 8,
        until: Callable[[Run], Any] | None = None,
        on_tool_error: OnToolError = "return",
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> Run:
        """Ask, call the functions that the model asks for, and go on until it answers. See `Client.run`.

        Async functions run as tasks of this loop, others in threads.
        """
        from .dialogues import hold_async

        dialogue = _running(model, messages, system, parameters, tools, max_turns, until, on_tool_error)
        return await hold_async(cast("AsyncClient", self), dialogue, fallbacks)

    def run_stream(
        self,
        model: str | ChatRequest,
        messages: Any = None,
        *,
        tools: Sequence[Any] = (),
        max_turns: int = 8,
        until: Callable[[Run], Any] | None = None,
        on_tool_error: OnToolError = "return",
        system: str | None = None,
        fallbacks: Fallbacks | None = None,
        **parameters: Any,
    ) -> AsyncRunStream:
        """Do what `run` does, and iterate over the deltas of every turn, and each `ToolResult` between them."""
        from .dialogues import Outcome, stream_async

        dialogue = _running(model, messages, system, parameters, tools, max_turns, until, on_tool_error)
        outcome: Outcome[Run] = Outcome()
        return AsyncRunStream(stream_async(cast("AsyncClient", self), dialogue, fallbacks, outcome), outcome)


class RunStream(Closing):
    """The deltas of a run, and the results between its turns. Iterate once; `.run` is what it came to."""

    def __init__(self, items: Generator[Delta | ToolResult, None, None], outcome: Outcome[Run]) -> None:
        self._items = items
        self._outcome = outcome

    def __iter__(self) -> Iterator[Delta | ToolResult]:
        return self._items

    @property
    def run(self) -> Run:
        """What the run came to.

        Raises:
            JackfieldError: the stream has not been read to its end.
        """
        return _ended(self._outcome)

    def close(self) -> None:
        """Cancel: the connection is closed at once."""
        self._items.close()


class AsyncRunStream(AsyncClosing):
    """The deltas of a run, and the results between its turns. Iterate once; `.run` is what it came to."""

    def __init__(self, items: AsyncGenerator[Delta | ToolResult, None], outcome: Outcome[Run]) -> None:
        self._items = items
        self._outcome = outcome

    def __aiter__(self) -> AsyncIterator[Delta | ToolResult]:
        return self._items

    @property
    def run(self) -> Run:
        """What the run came to.

        Raises:
            JackfieldError: the stream has not been read to its end.
        """
        return _ended(self._outcome)

    async def close(self) -> None:
        """Cancel: the connection is closed at once."""
        await self._items.aclose()


def _ended(outcome: Outcome[Run]) -> Run:
    if (run := getattr(outcome, "value", None)) is None:
        raise JackfieldError("the stream has not been read to its end")
    return cast("Run", run)


def _parsing(
    model: str | ChatRequest,
    messages: Any,
    system: str | None,
    parameters: dict[str, Any],
    kind: type[T],
    repair: int,
    strict: bool | None,
) -> Dialogue[ParsedResponse[T]]:
    from .structured import Form, parsing

    if repair not in (0, 1):
        raise InvalidInput(f"repair is {repair!r}; it may be 0 or 1", param="repair")
    form = Form(kind, strict)
    request = _request(model, messages, system, parameters)
    return parsing(request.model_copy(update={"response_format": form.format}), form, repair)


def _running(
    model: str | ChatRequest,
    messages: Any,
    system: str | None,
    parameters: dict[str, Any],
    tools: Sequence[Any],
    max_turns: int,
    until: Callable[[Run], Any] | None,
    on_tool_error: OnToolError,
) -> Dialogue[Run]:
    from .functions import functions_of, tool_for
    from .runs import running

    if isinstance(max_turns, bool) or not isinstance(max_turns, int) or max_turns < 1:
        raise InvalidInput(f"max_turns is {max_turns!r}; a number from 1 on is needed", param="max_turns")
    if on_tool_error not in ("return", "raise"):
        raise InvalidInput(f"on_tool_error is {on_tool_error!r}; it may be 'return' or 'raise'", param="on_tool_error")
    if not isinstance(tools, list | tuple):
        raise InvalidInput(f"tools: a list is needed, not {tools!r:.80}", param="tools")
    functions = functions_of(tools)
    offered = [tool_for(tool, functions) for tool in tools]
    if isinstance(model, ChatRequest):
        given = model.tools or ()
        model = ChatRequest.model_validate({**_members(model), "tools": (*given, *offered) or None})
    elif offered:
        parameters = {**parameters, "tools": offered}
    request = _request(model, messages, system, parameters)
    if (request.n or 1) > 1:
        raise InvalidInput(f"n is {request.n}; a run goes on from one answer", param="n")
    return running(request, functions, max_turns, until, on_tool_error)


def _members(request: ChatRequest) -> dict[str, Any]:
    return {name: getattr(request, name) for name in request.model_fields_set}


def _request(model: str | ChatRequest, messages: Any, system: str | None, parameters: dict[str, Any]) -> ChatRequest:
    if isinstance(model, ChatRequest):
        return whole_request(model, messages, system, parameters, False)
    return chat_request(model, messages, system, parameters, False)
