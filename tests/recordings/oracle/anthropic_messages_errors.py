"""What a refused request was told in the Anthropic error shape.

The class follows from the error's type, then from the status. Prose decides two things, since no field says them:
a prompt that is too long, and a parameter that the model does not take.
"""

from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads
from tests.recordings.oracle.words import text_or_none

__all__ = ["error_fields", "read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError")
_SPENT = {"enforced_spend_limit_reached", "contract_spend_limit_reached"}
_BY_TYPE = {
    "authentication_error": "AuthenticationError",
    "billing_error": "BillingError",
    "permission_error": "PermissionDenied",
    "not_found_error": "ModelNotFoundError",
    "request_too_large": "RequestTooLargeError",
    "rate_limit_error": "RateLimitError",
    "ramp_limit_exceeded": "RateLimitError",
    "overloaded_error": "OverloadedError",
    "timeout_error": "RequestTimeout",
    "api_error": "ServerError",
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
_TOO_LONG = ("prompt is too long", "exceed context limit")
_UNKNOWN_MEMBER = ": Extra inputs are not permitted"


def error_fields(document: Any) -> dict[str, Any] | None:
    """Return message, type, code and details of an error; None where there is no error.

    The code is the one in the details, else the type: the format has no other.
    """
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or not error:
        return None
    # an event named error whose data lacks the outer object is wrapped by the reader of events
    inner = error.get("error")
    error = inner if error.get("type") == "error" and isinstance(inner, dict) else error
    details = error.get("details")
    kind = text_or_none(error.get("type"))
    code = details.get("error_code") if isinstance(details, dict) else None
    return {"message": text_or_none(error.get("message")), "type": kind, "code": text_or_none(code) or kind}


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    body = body_text(response)
    document = loads(body)
    plain = body.strip()
    fields = error_fields(document) or {
        "message": None if plain.startswith("<") else plain or None,
        "type": None,
        "code": None,
    }
    name, param = _class(status, fields)
    told = (header(response, key) for key in ("request-id", "x-request-id"))
    in_body = text_or_none(document.get("request_id")) if isinstance(document, dict) else None
    return {
        "class": name,
        "status": status,
        "message": fields["message"],
        "request_id": next((value for value in told if value), in_body),
        "retryable": name in _RETRYABLE,
        "code": fields["code"],
        "param": param,
        "retry_after": _delay(response),
    }


def _class(status: int, fields: dict[str, Any]) -> tuple[str, str | None]:
    message = fields["message"] or ""
    if fields["code"] in _SPENT:
        return "BillingError", None
    if fields["type"] in (None, "invalid_request_error") and status in (400, 413, 422):
        if any(phrase in message for phrase in _TOO_LONG):
            return "ContextLengthError", None
        if message.endswith(_UNKNOWN_MEMBER):
            return "UnsupportedParameterError", message.removesuffix(_UNKNOWN_MEMBER)
    by_status = _BY_STATUS.get(status, "ServerError" if status >= 500 else "InvalidRequestError")
    return _BY_TYPE.get(fields["type"] or "", by_status), None


def _delay(response: dict[str, Any]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(header(response, name) or "") / scale
        except ValueError:
            continue
    return None
