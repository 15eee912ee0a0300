"""What a refused request was told by Ollama: one text. The class follows from the status."""

from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads
from tests.recordings.oracle.words import text_or_none

__all__ = ["error_of", "read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError")
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


def error_of(document: Any) -> str | None:
    """Return the text of an error; None where there is no error."""
    return text_or_none(document.get("error")) if isinstance(document, dict) else None


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    body = body_text(response)
    document = loads(body)
    plain = body.strip()
    name = _BY_STATUS.get(status, "ServerError" if status >= 500 else "InvalidRequestError")
    return {
        "class": name,
        "status": status,
        "message": error_of(document)
        or (None if isinstance(document, dict) or plain.startswith("<") else plain or None),
        "request_id": header(response, "x-request-id"),
        "retryable": name in _RETRYABLE,
        "code": None,
        "param": None,
        "retry_after": _delay(response),
    }


def _delay(response: dict[str, Any]) -> float | None:
    try:
        return float(header(response, "retry-after") or "")
    except ValueError:
        return None
