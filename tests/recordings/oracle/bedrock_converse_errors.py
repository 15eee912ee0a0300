"""What a refused Converse request was told: the class follows from the exception's name, then from the status.

The name stands in a header, in streams in that of the frame. Prose decides two things, since no field says them:
an input that is too long, and a model id that does not exist.
"""

from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads
from tests.recordings.oracle.words import text_or_none

__all__ = ["class_of", "error_frame", "read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError")
_BY_NAME = {
    "UnrecognizedClientException": "AuthenticationError",
    "InvalidSignatureException": "AuthenticationError",
    "IncompleteSignatureException": "AuthenticationError",
    "MissingAuthenticationTokenException": "AuthenticationError",
    "ExpiredTokenException": "AuthenticationError",
    "AccessDeniedException": "PermissionDenied",
    "ResourceNotFoundException": "ModelNotFoundError",
    "ThrottlingException": "RateLimitError",
    "ModelNotReadyException": "NotReadyError",
    "ServiceUnavailableException": "OverloadedError",
    "ModelTimeoutException": "RequestTimeout",
    "InternalServerException": "ServerError",
    "ModelErrorException": "ServerError",
    "ModelStreamErrorException": "ServerError",
}
_BY_STATUS = {
    401: "AuthenticationError",
    402: "BillingError",
    403: "PermissionDenied",
    404: "ModelNotFoundError",
    408: "RequestTimeout",
    413: "RequestTooLargeError",
    424: "ServerError",
    429: "RateLimitError",
    503: "OverloadedError",
    504: "RequestTimeout",
    529: "OverloadedError",
}
_TOO_LONG = ("too long", "too many input tokens", "exceeds the maximum number of tokens", "maximum context length")
_NO_MODEL = ("model identifier is invalid",)


def class_of(name: str | None, message: str | None, status: int) -> str:
    """Return the class for an exception's name, which streams write with a small first letter."""
    known = _BY_NAME.get((name or "")[:1].upper() + (name or "")[1:])
    if known is not None:
        return known
    prose = (message or "").lower()
    if status in (200, 400, 413) and any(phrase in prose for phrase in _TOO_LONG):
        return "ContextLengthError"
    if status in (200, 400) and any(phrase in prose for phrase in _NO_MODEL):
        return "ModelNotFoundError"
    return _BY_STATUS.get(status, "ServerError" if status >= 500 else "InvalidRequestError")


def error_frame(headers: dict[str, str], payload: Any) -> dict[str, Any] | None:
    """Return message, code and class where a frame is an exception or an error; else None."""
    kind = headers.get(":message-type")
    if kind not in ("exception", "error"):
        return None
    if kind == "error":
        code, message = headers.get(":error-code"), headers.get(":error-message")
    else:
        code, message = headers.get(":exception-type"), _message(payload)
    return {"message": text_or_none(message), "code": text_or_none(code), "class": class_of(code, message, 200)}


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    body = body_text(response)
    document = loads(body)
    plain = body.strip()
    message = _message(document) if isinstance(document, dict) else None if plain.startswith("<") else plain or None
    code = (header(response, "x-amzn-errortype") or "").partition(":")[0]
    if not code and isinstance(document, dict):
        code = str(document.get("__type") or "").rpartition("#")[2]
    name = class_of(code, message, status)
    return {
        "class": name,
        "status": status,
        "message": message,
        "request_id": header(response, "x-amzn-requestid"),
        "retryable": name in _RETRYABLE,
        "code": code or None,
        "param": None,
        "retry_after": _delay(response),
    }


def _message(document: Any) -> str | None:
    found = document.get("message") or document.get("Message") if isinstance(document, dict) else None
    return text_or_none(found)


def _delay(response: dict[str, Any]) -> float | None:
    try:
        return float(header(response, "retry-after") or "")
    except ValueError:
        return None
