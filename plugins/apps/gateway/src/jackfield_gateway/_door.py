"""Who may come in: callers with the gateway's key, or where there is none programs on this machine, but no web page."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping

from jackfield import AuthenticationError, Boards, InvalidRequestError, JackfieldError, PermissionDenied
from jackfield.wire import is_sendable

#: Before the name of a provider: a caller's own key of it.
_OWN = "x-jackfield-key-"
_LOCAL = ("127.0.0.1", "localhost", "[::1]")


class Door:
    """Checks a request before its body is read; `port` is the one that the server listens on.

    `allows` says of an origin whether its pages may call without a key.
    """

    def __init__(self, key: str | None, port: int, allows: Callable[[str], bool] = lambda origin: False) -> None:
        self._allows = allows
        self._key = key.encode() if key else None
        self._hosts = frozenset(f"{host}:{port}" for host in _LOCAL)
        self._origins = frozenset(f"http://{host}" for host in self._hosts)

    def refusal(self, method: str, headers: Mapping[str, str], key_header: str) -> JackfieldError | None:
        """Return why a request may not come in, or None."""
        if self._key is not None:
            if hmac.compare_digest(given_key(headers, key_header).encode(), self._key):
                return None
            return AuthenticationError(f"the gateway's key is missing or wrong; send it in {key_header}", status=401)
        if (host := headers.get("host", "").lower()) not in self._hosts:
            return PermissionDenied(
                f"the host {host[:100]!r} is not this machine; without a gateway key only programs here may call",
                status=403,
            )
        if (
            (origin := headers.get("origin")) is not None
            and origin.lower() not in self._origins
            and not self._allows(origin)
        ):
            what = f"the origin {origin[:100]!r} is foreign; a web page may call only with a gateway key"
            return PermissionDenied(what, status=403)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method not in ("GET", "HEAD") and kind != "application/json":
            what = f"the content type is {kind[:60]!r}; without a gateway key it has to be application/json"
            return InvalidRequestError(what, status=415)
        return None


def given_key(headers: Mapping[str, str], key_header: str) -> str:
    """Return the key that a caller sends, in the header of its dialect or as a bearer."""
    given = headers.get(key_header) or headers.get("authorization", "")
    return given.removeprefix("Bearer ").strip()


def own_keys(headers: Mapping[str, str], boards: Boards) -> Mapping[str, str]:
    """Return the keys of providers that a caller sends along, by provider.

    Raises:
        InvalidRequestError: there is no such provider, or the key is none.
    """
    found: dict[str, str] = {}
    for name, value in headers.items():
        if name.startswith(_OWN):
            provider = name.removeprefix(_OWN)
            if provider not in boards.providers():
                raise InvalidRequestError(f"{name[:100]}: there is no such provider", status=400, param=name[:100])
            if not value.strip() or not is_sendable(value):
                raise InvalidRequestError(f"{name}: it holds no key", status=400, param=name)
            found[provider] = value.strip()
    return found
