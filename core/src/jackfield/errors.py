"""Every error that escapes from Jackfield.

* JackfieldError
  + ConfigurationError           what is installed or set up is wrong
    - UnknownProvider, UnknownDialect
    - MissingCredential
    - PluginError                 a plugin broke its contract; names the distribution
  + InvalidInput (ValueError)    refused before anything is sent
    - UnsupportedFeature          the model cannot do what is asked
    - UnsupportedOperation        the provider has no such operation
  + TransportError               the network
    - ConnectionFailed
    - RequestTimeout
  + Abandoned                    the caller left before the end; observers alone are told
  + InvalidAnswer                the answer is not of the form that was asked for; `.response` is it
  + TooManyTurns                 a model calls tools without end; `.run` is what was said so far
  + StreamInterrupted            a stream ended before its end; `.response` holds what had arrived
  + ProviderError                the provider said no
    - AuthenticationError, PermissionDenied, BillingError
    - RateLimitError, OverloadedError, NotReadyError, ServerError
    - ModelNotFoundError, ContextLengthError, RequestTooLargeError, ContentFilterError
    - UnsupportedParameterError, InvalidRequestError
    - ResponseFormatError         an answer that cannot be read
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any


class JackfieldError(Exception):
    """The root of the tree. Every attribute may be None where nothing is known.

    `response` is what had arrived, `attempts` what was tried; `deltas` are a decoder's last ones, before the error.
    Where several turns had been asked for, `turns` are the answers so far, and `run` is the run.
    """

    retryable: bool = False

    def __init__(
        self,
        message: str,
        *,
        provider: str | None = None,
        model: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
        retry_after: float | None = None,
        body: bytes | None = None,
        code: str | None = None,
        param: str | None = None,
        retryable: bool | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.provider = provider
        self.model = model
        self.status = status
        self.request_id = request_id
        self.retry_after = retry_after
        self.body = body
        self.code = code
        self.param = param
        self.response: Any = None
        self.deltas: list[Any] = []
        self.attempts: tuple[Any, ...] = ()
        self.turns: tuple[Any, ...] = ()
        self.run: Any = None
        if retryable is not None:
            self.retryable = retryable

    def __str__(self) -> str:
        who = "/".join(name for name in (self.provider, self.model) if name)
        facts = [f"status {self.status}"] if self.status is not None else []
        if self.request_id:
            facts.append(f"request {self.request_id}")
        text = f"{who}: {self.message}" if who else self.message
        return f"{text} ({', '.join(facts)})" if facts else text


class ConfigurationError(JackfieldError):
    """What is installed or set up is wrong.

    Remedy: do what the message says; `jackfield doctor` names what is broken.
    """


class UnknownProvider(ConfigurationError):
    """No installed plugin and no configuration has this provider. Remedy: install its package, or correct the name."""


class UnknownDialect(ConfigurationError):
    """No installed plugin speaks this dialect. Remedy: install the package of the dialect, or correct the name."""


class MissingCredential(ConfigurationError):
    """The provider needs a key that is not set; the message names the variable.

    Remedy: set it, or give `api_key` to the client.
    """


class PluginError(ConfigurationError):
    """A plugin broke its contract. Remedy: upgrade the plugin or the core, or leave the plugin out; tell its author."""


class InvalidInput(JackfieldError, ValueError):
    """The request is wrong in itself; nothing was sent. Remedy: correct what the message names."""


class UnsupportedFeature(InvalidInput):
    """The model cannot do what is asked; nothing was sent. Remedy: ask another model, or leave it out."""


class UnsupportedOperation(InvalidInput):
    """The provider has no such operation; nothing was sent. Remedy: ask another provider."""


class TransportError(JackfieldError):
    """The network failed. Remedy: try again; the client has done so already."""

    retryable = True


class ConnectionFailed(TransportError):
    """No connection, or it broke before an answer came. Remedy: check the base URL, the proxy and the network."""


class RequestTimeout(TransportError):
    """A time limit passed, here or at the provider. Remedy: give more time with `timeout`, or stream."""


class Abandoned(JackfieldError):
    """The caller left before the answer's end; `.response` is what had come.

    Remedy: none is needed; it is told to observers alone.
    """


class InvalidAnswer(JackfieldError):
    """The answer is not of the form that was asked for; `.response` is it, `.turns` are those before it too.

    Remedy: give `repair=1`, a model that takes a schema, or more `max_tokens` where the finish reason is `length`.
    """


class TooManyTurns(JackfieldError):
    """A model still calls tools after `max_turns` answers; `.run.messages` is the conversation so far.

    Remedy: give more `max_turns` or a stop condition, or look at what the tools tell the model.
    """


class StreamInterrupted(JackfieldError):
    """A stream ended before its end; `.response` is what had arrived. Remedy: ask again, or go on from what came."""


class ProviderError(JackfieldError):
    """The provider answered with an error. Remedy: read `.code` and `.body`, which are the provider's own."""


