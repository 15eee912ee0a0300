"""Level 1: hooks are pure. They take values and return values, and the same again for the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import Board, ChatRequest, Exchange, JackfieldError, RateLimitError

from ._answers import asked, made, rendered
from ._purity import Impure, sealed
from ._reading import Answer, read
from ._report import Findings, shown
from ._subject import AT, Subject, modules_of, signed
from ._translation import Translation

_ERROR = Answer("an error", b'{"error": {"message": "kit"}}', {"content-type": "application/json"}, 429)


class PurityChecks(Subject):
    """Runs every hook under a seal; what there is to run is a subclass's to say."""

    def _runs(self) -> Iterator[tuple[str, str, Any]]:
        """Yield a hook's name, a scenario, and a call without arguments that runs the hook."""
        raise NotImplementedError

    def test_hooks_touch_nothing(self) -> None:
        """No hook opens a socket, a file or a process, or reads clock, chance or environment."""
        findings = Findings("test_hooks_touch_nothing")
        runs = list(self._runs())
        for _, _, run in runs:
            _outcome(run)  # what is imported on first use is there from now on
        modules = list(modules_of(self.roots()))
        for hook, scenario, run in runs:
            with sealed(modules) as touched:
                _outcome(run)
            for what in dict.fromkeys(touched):
                findings.add(hook, scenario, f"touched {what}")
        findings.check()

    def test_hooks_answer_the_same_twice(self) -> None:
        """Under another clock, other chance and another environment every hook answers the same."""
        findings = Findings("test_hooks_answer_the_same_twice")
        runs = list(self._runs())
        modules = list(modules_of(self.roots()))
        for hook, scenario, run in runs:
            outcomes = []
            for turn in (1, 2):
                with sealed(modules, turn):
                    outcomes.append(_outcome(run))
            if outcomes[0] != outcomes[1]:
                findings.add(hook, scenario, f"answers {shown(outcomes[0])}, then {shown(outcomes[1])}")
        findings.check()


class Purity(PurityChecks, Translation):
    """The hooks of a provider: those of every exchange that the catalog declares."""

    def _runs(self) -> Iterator[tuple[str, str, Any]]:
        board = self.board()
        for scenario, model in self._declared():
            for stream in self._streams(model):
                request = scenario.request(model.id, stream)
                yield "translate_request, authorize", scenario.name, lambda request=request: self._sent(request)
        model = self.model_for()
        speaker = self.boards().dialect(self.spoken())
        for stream in self._streams(model):
            for request, _, answer in made(speaker, model.id, stream):
                if (exchange := self.opened_or_none(request)) is None:
                    continue
                yield "normalize, decode", answer.name, lambda exchange=exchange, answer=answer: _read(exchange, answer)
            exchange = self.opened(ChatRequest(model=model.id, messages="kit", stream=stream or None))
            yield "normalize_error", "status 429", lambda exchange=exchange: _read(exchange, _ERROR)
        yield "price_sheet", "plain", lambda: board.price_sheet(self.name, model.id, {}, AT)

    def _sent(self, request: ChatRequest) -> Any:
        exchange = self.opened(request)
        sent = signed(exchange) or exchange.http_request
        return sent.method, sent.url, dict(sent.headers), sent.body


def _read(exchange: Exchange, answer: Answer) -> Any:
    found = read(exchange, answer)
    if isinstance(found.error, Impure):
        raise found.error
    return found.deltas, None if found.response is None else found.response.to_dict(), str(found.error)


def _outcome(run: Any) -> Any:
    """Return what a call returns, or what it raises, as a value."""
    try:
        return run()
    except (JackfieldError, Impure, pytest.skip.Exception) as error:
        return f"{type(error).__name__}: {error}"


def serving_runs(board: Board, model: str) -> Iterator[tuple[str, str, Any]]:
    """Yield the runs of a dialect's serving side: parse, render and encode."""
    for stream in (False, True):
        for request, response, answer in made(board, model, stream):
            yield (
                "render, encode",
                answer.name,
                lambda response=response, request=request: _written(board, request, response),
            )
    limited = RateLimitError("kit waits", retry_after=7.0)
    yield "render_error", "a limit", lambda: board.render_error(limited).body


def _written(board: Board, request: ChatRequest, response: Any) -> Any:
    heard = asked(board, request, bool(request.stream))
    return None if heard is None else rendered(board, "again", response, heard)
