"""Level 2: every bad answer becomes the right error, with what the caller needs to act on it."""

from __future__ import annotations

import pytest
from pydantic_core import to_json

from jackfield import ChatRequest, Exchange, JackfieldError, PluginError, ProviderError, RequestTimeout
from jackfield.errors import class_for_status

from ._answer_checks import Answers, _sources
from ._answers import asked, finely
from ._reading import Answer, read
from ._report import Findings, shown
from ._subject import AT

_STATUSES = (400, 401, 403, 404, 413, 429, 500, 502, 503, 504, 529)
_HTML = b"<!DOCTYPE html><html><head><title>kit gateway</title></head><body>kit is down</body></html>"
_BODIES = (
    ("an empty body", b"", "text/plain"),
    ("prose", b"kit says no", "text/plain"),
    ("an HTML page", _HTML, "text/html"),
    ("unknown JSON", to_json({"kit": {"detail": ["no"]}}), "application/json"),
    ("a JSON list", b'["kit"]', "application/json"),
    ("broken JSON", b'{"error": {"mess', "application/json"),
    ("odd members", to_json({"error": 7, "message": {"x": 1}, "detail": [1], "type": None}), "application/json"),
    ("null", b"null", "application/json"),
    ("no UTF-8", b"\xff\xfe\x00kit", "application/json"),
)


class Errors(Answers):
    """What becomes of refusals, and of answers that are none."""

    def test_bad_statuses_become_errors(self) -> None:
        """Each status, with any body, is the error of its class; status, body and provider are on it."""
        findings = Findings("test_bad_statuses_become_errors")
        for stream in (False, True):
            exchange = self._plain(stream)
            for status in _STATUSES:
                for name, body, kind in _BODIES:
                    where = f"{status} with {name}{' for a stream' if stream else ''}"
                    error = read(exchange, Answer(where, body, {"content-type": kind}, status)).error
                    self._check_error(findings, where, error, status, body)
        findings.check()

    def _check_error(
        self, findings: Findings, where: str, error: BaseException | None, status: int, body: bytes
    ) -> None:
        hook = "normalize_error"
        if not isinstance(error, ProviderError | RequestTimeout):
            findings.add(hook, where, f"is {type(error).__name__}: {error}"[:200])
            return
        wanted = class_for_status(status)
        findings.unless(isinstance(error, wanted), hook, where, f"is {type(error).__name__}, not {wanted.__name__}")
        same = error.retryable == wanted.retryable
        findings.unless(same, hook, where, f"is {'' if error.retryable else 'not '}to be tried again")
        findings.unless(error.status == status, hook, where, f"has the status {error.status}")
        findings.unless(error.provider == self.name, hook, where, f"names the provider {error.provider!r}")
        findings.unless(error.body == body, hook, where, "has lost the body")
        findings.unless(error.message, hook, where, "says nothing")

    def test_wait_is_read(self) -> None:
        """How long to wait stands on the error, where the answer says so in seconds."""
        findings = Findings("test_wait_is_read")
        for status in (429, 503):
            headers = {"content-type": "application/json", "retry-after": "7"}
            error = read(self._plain(False), Answer("wait", b'{"error": {"message": "kit"}}', headers, status)).error
            wait = getattr(error, "retry_after", None)
            findings.unless(wait == 7.0, "normalize_error", f"status {status}", f"retry_after is {wait!r}, not 7.0")
        findings.check()

    def test_unreadable_answers_are_errors(self) -> None:
        """A good status with a body that is no answer is a `ProviderError`, never an empty answer or a crash."""
        findings = Findings("test_unreadable_answers_are_errors")
        exchange = self._plain(False)
        for name, body, kind in _BODIES:
            if name in ("odd members", "unknown JSON"):
                continue  # a provider may well have such an answer
            found = read(exchange, Answer(name, body, {"content-type": kind}))
            self._check_unreadable(findings, "normalize_response", name, found.error)
        if self._streams(self.model_for())[-1]:
            exchange = self._plain(True)
            for name, body, kind in _BODIES[1:3]:
                found = read(exchange, Answer(name, body, {"content-type": kind}, stream=True))
                self._check_unreadable(findings, "stream_decoder", f"{name} for a stream", found.error)
        findings.check()

    def _check_unreadable(self, findings: Findings, hook: str, where: str, error: BaseException | None) -> None:
        if isinstance(error, PluginError) or not isinstance(error, JackfieldError):
            told = "passes as an answer" if error is None else f"is {type(error).__name__}: {error}"[:300]
            findings.add(hook, where, f"{told}; raise ResponseFormatError")

    def test_errors_in_streams_are_errors(self) -> None:
        """An error that the dialect's serving side writes into a stream is read as an error, after what came before."""
        findings = Findings("test_errors_in_streams_are_errors")
        speaker = self.boards().dialect(self.spoken())
        if not (rows := _sources(type(self))):
            pytest.skip(f"{self.spoken()} has no serving side that writes such a stream")
        for exchange, answer, response in rows:
            if not answer.stream or answer.name != "text":
                continue
            heard = asked(speaker, exchange.request, True)  # type: ignore[arg-type]
            assert heard is not None
            encoder = speaker.stream_encoder(heard, AT)
            said = [delta for delta in finely(response) if type(delta).__name__ in _BEGINNING][:4]
            body = b"".join(encoder.encode(delta) for delta in said)
            body += encoder.fail(ProviderError("kit breaks off", status=500))
            found = read(exchange, Answer("an error in a stream", body, dict(encoder.headers), stream=True))
            is_told = isinstance(found.error, JackfieldError) and "kit breaks off" in found.error.message
            findings.unless(is_told, "stream_decoder", "an error in a stream", f"is {found.outcome}")
            texts = "".join(getattr(delta, "text", "") for delta in found.deltas)
            kept = texts or not body.partition(b"kit a")[1]
            findings.unless(kept, "stream_decoder", "an error in a stream", f"what came before is lost: {shown(texts)}")
        findings.check()

    def _plain(self, stream: bool) -> Exchange:
        return self.opened(ChatRequest(model=self.model_for().id, messages="kit", stream=stream or None))


_BEGINNING = frozenset({"Started", "PartStarted", "TextDelta"})
