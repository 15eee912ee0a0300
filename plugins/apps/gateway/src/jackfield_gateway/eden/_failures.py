"""What a provider's failure is called in an entry of an answer: the API's class names, and a status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import Boards, HTTPResponse, errors

from ._refusals import rendered

#: Our class, the API's word for it, and the status that it goes with where the provider gave none.
#: Source: the vendor's public adapter package, its exceptions and its table of default statuses, read 2026-11-20.
_WORDS: Mapping[type[errors.JackfieldError], tuple[str, int]] = {
    errors.AuthenticationError: ("ProviderAuthorizationError", 401),
    errors.MissingCredential: ("ProviderAuthorizationError", 401),
    errors.PermissionDenied: ("ProviderPermissionError", 403),
    errors.BillingError: ("ProviderLimitationError", 402),
    errors.RateLimitError: ("ProviderLimitationError", 429),
    errors.OverloadedError: ("ProviderInternalServerError", 503),
    errors.NotReadyError: ("ProviderInternalServerError", 503),
    errors.ServerError: ("ProviderInternalServerError", 500),
    errors.ModelNotFoundError: ("ProviderNotFoundError", 404),
    errors.ContextLengthError: ("ProviderInvalidInputTextLengthError", 400),
    errors.RequestTooLargeError: ("ProviderInvalidInputPayloadSize", 413),
    errors.ContentFilterError: ("ProviderInvalidPromptError", 400),
    errors.ResponseFormatError: ("ProviderParsingError", 422),
    errors.ProviderError: ("ProviderInvalidInputError", 400),
    errors.InvalidInput: ("ProviderInvalidInputError", 400),
    errors.RequestTimeout: ("ProviderTimeoutError", 408),
    errors.TransportError: ("ProviderInternalServerError", 503),
    errors.StreamInterrupted: ("ProviderInternalServerError", 500),
    errors.JackfieldError: ("ProviderException", 500),
}


def failure(title: str, outcome: str, reason: str, status: int | None) -> dict[str, Any]:
    """Write the members of a failed entry; `outcome` names a class of ours."""
    cls = getattr(errors, outcome, errors.JackfieldError)
    word, usual = next(_WORDS[base] for base in cls.__mro__ if base in _WORDS)
    message = f"{title} has returned an error: {reason}"
    return {"error": {"message": message, "type": word}, "status": "fail", "provider_status_code": status or usual}


def title_of(boards: Boards, provider: str) -> str:
    """Return a provider's name for people."""
    try:
        return boards.info(provider).title
    except errors.JackfieldError:
        return provider


def whole_failure(boards: Boards, error: errors.JackfieldError) -> HTTPResponse:
    """Write an error that is the whole answer, with the provider's status."""
    title = "The gateway" if error.provider is None else title_of(boards, error.provider)
    told = failure(title, type(error).__name__, error.message, error.status)
    status = told["provider_status_code"]
    answer = rendered(status if 400 <= status < 600 else 500, told["error"]["type"], told["error"]["message"])
    if error.retry_after is not None:
        answer.headers = {**answer.headers, "retry-after": f"{error.retry_after:.0f}"}
    return answer
