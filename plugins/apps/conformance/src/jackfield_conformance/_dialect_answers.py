"""What a dialect's serving side writes is read by the dialect itself as it was meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from jackfield import (
    ArgumentsDelta,
    AuthenticationError,
    Board,
    ChatRequest,
    ChatResponse,
    Delta,
    Exchange,
    Finished,
    HTTPResponse,
    InvalidRequestError,
    JackfieldError,
    ModelNotFoundError,
    PartEnded,
    PartStarted,
    PermissionDenied,
    ProviderError,
    RateLimitError,
    ServerError,
    Started,
    StreamInterrupted,
    TextDelta,
    ToolCall,
    UnsupportedFeature,
    Usage,
    UsageDelta,
)
from jackfield.messages import Text

from ._answer_checks import _spoken
from ._answers import ANSWERS, asked, finely, nowhere, rendered
from ._reading import Answer, Reading, broken_order, cut, described, read
from ._report import Findings, unlike
from ._subject import AT, Subject, registered

MODEL = "kit-model"
_ERRORS: tuple[type[ProviderError], ...] = (
    InvalidRequestError, AuthenticationError, PermissionDenied, ModelNotFoundError, RateLimitError, ServerError,
)  # fmt: skip


class DialectAnswers(Subject):
    """Whole answers, streams and errors, written and read."""

    kind = "dialect"

    @classmethod
    def board(cls) -> Board:
        """Return the dialect's own board; skips the test where it does not open."""
        with registered():
            return cls.boards().dialect(cls.name)

    @classmethod
    def served(cls) -> Board:
        """Return the board where the dialect has a serving side; skips the test where it has none."""
        if asked(cls.board(), ChatRequest(model=MODEL, messages="kit"), False) is None:
            pytest.skip(f"{cls.name} has no serving side")
        return cls.board()

    def reading(self, request: ChatRequest, answer: Answer, pieces: Any = None) -> Reading:
        """Read an answer on the dialect's own board."""
        return read(Exchange(self.board(), request, nowhere(self.name), AT, "pass"), answer, pieces)

    def _written(self, stream: bool) -> Iterator[tuple[str, ChatRequest, ChatResponse, Answer]]:
        """Yield the kit's answers as the dialect writes them."""
        board = self.served()
        for name, response, more in ANSWERS:
            try:
                heard = asked(board, ChatRequest(model=MODEL, messages="kit asks", **more), stream)
            except UnsupportedFeature:
                continue
            assert heard is not None
            if (answer := rendered(board, name, response, heard)) is not None:
                yield name, heard, response, answer

    def test_answers_are_read_as_written(self) -> None:
        """A rendered answer is read with every text, call, reason and the usage; so is a stream."""
        findings = Findings("test_answers_are_read_as_written")
        for stream in (False, True):
            hook = "stream_encoder" if stream else "render_response"
            for name, request, response, answer in self._written(stream):
                found = self.reading(request, answer)
                if found.error is not None or found.response is None:
                    findings.add(hook, name, found.outcome)
                    continue
                for row in unlike(_spoken(found.response), _spoken(response)):
                    findings.add(hook, name, row)
                for row in unlike(_tokens(found.response.usage), _tokens(response.usage)):
                    findings.add(hook, name, f"usage: {row}")
                for row in broken_order(found.deltas):
                    findings.add(hook, name, row)
        findings.check()

    def test_stream_equals_whole(self) -> None:
        """The same answer, written as a stream and whole, is read as the same: ids of calls too."""
        findings = Findings("test_stream_equals_whole")
        whole = {name: self.reading(request, answer) for name, request, _, answer in self._written(False)}
        for name, request, _, answer in self._written(True):
            one, other = whole.get(name), self.reading(request, answer)
            if one is None or one.response is None or other.response is None:
                continue
            for row in unlike(described(other.response), described(one.response)):
                findings.add("stream_encoder", name, row)
        findings.check()

    def test_call_ids_follow_from_the_answer(self) -> None:
        """Ids of calls are there, differ within an answer, and are the same whenever it is read again."""
        findings = Findings("test_call_ids_follow_from_the_answer")
        for stream in (False, True):
            for name, request, _, answer in self._written(stream):
                ids = [self._ids(request, answer) for _ in range(2)]
                findings.unless(ids[0] == ids[1], "normalize", name, f"ids are {ids[0]}, then {ids[1]}")
                findings.unless(all(ids[0]), "normalize", name, f"a call has no id: {ids[0]}")
                findings.unless(len(set(ids[0])) == len(ids[0]), "normalize", name, f"two calls share an id: {ids[0]}")
        findings.check()

    def _ids(self, request: ChatRequest, answer: Answer) -> list[str | None]:
        response = self.reading(request, answer).response
        return [] if response is None else [call.id for call in response.tool_calls]

    def test_encoders_take_deltas_as_they_come(self) -> None:
        """Calls that overlap, usage before or behind the end, and signs of life change nothing of what is said."""
        findings = Findings("test_encoders_take_deltas_as_they_come")
        board = self.served()
        heard = asked(board, ChatRequest(model=MODEL, messages="kit asks"), True)
        assert heard is not None
        for name, deltas in _ORDERS:
            encoder = board.stream_encoder(heard, AT)
            body = b"".join(encoder.keep_alive() + encoder.encode(delta) for delta in deltas) + encoder.close()
            answer = Answer(name, body, dict(encoder.headers), stream=True)
            found = self.reading(heard, answer, cut(body, 7))
            if found.error is not None or found.response is None:
                findings.add("stream_encoder", name, found.outcome)
                continue
            calls = [(call.name, call.arguments) for call in found.response.tool_calls]
            wanted = [("kit_weather", '{"a":1}'), ("kit_clock", '{"b":2}')]
            findings.unless(calls == wanted, "stream_encoder", name, f"calls are {calls}, not {wanted}")
            findings.unless(
                found.response.text == "kit says", "stream_encoder", name, f"text is {found.response.text!r}"
            )
            for row in unlike(_tokens(found.response.usage), {"input": 3, "output": 4}):
                findings.add("stream_encoder", name, f"usage: {row}")
        findings.check()

    def test_unfinished_streams_are_not_ended(self) -> None:
        """What an encoder has written before it is closed is no whole stream to its reader."""
        findings = Findings("test_unfinished_streams_are_not_ended")
        board = self.served()
        for name, request, response, answer in self._written(True):
            encoder = board.stream_encoder(request, AT)
            body = b"".join(encoder.encode(delta) for delta in finely(response))
            found = self.reading(request, Answer(name, body, answer.headers, stream=True))
            is_cut = isinstance(found.error, StreamInterrupted)
            findings.unless(is_cut, "stream_encoder", name, f"without close() its reader sees {found.outcome}")
        findings.check()

    def test_failed_streams_end_as_errors(self) -> None:
        """A stream that fails is read as an error, with what had been said before."""
        findings = Findings("test_failed_streams_end_as_errors")
        board = self.served()
        for name, request, response, answer in self._written(True):
            encoder = board.stream_encoder(request, AT)
            deltas = [delta for delta in finely(response) if not isinstance(delta, PartEnded | Finished | UsageDelta)]
            body = b"".join(encoder.encode(delta) for delta in deltas)
            body += encoder.fail(ServerError("kit breaks off"))
            found = self.reading(request, Answer(name, body, answer.headers, stream=True))
            is_told = isinstance(found.error, JackfieldError) and "kit breaks off" in found.error.message
            findings.unless(is_told, "stream_encoder", name, f"after fail() its reader sees {found.outcome}")
        findings.check()

    def test_several_choices_are_written_or_refused(self) -> None:
        """Where two answers are asked for, two are written, or the format refuses before anything is sent."""
        findings = Findings("test_several_choices_are_written_or_refused")
        board = self.served()
        _, response, _ = ANSWERS[0]
        second = ANSWERS[1][1].choices[0]
        for stream in (False, True):
            heard = asked(board, ChatRequest(model=MODEL, messages="kit asks"), stream)
            assert heard is not None
            request = heard.model_copy(update={"n": 2})
            if not self._takes(request):
                continue
            both = ChatResponse(
                id=response.id, model=response.model, created=response.created, usage=response.usage,
                choices=(response.choices[0], type(second)(index=1, message=second.message, finish_reason="stop")),
            )  # fmt: skip
            hook = "stream_encoder" if stream else "render_response"
            if (answer := rendered(board, "two choices", both, request)) is None:
                continue
            found = self.reading(request, answer)
            if found.response is None:
                findings.add(hook, "two choices", found.outcome)
                continue
            for row in unlike(_spoken(found.response), _spoken(both)):
                findings.add(hook, "two choices", row)
        findings.check()

    def _takes(self, request: ChatRequest) -> bool:
        try:
            Exchange(self.board(), request, nowhere(self.name), AT)
        except UnsupportedFeature:
            return False
        return True

    def test_errors_are_read_as_rendered(self) -> None:
        """An error that the serving side renders is read as the same class, with its words."""
        findings = Findings("test_errors_are_read_as_rendered")
        board = self.served()
        request = ChatRequest(model=MODEL, messages="kit")
        for cls in _ERRORS:
            answer: HTTPResponse = board.render_error(cls("kit explains why"))
            findings.unless(answer.status >= 400, "render_error", cls.__name__, f"has the status {answer.status}")
            headers = {name.lower(): value for name, value in answer.headers.items()}
            error = self.reading(request, Answer(cls.__name__, answer.body, headers, answer.status)).error
            findings.unless(type(error) is cls, "normalize_error", cls.__name__, f"is read as {type(error).__name__}")
            findings.unless("kit explains why" in str(error), "render_error", cls.__name__, f"says {error}")
        findings.check()


