"""Tokens of a credential: any object with `get_token(scope)`, as those of azure-identity are, sync or async.

Such objects keep their tokens and renew them; azure-identity is imported where its default credential is asked for.
"""

from __future__ import annotations

import asyncio
import importlib
import inspect
from collections.abc import Generator
from typing import Any

from jackfield import AuthenticationError, ConfigurationError, ConnectionFailed, Credential, HTTPRequest, JackfieldError
from jackfield.flows import Do

#: The default credential, once it was made.
_DEFAULT: list[Any] = []


def signed(http_request: HTTPRequest, credential: Credential, scope: str) -> Generator[Any, Any, HTTPRequest]:
    """Add the token of a credential.

    Raises:
        AuthenticationError: it gives none.
        ConfigurationError: it is no credential, or azure-identity is not installed.
        ConnectionFailed: the seller of tokens was not reached.
    """
    token = yield Do(lambda: _token(credential.source, scope), lambda: _async_token(credential.source, scope))
    http_request.headers["authorization"] = f"Bearer {token}"
    return http_request


def _token(source: Any, scope: str) -> str:
    get_token = _asking(source)
    if inspect.iscoroutinefunction(get_token):
        raise ConfigurationError(
            "credential is one of azure.identity.aio; a Client takes one of azure.identity, an AsyncClient takes both",
            provider="microsoft",
        )
    try:
        return str(get_token(scope).token)
    except Exception as error:  # whatever the caller's object raises is why there is no token
        raise _told(error) from error


async def _async_token(source: Any, scope: str) -> str:
    get_token = _asking(source)
    if not inspect.iscoroutinefunction(get_token):
        return await asyncio.to_thread(_token, source, scope)
    try:
        return str((await get_token(scope)).token)
    except Exception as error:
        raise _told(error) from error


def _asking(source: Any) -> Any:
    """Return what gives the tokens of a credential, or of the default one.

    Raises:
        ConfigurationError: there is none.
    """
    if source is None:
        source = _default()
    if not callable(get_token := getattr(source, "get_token", None)):
        raise ConfigurationError(
            f"credential is a {type(source).__name__} without get_token; give one of azure.identity, or a token as "
            "api_key",
            provider="microsoft",
        )
    return get_token


def _default() -> Any:
    if not _DEFAULT:
        try:
            identity = importlib.import_module("azure.identity")
        except ImportError:
            raise ConfigurationError(
                "AZURE_TOKEN_CREDENTIALS needs azure-identity: pip install 'jackfield-microsoft[entra]'",
                provider="microsoft",
            ) from None
        try:
            _DEFAULT.append(identity.DefaultAzureCredential())
        except ValueError as error:
            raise ConfigurationError(f"azure-identity refuses its settings: {error}", provider="microsoft") from None
    return _DEFAULT[0]


def _told(error: Exception) -> JackfieldError:
    try:
        unreached = importlib.import_module("azure.core.exceptions").ServiceRequestError
    except ImportError:
        unreached = ()
    if any(isinstance(reason, unreached) for reason in (error, error.__cause__, error.__context__)):
        return ConnectionFailed(f"Entra ID was not reached: {error}", provider="microsoft")
    return AuthenticationError(
        f"the credential gives no token: {error}; look at its settings, and at its role on the resource "
        "(Cognitive Services OpenAI User)",
        provider="microsoft",
    )
