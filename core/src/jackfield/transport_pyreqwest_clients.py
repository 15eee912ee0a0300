"""The clients behind the transports over pyreqwest, and what its errors are called.

Time limits belong to a client there, not to a request: so there is a client for each pair of limits, of two digits.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pyreqwest import exceptions
from pyreqwest.proxy import ProxyBuilder

from . import transport_errors as errors
from .errors import JackfieldError
from .proxies import Proxies
from .transport import USER_AGENT
from .transport_settings import TransportSettings, read_pem, tls_context

if TYPE_CHECKING:
    from .flows import Timeout

#: Clients that are kept at once; one that is dropped goes on until its last answer has been read.
_MOST = 32
_Key = tuple[str | None, float | None, float | None]


class Clients:
    """The clients of a transport, by proxy and time limits."""

    def __init__(self, builder: Any, settings: TransportSettings, environ: Mapping[str, str]) -> None:
        self._builder, self._settings = builder, settings
        tls_context(settings, environ)  # says what is wrong with the files, for the library does not
        trusted = settings.trusted(environ)
        self._authorities = [] if trusted is None else _certificates(read_pem("ca_bundle", trusted))
        self._identity = b""
        for name, path in (("certificate", settings.certificate), ("certificate_key", settings.certificate_key)):
            if path is not None:
                self._identity += read_pem(name, path)
        self._proxies = Proxies(settings.proxy, settings.no_proxy, environ)
        self._lock = threading.Lock()
        self._opened: OrderedDict[_Key, Any] = OrderedDict()

    def route(self, url: str, timeout: Timeout) -> Any:
        """Return the client for a URL and time limits."""
        waits = (timeout.first, timeout.between)
        read = None if None in waits else max(wait for wait in waits if wait is not None)
        key = (self._proxies.route(url), _rounded(timeout.connect), _rounded(read))
        with self._lock:
            if (found := self._opened.get(key)) is None:
                found = self._opened[key] = self._build(*key)
                if len(self._opened) > _MOST:
                    self._opened.popitem(last=False)
            else:
                self._opened.move_to_end(key)
        return found

    def _build(self, proxy: str | None, connect: float | None, read: float | None) -> Any:
        settings = self._settings
        builder = self._builder().follow_redirects(False).referer(False).user_agent(USER_AGENT).http2(settings.http2)
        builder = builder.no_proxy() if proxy is None else builder.proxy(ProxyBuilder.all(proxy))
        builder = builder.pool_max_idle_per_host(settings.max_idle)
        builder = builder.pool_idle_timeout(timedelta(seconds=settings.idle_seconds))
        if connect is not None:
            builder = builder.connect_timeout(timedelta(seconds=connect))
        if read is not None:
            builder = builder.read_timeout(timedelta(seconds=read))
        for authority in self._authorities:
            builder = builder.add_root_certificate_pem(authority)
        if self._identity:
            builder = builder.identity_pem(self._identity)
        return builder.build()

    def drain(self) -> list[Any]:
        """Forget the clients, and return them."""
        with self._lock:
            found = list(self._opened.values())
            self._opened.clear()
        return found


def _certificates(bundle: bytes) -> list[bytes]:
    """Split a bundle: the library takes one certificate at a time."""
    end = b"-----END CERTIFICATE-----"
    return [part[part.index(b"-----BEGIN") :] + end + b"\n" for part in bundle.split(end) if b"-----BEGIN" in part]


def _rounded(seconds: float | None) -> float | None:
    """Round a limit up to two digits, so that limits which shrink with every attempt share a few clients."""
    if seconds is None or seconds <= 0:
        return seconds if seconds is None else 0.001
    step = 10.0 ** (math.floor(math.log10(seconds)) - 1)
    return round(math.ceil(round(seconds / step, 6)) * step, 9)


def named(error: BaseException) -> BaseException:
    """Turn the library's error into ours; what is not a network error goes through."""
    if isinstance(error, JackfieldError):
        return error
    if isinstance(error, exceptions.RequestTimeoutError | TimeoutError):
        return errors.late("nothing came")
    causes = _causes(error)
    last = causes[-1] if causes else ""
    if "invalid peer certificate" in last:
        return errors.untrusted(last)
    if "error reading a body from connection" in causes:
        return errors.failed(last)
    if isinstance(error, exceptions.DecodeError) or type(error) is exceptions.RequestError:
        whole = any("client error" in cause for cause in causes)
        return errors.failed(f"the answer is no HTTP: {last}") if whole else errors.undecodable(last)
    if isinstance(error, exceptions.BuilderError):
        return errors.wrong_url()
    if isinstance(error, exceptions.PyreqwestError):
        return errors.failed(last or error.message)
    if isinstance(error, ValueError):
        return errors.illegal_request()  # a line break in a header
    return error


def _causes(error: BaseException) -> list[str]:
    """Return what lies beneath an error, the deepest last; what names the URL is left out."""
    details = getattr(error, "details", None) or {}
    return [cause["message"] for cause in details.get("causes") or () if " for url (" not in cause["message"]]