def _tokens(usage: Usage | None) -> dict[str, int | None]:
    return {"input": usage.input_tokens, "output": usage.output_tokens} if usage is not None else {}


def _deltas(*rest: Delta) -> tuple[Delta, ...]:
    first, second = (ToolCall(id=f"call_kit_{name}", name=name) for name in ("kit_weather", "kit_clock"))
    return (
        Started("kit-answer-1", "kit-model", 1_768_478_430),
        PartStarted(0, 0, Text(text="")),
        TextDelta(0, 0, "kit "),
        TextDelta(0, 0, "says"),
        PartEnded(0, 0),
        PartStarted(0, 1, first),
        ArgumentsDelta(0, 1, '{"a":'),
        PartStarted(0, 2, second),
        ArgumentsDelta(0, 2, '{"b":'),
        ArgumentsDelta(0, 1, "1}"),
        ArgumentsDelta(0, 2, "2}"),
        PartEnded(0, 2),
        PartEnded(0, 1),
        *rest,
    )


_USED = UsageDelta({}, None, Usage({"input": 3, "output": 4}))
_ENDED = Finished(0, "tool_calls")
_ORDERS: tuple[tuple[str, tuple[Delta, ...]], ...] = (
    ("usage behind the end", _deltas(_ENDED, _USED)),
    ("usage before the end", _deltas(_USED, _ENDED)),
    ("usage twice", _deltas(UsageDelta({}, None, Usage({"input": 1, "output": 1})), _ENDED, _USED)),
)
