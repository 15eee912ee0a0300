"""Tokens that are bought with a key: one flow for every provider whose `authorize` needs it.

A token is kept until shortly before it ends, by the credential that it was bought with, and never shown.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from datetime import datetime
from typing import Any, Final

from pydantic_core import from_json

from .errors import AuthenticationError, ResponseFormatError, class_for_status, retry_after
from .flows import Close, Read, Send
from .wire import Endpoint, HTTPRequest

#: Seconds before its end from which on a token is not used any more.
_LEEWAY: Final = 60.0
#: Seconds that a token is used where its seller does not say how long it is good.
_UNSAID: Final = 300.0
_REFUSED: Final = frozenset({400, 401, 403})


class Tokens:
    """The tokens of one provider. Safe to share between threads: those that ask at once each buy one."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[str, float]] = {}

    def __repr__(self) -> str:
        return f"<Tokens: {len(self._known)}>"

    def bearer(
        self, http_request: HTTPRequest, endpoint: Endpoint, ask: HTTPRequest, at: datetime, remedy: str
    ) -> Generator[Any, Any, HTTPRequest]:
        """Authorize a request with a token: the one that is kept for the endpoint's key, or one that `ask` buys.

        `remedy` ends the error where the seller refuses. The answer is OAuth's: `access_token` and `expires_in`.

        Raises:
            AuthenticationError: the seller refuses what was given to it.
            ResponseFormatError: its answer holds no token.
            JackfieldError: it was not reached, or failed.
        """
        key = (ask.url, endpoint.credential.id)
        token, end = self._known.get(key, ("", 0.0))
        if end - _LEEWAY <= at.timestamp():
            token, seconds = yield from _bought(ask, at, remedy)
            self._known[key] = (token, at.timestamp() + seconds)
        http_request.headers["authorization"] = f"Bearer {token}"
        http_request.refused = lambda: self._forget(key, token)
        return http_request

    def _forget(self, key: tuple[str, str], token: str) -> None:
        """Forget a token that was called back before its end, unless another has been bought meanwhile."""
        if self._known.get(key, ("", 0.0))[0] == token:
            del self._known[key]


def _bought(ask: HTTPRequest, at: datetime, remedy: str) -> Generator[Any, Any, tuple[str, float]]:
    head = yield Send(ask)
    pieces: list[bytes] = []
    while (chunk := (yield Read())) is not None:
        pieces.append(chunk)
    yield Close()
    try:
        body: Any = from_json(b"".join(pieces))
    except ValueError:
        body = None
    told: Mapping[str, Any] = body if isinstance(body, dict) else {}
    if head.status >= 400:
        kind = AuthenticationError if head.status in _REFUSED else class_for_status(head.status)
        reason = next((str(told[name]) for name in _REASONS if told.get(name)), "it gave no reason")
        wait = retry_after(head.headers, at.timestamp())
        raise kind(f"no token was given for the key: {reason}; {remedy}", status=head.status, retry_after=wait)
    token, seconds = told.get("access_token"), told.get("expires_in")
    if not isinstance(token, str) or not token:
        raise ResponseFormatError("the answer of the token's seller holds no access_token")
    good = isinstance(seconds, int | float | str) and str(seconds).replace(".", "", 1).isdecimal()
    return token, float(seconds) if good and seconds is not None else _UNSAID


#: Where sellers of tokens give their reason: OAuth's names first.
_REASONS: Final = ("error_description", "errorMessage", "error")
