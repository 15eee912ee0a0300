"""What a refused request was told by Cohere: a message, and an id of the answer. The class follows from the status."""

from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads
from tests.recordings.oracle.words import text_or_none

__all__ = ["read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError")
#: 498 is an invalid token, 499 a request that its caller gave up
_BY_STATUS = {
    401: "AuthenticationError",
    402: "BillingError",
    403: "PermissionDenied",
    404: "ModelNotFoundError",
    408: "RequestTimeout",
    413: "RequestTooLargeError",
    424: "ServerError",
    429: "RateLimitError",
    498: "AuthenticationError",
    503: "OverloadedError",
    504: "RequestTimeout",
    529: "OverloadedError",
}


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    body = body_text(response)
    document = loads(body)
    fields = document if isinstance(document, dict) else {}
    plain = body.strip()
    name = _BY_STATUS.get(status, "ServerError" if status >= 500 else "InvalidRequestError")
    return {
        "class": name,
        "status": status,
        "message": text_or_none(fields.get("message")) or (None if fields or plain.startswith("<") else plain or None),
        "request_id": header(response, "x-request-id") or text_or_none(fields.get("id")),
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
