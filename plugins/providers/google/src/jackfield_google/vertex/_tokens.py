"""Tokens of Google's cloud, made by google-auth out of a file of credentials, and used until they expire."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Generator
from typing import Any

from pydantic_core import from_json

from jackfield import AuthenticationError, ConfigurationError, ConnectionFailed, Credential, HTTPRequest
from jackfield.flows import Do

_SCOPES = ["https://www.googleapis.com/auth/cloud-platform"]


class _Tokens:
    """The credentials of each file that was named; they know their token, and when it ends."""

    def __init__(self) -> None:
        self._known: dict[str, Any] = {}
        self._lock = threading.Lock()

    def get(self, path: str) -> str:
        """Return a token that is good for now; this may ask Google for one.

        Raises:
            ConfigurationError: google-auth is not installed, or the file holds no credentials.
            AuthenticationError: Google gives no token for them.
        """
        try:
            import google.auth.exceptions
            import google.auth.transport.requests
        except ImportError:
            raise ConfigurationError(
                "GOOGLE_APPLICATION_CREDENTIALS needs google-auth: pip install jackfield-google[vertex]",
                provider="vertex",
            ) from None
        with self._lock:
            try:
                if (known := self._known.get(path)) is None:
                    known = self._known[path] = _read(path)
                if not known.valid:
                    known.refresh(google.auth.transport.requests.Request())
            except google.auth.exceptions.RefreshError as error:
                raise AuthenticationError(
                    f"Google gives no token for the credentials in GOOGLE_APPLICATION_CREDENTIALS: {error.args[0]}; "
                    "make a new key of the service account, or log in again",
                    provider="vertex",
                ) from None
            except google.auth.exceptions.TransportError as error:
                raise ConnectionFailed(f"Google's token server was not reached: {error}", provider="vertex") from None
            except (google.auth.exceptions.GoogleAuthError, LookupError, TypeError, ValueError, OSError) as error:
                raise ConfigurationError(
                    f"GOOGLE_APPLICATION_CREDENTIALS names no usable credentials: {error}", provider="vertex"
                ) from None
            return str(known.token)

    def forget(self, path: str, token: str) -> None:
        """Forget a token that was called back before its end, unless another has been made meanwhile."""
        with self._lock:
            if (known := self._known.get(path)) is not None and known.token == token:
                del self._known[path]


def _read(path: str) -> Any:
    """Read a file of credentials: of a service account, or of a user, as gcloud leaves it.

    Raises:
        OSError, ValueError, LookupError: it is none of these.
    """
    from google.oauth2 import credentials, service_account

    with open(path, "rb") as file:
        info = from_json(file.read())
    if (kind := info["type"]) == "service_account":
        return service_account.Credentials.from_service_account_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call]
    if kind == "authorized_user":
        return credentials.Credentials.from_authorized_user_info(info, scopes=_SCOPES)  # type: ignore[no-untyped-call]
    raise ValueError(f"{kind} is not read here; give a token as CLOUDSDK_AUTH_ACCESS_TOKEN, or as api_key")


_TOKENS = _Tokens()


def signed(http_request: HTTPRequest, credential: Credential) -> Generator[Any, Any, HTTPRequest]:
    """Add the token of a file of credentials."""
    path = credential.values["file"]
    token = yield Do(lambda: _TOKENS.get(path), lambda: asyncio.to_thread(_TOKENS.get, path))
    http_request.headers["authorization"] = f"Bearer {token}"
    http_request.refused = lambda: _TOKENS.forget(path, token)
    return http_request
