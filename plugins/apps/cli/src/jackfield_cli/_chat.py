"""`jackfield chat`: one question, to one model or to several."""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from jackfield import ChatResponse, Client, Conversation, Message, unroll
from jackfield.errors import InvalidInput
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
    files: list[Path] = field(default_factory=list)
    resume: bool = False
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
    if len(question.models) > 1:
        if question.resume:
            raise InvalidInput("-c goes on with one model; give at most one -m")
        with _opened(question, question.models) as (clients, thinking):
            return _ask_several(question, clients, thinking)
    conversation = _conversation(question)
    model = str(conversation.facts["model"])
    with _opened(question, [model]) as (clients, thinking):
        whole = replace(
            question,
            models=[model],
            messages=[*conversation, *question.messages],
            system=conversation.facts.get("system") or None,
        )
        answer = _ask_one(whole, clients.of(model), thinking)
    if question.resume:
        from ._state import keep

        conversation += [*question.messages, answer]
        keep(conversation)
    return 0


def talk_with(question: Question) -> int:
    """Talk with a model on a terminal, and return the exit status."""
    from ._interactive import talk
    from ._prompt import part_of
    from ._session import Session

    conversation = _conversation(question)
    parts = [part_of(file) for file in question.files]
    with _opened(question, []) as (clients, thinking):
        session = Session(clients, conversation, question.parameters, thinking, parts)
        session.choose(session.model)
        return talk(session)


def _conversation(question: Question) -> Conversation:
    """Return the conversation that a question goes on with: the last one, or a new one."""
    if question.resume:
        from ._state import last_conversation

        conversation = last_conversation()
    else:
        conversation = Conversation()
    if question.models:
        conversation.facts["model"] = question.models[0]
    if question.system is not None:
        conversation.facts["system"] = question.system
    if not conversation.facts.get("model"):
        raise InvalidInput("nobody is asked; give --model PROVIDER/MODEL")
    return conversation


@contextmanager
def _opened(question: Question, models: list[str]) -> Iterator[tuple[Clients, bool]]:
    """Open the clients, say who is answered for, and whether thinking is shown; close them at the end."""
    warnings.showwarning = _show_warning
    clients = Clients(question.demo, question.unsupported, question.timeout)
    try:
        for note in clients.notes(models):
            sys.stderr.write(f"{note}\n")
        yield clients, is_terminal(sys.stderr) if question.thinking is None else question.thinking
    finally:
        clients.close()


def _ask_one(question: Question, client: Client, thinking: bool) -> Message:
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
    return response.message


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
