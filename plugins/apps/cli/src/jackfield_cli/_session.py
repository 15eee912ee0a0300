"""A conversation with a model: what was said, with whom, and what it cost; asked and printed turn by turn."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from jackfield import ChatRequest, ChatResponse, Conversation, Cost, Media, Message, Text
from jackfield.driver import Stream
from jackfield.errors import InvalidInput
from jackfield.totals import total_cost

from ._clients import Clients
from ._printer import Printer, write_others
from ._state import keep
from ._summary import cost_in_words, summary
from ._terminal import dimmed


class Session:
    """One conversation; `parts` are files that go with the next message."""

    def __init__(
        self,
        clients: Clients,
        conversation: Conversation,
        parameters: Mapping[str, Any],
        thinking: bool,
        parts: Sequence[Text | Media] = (),
    ) -> None:
        self.conversation = conversation
        self.parts = list(parts)
        self._clients = clients
        self._parameters = parameters
        self._thinking = thinking
        self._costs: list[Cost | None] = []
        self._unanswered: Message | None = None

    @property
    def model(self) -> str:
        """The model that is asked."""
        return str(self.conversation.facts["model"])

    def choose(self, model: str) -> None:
        """Ask another model from here on.

        Raises:
            JackfieldError: nobody has it, or its provider cannot be asked.
        """
        self._clients.of(model).exchange(ChatRequest(model=model, messages="?"))  # opened, never sent
        for note in self._clients.notes([model]):
            sys.stderr.write(f"{note}\n")
        self.conversation.facts["model"] = model

    def instruct(self, system: str) -> None:
        """Give another system prompt from here on; an empty one is none."""
        self.conversation.facts["system"] = system

    @property
    def cost(self) -> Cost:
        """What was spent since the command began."""
        return total_cost(self._costs)

    def say(self, text: str) -> None:
        """Say something, print the answer, and keep both.

        Raises:
            JackfieldError: no answer came; what was said can be said again by `retry`.
            KeyboardInterrupt: it was stopped; what came of the answer is kept.
        """
        parts, self.parts = [*self.parts, Text(text=text)], []
        self._ask(Message(role="user", parts=tuple(parts)))

    def retry(self) -> None:
        """Ask anew what was asked last; its answer, if one came, is forgotten.

        Raises:
            InvalidInput: nothing was asked yet.
            JackfieldError, KeyboardInterrupt: as `say`.
        """
        question = self._unanswered
        if question is None:
            while self.conversation and self.conversation[-1].role != "user":
                self.conversation.pop()
            if not self.conversation:
                raise InvalidInput("nothing was asked yet")
            question = self.conversation.pop()
        self._ask(question)

    def _ask(self, question: Message) -> None:
        self._unanswered = question
        began = time.monotonic()
        system = self.conversation.facts.get("system") or None
        messages = [*self.conversation, question]
        client = self._clients.of(self.model)
        with client.stream(self.model, messages, system=system, **self._parameters) as stream:
            try:
                with Printer(self._thinking) as printer:
                    for delta in stream:
                        printer.write(delta)
            except KeyboardInterrupt:
                self._stopped(question, stream)
                raise
        response = stream.response
        write_others(response)
        self._keep(question, response.message, response.cost)
        self._write_summary(response, time.monotonic() - began)

    def _stopped(self, question: Message, stream: Stream) -> None:
        """Keep the text of an answer that was stopped; without any, the question is left to be asked again."""
        partial = stream.partial
        if partial is not None and partial.text:
            self._keep(question, Message(role="assistant", parts=partial.text), partial.cost)

    def _keep(self, question: Message, answer: Message, cost: Cost | None) -> None:
        self._unanswered = None
        self._costs.append(cost)
        self.conversation += [question, answer]
        keep(self.conversation)

    def _write_summary(self, response: ChatResponse, seconds: float) -> None:
        sys.stdout.flush()
        so_far = f"; {cost_in_words(self.cost)} so far" if len(self._costs) > 1 else ""
        sys.stderr.write(dimmed(summary(self.model, response, seconds) + so_far) + "\n")
