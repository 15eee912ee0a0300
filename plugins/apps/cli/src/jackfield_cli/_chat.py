"""`jackfield chat`: one question, to one model or to several."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from jackfield import ChatResponse, Client, Message, unroll
from jackfield.exchange import Unsupported

from ._clients import Clients
from ._printer import Printer, write_others
from ._several import Column, Run, print_as_they_finish, print_json
from ._summary import write_summary
from ._terminal import dimmed, is_terminal


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the command line asks: of whom, what, how, and how the answer is to be shown."""

    models: list[str]
    messages: list[Message]
    system: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    as_json: bool = False
    stream: bool = True
    thinking: bool | None = None
    demo: bool = False
    unsupported: Unsupported = "warn"
    timeout: float | None = None


def ask(question: Question) -> int:
    """Ask, show the answer, and return the exit status."""
    warnings.showwarning = _show_warning
    clients = Clients(question.demo, question.unsupported, question.timeout)
    thinking = is_terminal(sys.stderr) if question.thinking is None else question.thinking
    for note in clients.notes(question.models):
        sys.stderr.write(f"{note}\n")
    try:
        if len(question.models) > 1:
            return _ask_several(question, clients, thinking)
        return _ask_one(question, clients.of(question.models[0]), thinking)
    finally:
        clients.close()


def _ask_one(question: Question, client: Client, thinking: bool) -> int:
    began = time.monotonic()
    model = question.models[0]
    if question.as_json:
        response = _whole(question, client, model)
        sys.stdout.write(_indented(response))
    else:
        with Printer(thinking) as printer:
            response = _printed(question, client, model, printer)
        write_others(response)
    write_summary(model, response, time.monotonic() - began)
    return 0


def _printed(question: Question, client: Client, model: str, printer: Printer) -> ChatResponse:
    if not question.stream:
        response = _whole(question, client, model)
        for delta in unroll(response):
            printer.write(delta)
        return response
    with client.stream(model, question.messages, system=question.system, **question.parameters) as stream:
        for delta in stream:
            printer.write(delta)
    return stream.response


def _whole(question: Question, client: Client, model: str) -> ChatResponse:
    return client.chat(model, question.messages, system=question.system, **question.parameters)


def _indented(response: ChatResponse) -> str:
    import json

    return json.dumps(response.to_dict(), indent=2, ensure_ascii=False) + "\n"


def _ask_several(question: Question, clients: Clients, thinking: bool) -> int:
    columns = [Column(model, clients.of(model)) for model in question.models]
    for column in columns:
        column.prepare(question.messages, question.system, question.parameters, question.stream)
    run = Run(columns)
    if question.as_json:
        return print_json(run)
    if question.stream and is_terminal(sys.stdout):
        from ._columns import fits, watch_columns

        if fits(len(columns)):
            return watch_columns(run)
    return print_as_they_finish(run, thinking)


def _show_warning(message: Warning | str, category: type[Warning], *_: object, **__: object) -> None:
    """Say a warning in a line; what was adjusted stands in the summary already."""
    from jackfield import UnsupportedParameterWarning

    if not issubclass(category, UnsupportedParameterWarning):
        sys.stderr.write(dimmed(f"warning: {message}") + "\n")
