"""Level 2: what an answer says goes back in the next turn, and what only its endpoint knows goes back there alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from jackfield import ChatRequest, ChatResponse, Exchange, InvalidInput, Message, Text, ToolResult

from ._answer_checks import Answers
from ._reading import read
from ._report import Findings, shown
from ._scenarios import Wire, paths
from ._subject import ELSEWHERE

#: Opaque texts are long; shorter ones are names and words that may stand anywhere.
_OPAQUE = 24
_RESULT = "kit found the result number {}"


class States(Answers):
    """The next turn."""

    def test_answers_go_back(self) -> None:
        """An answer and the results of its calls are a conversation that can be asked on."""
        findings = Findings("test_answers_go_back")
        for name, response in self._responses():
            try:
                wire = Wire.of(self._next(response).http_request)
            except InvalidInput as error:
                findings.add("translate_request", name, f"refuses its own answer: {error}")
                continue
            message = response.message
            for part in message.parts:
                if isinstance(part, Text) and part.text.strip():
                    findings.unless(wire.carries(part.text), "translate_request", name, f"lost {shown(part.text)}")
            for number, call in enumerate(message.tool_calls):
                findings.unless(wire.carries(call.name), "translate_request", name, f"lost the call of {call.name}")
                is_there = wire.carries(_RESULT.format(number))
                findings.unless(is_there, "translate_request", name, f"lost the result of {call.name}")
        findings.check()

    def test_state_returns_home_only(self) -> None:
        """Opaque state of an answer goes back to the endpoint that gave it, byte for byte, and to no other."""
        findings = Findings("test_state_returns_home_only")
        seen = 0
        for name, response in self._responses():
            for part in response.message.parts:
                if part.provider_state is None:
                    continue
                texts = [value for _, value in paths(part.provider_state.data) if isinstance(value, str)]
                opaque = [text for text in texts if len(text) >= _OPAQUE]
                seen += len(opaque)
                for text in opaque:
                    home = Wire.of(self._next(response).http_request)
                    findings.unless(home.carries(text), "translate_request", name, f"lost the state {shown(text)}")
                    try:
                        away = Wire.of(self._next(response, ELSEWHERE).http_request)
                    except InvalidInput:
                        continue
                    findings.unless(
                        not away.carries(text), "translate_request", name, f"sends {shown(text)} to another endpoint"
                    )
        if not seen:
            pytest.skip("no answer holds opaque state")
        findings.check()

    def _responses(self) -> Iterator[tuple[str, ChatResponse]]:
        for exchange, answer in self._good():
            found = read(exchange, answer)
            if found.error is None and found.response is not None and found.response.message.parts:
                yield answer.name, found.response

    def _next(self, response: ChatResponse, origin: str | None = None) -> Exchange:
        calls = response.message.tool_calls
        results = tuple(
            ToolResult(call_id=call.id, name=call.name, parts=_RESULT.format(number))
            for number, call in enumerate(calls)
        )
        messages = [Message(role="user", parts="kit asks"), response.message]
        messages.append(Message(role="tool", parts=results) if results else Message(role="user", parts="kit goes on"))
        return self.opened(ChatRequest(model=self.model_for().id, messages=tuple(messages)), origin)
