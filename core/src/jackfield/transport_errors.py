"""What the network's failures are called, whichever HTTP library met them.

A library's own words may hold the URL with its query, and a key in it: what is repeated of them is cut down.
"""

from __future__ import annotations

import os
import re
import socket
import ssl
from collections.abc import Iterator

from .errors import ConfigurationError, ConnectionFailed, RequestTimeout, ResponseFormatError

_URL = re.compile(r"([a-z][a-z0-9+.-]*://)(?:[^\s/@]*@)?([^\s/?#'\")]*)[^\s'\")]*", re.IGNORECASE)
_LONGEST = 200
_UNTRUSTED = "the server's certificate is not trusted"


def failed(reason: str) -> ConnectionFailed:
    """Make the error of a connection that cannot be made, or broke."""
    return ConnectionFailed(f"no connection: {shown(reason)}")


def untrusted(reason: str) -> ConnectionFailed:
    """Make the error of a server whose certificate is not trusted; trying again would not help."""
    message = f"{_UNTRUSTED}: {shown(reason)}; give TransportSettings(ca_bundle=...) where its authority is your own"
    return ConnectionFailed(message, retryable=False)


def late(what: str) -> RequestTimeout:
    """Make the error of a time limit that passed."""
    return RequestTimeout(f"no answer in time: {shown(what)}")


def undecodable(reason: str) -> ResponseFormatError:
    """Make the error of a body that is not in the coding that its head promises."""
    return ResponseFormatError(f"the body's content coding is broken: {shown(reason)}")


def wrong_url() -> ConfigurationError:
    """Make the error of a URL that no request can be sent to."""
    return ConfigurationError("the base URL is wrong: it is written https://host/path")


def illegal_request() -> ConfigurationError:
    """Make the error of a request that HTTP cannot carry, without showing the header."""
    return ConfigurationError("the request is no legal HTTP; look at the headers that a plugin gave it")


def broken(error: BaseException, otherwise: str) -> ConnectionFailed:
    """Make the error of a failed connection out of what lies beneath the library's own."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError) and (said := getattr(cause, "verify_message", "")):
            return untrusted(said)
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return failed(f"TLS: {cause.reason or cause}")
        if isinstance(cause, socket.gaierror):
            return failed("the host's name is not known")
        if isinstance(cause, OSError) and cause.errno:
            return failed(os.strerror(cause.errno))
    return failed(otherwise)


def shown(text: str) -> str:
    """Return a text without what stands in its URLs beside the host."""
    return _URL.sub(r"\1\2", text)[:_LONGEST]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        for name in ("os_error", "certificate_error"):
            if isinstance(held := getattr(error, name, None), BaseException):
                yield held
        error = error.__cause__ or error.__context__
