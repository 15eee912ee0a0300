"""Level 1: the key goes where the catalog says, and shows nowhere else."""

from __future__ import annotations

import pytest

from jackfield import ChatRequest, HTTPRequest, HTTPResponse
from jackfield.wire import host_of

from ._reading import Answer, read
from ._report import Findings
from ._subject import SECRET, signed
from ._translation import Translation

#: Kinds of proof that carry the key as it is; others sign with it.
_SENT_AS_IT_IS = ("bearer", "header", "query")


class Secrets(Translation):
    """Where the key may stand."""

    def test_key_is_sent_and_stays_secret(self) -> None:
        """The key proves who asks, in a header or the query; it is in no body, no repr and no other address."""
        findings = Findings("test_key_is_sent_and_stays_secret")
        endpoint = self.endpoint()
        if not endpoint.credential.values:
            pytest.skip(f"{self.name} takes no key")
        findings.unless(SECRET not in repr(endpoint), "endpoint", "repr", "shows the key")
        for where, exchange in self._exchanges():
            bare = exchange.http_request
            body = bare.body if isinstance(bare.body, bytes) else b""
            shown = f"{bare.url} {bare.headers}".encode() + body
            findings.unless(SECRET.encode() not in shown, "translate_request", where, "writes the key; authorize does")
            if (sent := signed(exchange)) is None:
                continue
            self._check_sent(findings, where, bare, sent)
        findings.check()

    def _check_sent(self, findings: Findings, where: str, bare: HTTPRequest, sent: HTTPRequest) -> None:
        kind = self.endpoint().credential.kind.partition(":")[0]
        proof = f"{sent.url} {sent.headers}"
        if kind in _SENT_AS_IT_IS:
            findings.unless(SECRET in proof, "authorize", where, "sends no key")
        elif kind != "none":
            findings.unless(sent.headers != bare.headers or sent.url != bare.url, "authorize", where, "proves nothing")
        body = sent.body if isinstance(sent.body, bytes) else b""
        findings.unless(body == bare.body, "authorize", where, "changes the body, which was final")
        findings.unless(SECRET not in repr(sent), "authorize", where, "shows the key in a repr")
        same = host_of(sent.url) == host_of(bare.url)
        findings.unless(same, "authorize", where, f"sends the key to {host_of(sent.url)}")

    def test_errors_keep_the_key_secret(self) -> None:
        """What is said of an error names no key, also where the provider's answer echoes what was sent."""
        findings = Findings("test_errors_keep_the_key_secret")
        model = self.model_for()
        exchange = self.opened(ChatRequest(model=model.id, messages="kit"))
        signed(exchange)
        for status in (400, 401, 403, 500):
            answer = Answer(f"status {status}", b"<html>kit</html>", {"content-type": "text/html"}, status)
            # the exchange hides a key that is repeated, so the hook is asked as well, which must not need that
            raw = HTTPResponse(answer.status, answer.headers, answer.body)
            for error in (exchange.board.normalize_error(exchange.request, raw), read(exchange, answer).error):
                shown = f"{error!r} {error} {vars(error) if error is not None else ''}"
                findings.unless(SECRET not in shown, "normalize_error", answer.name, "names the key")
        findings.check()