class AuthenticationError(ProviderError):
    """The key is wrong. Remedy: set the right one; `jackfield providers` names the variable."""


class PermissionDenied(ProviderError):
    """The key may not do this. Remedy: ask the provider for access to the model, or use another key."""


class BillingError(ProviderError):
    """Quota, credit or a spending limit is used up; waiting does not help. Remedy: pay, or raise the limit."""


class RateLimitError(ProviderError):
    """Too many requests or tokens for now. Remedy: wait `.retry_after` seconds, or send less at once."""

    retryable = True


class OverloadedError(ProviderError):
    """The provider has no capacity for now. Remedy: wait, or ask another provider."""

    retryable = True


class NotReadyError(ProviderError):
    """The model is being loaded. Remedy: wait `.retry_after` seconds."""

    retryable = True


class ServerError(ProviderError):
    """The provider broke. Remedy: try again, or ask another provider."""

    retryable = True


class ModelNotFoundError(ProviderError):
    """The provider does not know the model, or not for this key.

    Remedy: correct the name; the message has near ones.
    """


class ContextLengthError(ProviderError):
    """The conversation is longer than the model can take. Remedy: shorten it, or ask a model with a larger context."""


class RequestTooLargeError(ProviderError):
    """The request's body is too large. Remedy: send less, or files by their address."""


class ContentFilterError(ProviderError):
    """The provider refuses the content. Remedy: change the content; do not send it elsewhere unread."""


class UnsupportedParameterError(ProviderError):
    """The model does not take a parameter, or not this value; `.param` names it. Remedy: leave it out, or change it."""


class InvalidRequestError(ProviderError):
    """The provider cannot read the request.

    Remedy: correct what the message names; if you wrote nothing special, tell the plugin's author.
    """


class ResponseFormatError(ProviderError):
    """The provider's answer cannot be read. Remedy: try again; if it stays, tell the plugin's author, with `.body`."""


_BY_STATUS: Mapping[int, type[JackfieldError]] = {
    401: AuthenticationError, 402: BillingError, 403: PermissionDenied, 404: ModelNotFoundError, 408: RequestTimeout,
    413: RequestTooLargeError, 429: RateLimitError, 503: OverloadedError, 504: RequestTimeout, 529: OverloadedError,
}  # fmt: skip


def class_for_status(status: int) -> type[JackfieldError]:
    """Return the class that an HTTP status alone decides."""
    if found := _BY_STATUS.get(status):
        return found
    return ServerError if status >= 500 else InvalidRequestError


#: The status of every class that a caller may meet; any other that a provider or a check gives is a wrong request.
_RENDERED: tuple[tuple[type[JackfieldError], int], ...] = (
    (AuthenticationError, 401),
    (MissingCredential, 401),
    (PermissionDenied, 403),
    (BillingError, 402),
    (RateLimitError, 429),
    (OverloadedError, 503),
    (NotReadyError, 503),
    (ModelNotFoundError, 404),
    (UnknownProvider, 404),
    (RequestTooLargeError, 413),
    (RequestTimeout, 504),
    (ConnectionFailed, 502),
    (ServerError, 500),
    (ResponseFormatError, 502),
    (ProviderError, 400),
    (InvalidInput, 400),
)


def status_of(error: JackfieldError) -> int:
    """Return the status that says an error."""
    if error.status is not None and 400 <= error.status <= 599:
        return error.status
    return next((status for cls, status in _RENDERED if isinstance(error, cls)), 500)


class UnsupportedParameterWarning(UserWarning):
    """A parameter was changed or dropped because the model does not take it."""


_GO_DURATION = re.compile(
    r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d*)?|\.\d+)s)?(?:(\d+(?:\.\d*)?|\.\d+)ms)?", re.ASCII
)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Read how many seconds a provider asks us to wait; `now` is a POSIX time for dates.

    Looks at `retry-after-ms`, `retry-after` (seconds or an HTTP date), then at the usual reset headers of what is
    used up.
    """
    for name, scale in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (text := headers.get(name)) is not None:
            try:
                seconds = float(text) * scale
                if math.isfinite(seconds):
                    return max(0.0, seconds)
                continue
            except ValueError:
                pass
            try:
                return max(0.0, parsedate_to_datetime(text).timestamp() - now)
            except (ValueError, OverflowError):
                continue
    waits = [
        wait
        for name in ("requests", "tokens")
        if headers.get(f"x-ratelimit-remaining-{name}") == "0"
        and (wait := _duration(headers.get(f"x-ratelimit-reset-{name}", ""))) is not None
    ]
    return max(waits, default=None)


def _duration(text: str) -> float | None:
    """Read a duration such as `1m2.5s` or `120ms`, in seconds."""
    found = _GO_DURATION.fullmatch(text.strip()) if text else None
    if found is None or not any(found.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(group or 0) for group in found.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
