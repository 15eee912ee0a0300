"""Several models at once: a thread for each, and one queue from which the answers are shown."""

from __future__ import annotations

import json
import queue
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from jackfield import ChatResponse, Client, Message, TextDelta, ThinkingDelta, unroll
from jackfield.parsing import chat_request

from ._failures import report, status_of
from ._printer import answer_of
from ._summary import write_summary
from ._terminal import dimmed, harmless


class Column:
    """What one model is asked, and what has come of it so far."""

    def __init__(self, model: str, client: Client) -> None:
        self.model = model
        self.text = ""
        self.thinking = ""
        self.response: ChatResponse | None = None
        self.error: Exception | None = None
        self.seconds = 0.0
        self._client = client

    def prepare(self, messages: list[Message], system: str | None, parameters: Mapping[str, Any], stream: bool) -> None:
        """Make the request, so that a mistake ends the command before anybody is asked.

        Raises:
            JackfieldError: the request is wrong, or the provider cannot be asked.
        """
        self._request = chat_request(self.model, messages, system, parameters, stream)
        self._client.exchange(self._request)

    def run(self, tell: queue.SimpleQueue[Column]) -> None:
        """Ask, keep what comes, and tell each time."""
        began = time.monotonic()
        try:
            if self._request.stream:
                with self._client.stream(self._request) as stream:
                    for delta in stream:
                        self._keep(delta, tell)
                response = stream.response
            else:
                response = self._client.chat(self._request)
                for delta in unroll(response):
                    self._keep(delta, tell)
            self.seconds = time.monotonic() - began
            self.response = response
        except Exception as error:
            self.error = error
        tell.put(self)

    def _keep(self, delta: Any, tell: queue.SimpleQueue[Column]) -> None:
        match delta:
            case TextDelta(choice=0):
                self.text += delta.text
                tell.put(self)
            case ThinkingDelta(choice=0):
                self.thinking += delta.text
                tell.put(self)
            case _:
                pass

    @property
    def ended(self) -> bool:
        """Whether nothing more comes."""
        return self.response is not None or self.error is not None

    @property
    def answer(self) -> str:
        """What was said: the whole answer, or as much of it as came."""
        return answer_of(self.response.message) if self.response is not None else self.text


class Run:
    """The columns of one question, asked at the same time."""

    def __init__(self, columns: list[Column]) -> None:
        self.columns = columns
        self._queue: queue.SimpleQueue[Column] = queue.SimpleQueue()

    def __iter__(self) -> Iterator[Column]:
        """Start, and give the column of every change until all have ended."""
        for column in self.columns:
            threading.Thread(target=column.run, args=(self._queue,), daemon=True).start()
        ended: set[int] = set()
        while len(ended) < len(self.columns):
            column = self._queue.get()
            if column.ended:
                ended.add(id(column))
            yield column

    @property
    def status(self) -> int:
        """The exit status: the worst of all columns."""
        return max(status_of(column.error) if column.error else 0 for column in self.columns)

    def report(self) -> None:
        """Say on standard error what each answer took, or why there is none."""
        for column in self.columns:
            report_column(column)


def report_column(column: Column) -> None:
    """Say on standard error what an answer took, or why there is none."""
    if column.response is not None:
        write_summary(column.model, column.response, column.seconds)
    elif column.error is not None:
        report(column.error, column.model)


def print_as_they_finish(run: Run, thinking: bool) -> int:
    """Print the answers one after the other under a heading each, the quickest first."""
    printed: set[int] = set()
    try:
        for column in run:
            if column.ended and id(column) not in printed:
                printed.add(id(column))
                _print(column, thinking)
    except KeyboardInterrupt:
        for column in run.columns:
            if id(column) not in printed and column.text:
                _print(column, thinking)
        raise
    return run.status


def _print(column: Column, thinking: bool) -> None:
    if thinking and column.thinking:
        sys.stderr.write(dimmed(harmless(column.thinking, sys.stderr)) + "\n")
    if answer := harmless(column.answer, sys.stdout).rstrip("\n"):
        sys.stdout.write(f"## {column.model}\n\n{answer}\n\n")
        sys.stdout.flush()
    report_column(column)


def print_json(run: Run) -> int:
    """Print a JSON array: for each model its answer, or its error, in the order of the command line."""
    for _ in run:
        pass
    rows = [_json(column) for column in run.columns]
    sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    run.report()
    return run.status


def _json(column: Column) -> dict[str, Any]:
    if column.response is not None:
        return column.response.to_dict()
    return {"model": column.model, "error": {"type": type(column.error).__name__, "message": str(column.error)}}
