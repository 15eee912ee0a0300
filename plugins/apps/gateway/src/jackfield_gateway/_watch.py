"""The watch over one question: let in by the guard, and recorded once, when it has ended in whatever way."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from jackfield import (
    AsyncClient,
    AsyncStream,
    Attempt,
    ChatRequest,
    ChatResponse,
    Delta,
    Fallback,
    JackfieldError,
    Request,
    Response,
    Usage,
)
from jackfield.errors import status_of

from ._call import Asker
from ._measures import MOST_BYTES, Measure, said
from ._records import Entry
from .state.clock import new_id

if TYPE_CHECKING:
    from ._guard import Pass
    from ._panel import Panel

#: A longer name of a user is nobody's.
_LONGEST = 500
_REQUEST_ID = b"x-jackfield-request-id"


class Watch:
    """One question of an asker."""

    def __init__(self, panel: Panel, asker: Asker, request: Request) -> None:
        self.id = new_id()
        self._panel = panel
        self._asker = asker
        self._request = request
        self._at = datetime.now(UTC)
        self._began = time.monotonic()
        self._is_open = True
        self._pass: Pass | None = None
        self._models: Sequence[str] = ()
        self.first: float | None = None
        panel.running += 1
        asker.add([(_REQUEST_ID, self.id.encode())])  # of questions side by side the first is told

    async def enter(self, models: Sequence[str], measure: Measure | None = None) -> None:
        """Ask the guard; it says no with an error, which ends the watch.

        Raises:
            JackfieldError: see `Guard.enter`.
        """
        guard = self._panel.guard
        if guard is None or guard.is_idle or not models:  # none are named where limits came by a reload meanwhile
            return
        try:
            self._pass = await guard.enter(self._asker, self._request, models, self.id, measure)
            self._models = models
        except JackfieldError as error:
            self.failed(error)
            raise
        except BaseException:
            self.left()
            raise

    def answered(self, response: Response) -> None:
        """Record an answer."""
        last = response.attempts[-1].model if response.attempts else response.model
        self._end(response.provider, last, self._reckoned(response, response.provider, last))

    def failed(self, error: JackfieldError) -> None:
        """Record an error, and what had come before it."""
        self._end(
            error.provider, error.model, self._reckoned(error.response, error.provider, error.model),
            status=status_of(error), error=type(error).__name__, attempts=error.attempts,
        )  # fmt: skip

    def left(self, stream: AsyncStream | None = None) -> None:
        """Record that the caller went away in the middle; what was asked and had come is estimated where it has to."""
        if not self._is_open:
            return
        who: tuple[str | None, str | None] = (None, None) if stream is None else (stream.provider, stream.model)
        had = None if stream is None else self._reckoned(stream.partial, *who)
        if self._pass is not None and (had is None or had.usage is None):
            # the provider reads the question, whoever waits for the answer; the sandbox asks no money for it
            provider, _, model = self._models[0].partition("/")
            usage = Usage({"input": self._pass.measure.least, "output": 0})
            sandboxed = stream is not None and stream.sandboxed
            asked = ChatResponse(provider=provider, model=model, usage=usage, sandboxed=sandboxed)
            had, who = self._priced(asked, provider, model), (provider, model)
        self._end(*who, had, status=499, error="Gone")

    def _reckoned(self, had: Response | None, provider: str | None, model: str | None) -> Response | None:
        """Estimate what an answer has cost where the provider did not come to say it, or does not say.

        What is stated before the end, as some do with the first event, is not all that has come.
        """
        if self._pass is None or not isinstance(had, ChatResponse) or had.sandboxed:
            return had
        stated = had.usage
        if stated is not None and all([choice.finish_reason != "unknown" for choice in had.choices]):
            return had
        size = said(had)
        if stated is None and not size:
            return had
        least = size // MOST_BYTES + 1 if size else 0
        counts = {"input": self._pass.measure.least} if stated is None else dict(stated.counts)
        if stated is not None and (stated.output_tokens or 0) >= least:
            return had
        counts["output"] = least
        return self._priced(replace(had, usage=Usage(counts)), provider, model)

    def _priced(self, had: ChatResponse, provider: str | None, model: str | None) -> ChatResponse:
        """Price an estimate. The answer of the caller is another one, and says nothing of it."""
        usage = had.usage
        assert usage is not None
        try:
            had.cost = self._panel.client.cost(f"{provider}/{model}", usage)
        except JackfieldError:  # the provider's catalog has gone meanwhile
            return had
        had.cost.status = "estimated" if had.cost.total is not None else had.cost.status
        if had.attempts:  # the last one is this answer
            had.attempts = (*had.attempts[:-1], replace(had.attempts[-1], usage=usage, cost=had.cost))
        return had

    def _end(
        self, provider: str | None, model: str | None, response: Response | None,
        *, status: int = 200, error: str | None = None, attempts: tuple[Attempt, ...] | None = None,
    ) -> None:  # fmt: skip
        """Record it; what answered is known better than what was asked for."""
        if not self._is_open:
            return
        self._is_open = False
        self._panel.running -= 1
        asker, asked, panel = self._asker, self._request.model, self._panel
        named, _, bare = asked.partition("/")
        user = asker.user or getattr(self._request, "user", None)
        if attempts is None:
            attempts = () if response is None else response.attempts
        entry = Entry(
            id=self.id,
            at=self._at,
            route=asker.route,
            provider=provider or named,
            model=model or bare or asked,
            status=status,
            key=asker.key,
            project=asker.project,
            user=user and user[:_LONGEST],
            user_agent=asker.user_agent,
            usage=None if response is None else response.usage,
            cost=None if response is None else response.cost,
            attempts=attempts,
            seconds=time.monotonic() - self._began,
            first=None if self.first is None else self.first - self._began,
            sandboxed=response is not None and response.sandboxed,
            error=error,
            content=panel.settings.content,
        )
        if panel.keeps_content:
            entry.asked = _written(self._request)
            entry.answered = None if response is None else _written(response)
        if self._pass is not None and panel.guard is not None:
            panel.guard.leave(self._pass, entry)
        panel.records.record(entry)
        for observer in panel.observers:
            observer(entry)


class Streaming:
    """A stream that is asked for with `begin`. Iterate once over `batches`; `close` it in any case."""

    def __init__(
        self, client: AsyncClient, watch: Watch, request: ChatRequest, fallbacks: Fallback | Sequence[str] | None,
        models: Sequence[str],
    ) -> None:  # fmt: skip
        self._client = client
        self._watch = watch
        self._asked = (request, fallbacks, models)
        self._stream: AsyncStream | None = None
        self._batches: AsyncIterator[list[Delta]] | None = None
        self._first: list[Delta] = []

    @property
    def stream(self) -> AsyncStream:
        """The client's stream, once it has begun."""
        assert self._stream is not None
        return self._stream

    async def begin(self) -> None:
        """Ask, and wait for the first deltas: an error until then is an answer of its own.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        request, fallbacks, models = self._asked
        await self._watch.enter(models)
        try:
            self._stream = stream = self._client.stream(request, fallbacks=fallbacks or None)
            self._batches = stream.batches()
            self._first = await anext(self._batches, self._first)
        except JackfieldError as error:
            self._watch.failed(error)
            raise
        self._watch.first = time.monotonic()

    async def batches(self) -> AsyncIterator[list[Delta]]:
        """Give the deltas as they arrive.

        Raises:
            JackfieldError: see `jackfield.errors` for the tree.
        """
        assert self._batches is not None
        try:
            yield self._first
            async for deltas in self._batches:
                yield deltas
        except JackfieldError as error:
            self._watch.failed(error)
            raise
        self._watch.answered(self.stream.response)

    async def close(self) -> None:
        """End it: where it is not at its end, the provider's connection is closed at once."""
        if self._batches is not None:
            await self._batches.aclose()  # type: ignore[attr-defined]
        if self._stream is not None:
            await self._stream.close()
        self._watch.left(self._stream)


def _written(value: Any) -> str:
    """Write what was said, for the history."""
    if isinstance(value, Request):
        kept = value.model_dump_json(exclude={"serving", "suggested"}, exclude_none=True)
    elif isinstance(value, ChatResponse):
        kept = to_json([choice.message for choice in value.choices], bytes_mode="base64", exclude_none=True).decode()
    else:
        kept = ""
    return kept
