"""What a refused request was told in Google's error shape, and a prompt that was blocked with status 200.

Prose decides three things only, a prompt that is too long, a quota of zero and a member that is unknown, since no
field says them.
"""

import re
from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads

__all__ = ["blocked_prompt", "error_fields", "read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "RequestTimeout", "ServerError")
_BY_STATUS = {
    401: "AuthenticationError",
    402: "BillingError",
    403: "PermissionDenied",
    404: "ModelNotFoundError",
    408: "RequestTimeout",
    413: "RequestTooLargeError",
    429: "RateLimitError",
    503: "OverloadedError",
    504: "RequestTimeout",
    529: "OverloadedError",
}
_TOO_LONG = "exceeds the maximum number of tokens"
_UNKNOWN = "Cannot find field"
_REQUEST_IDS = ("x-request-id", "request-id", "x-goog-request-id")

_NOTHING = {"code": None, "param": None, "unknown": False, "reason": "", "quotas": list[str](), "delay": None}


def error_fields(document: Any) -> dict[str, Any] | None:
    """Return class, message, code, type, param and delay of an error; None where there is none.

    `code` is Google's word for the error, and its number only where it sent no word.
    """
    if isinstance(document, list):
        document = document[0] if document else None
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict) or not error:
        return None
    number = error.get("code")
    details = [detail for detail in error.get("details") or [] if isinstance(detail, dict)]
    fields = {
        "message": error.get("message") or None,
        "code": error.get("status") or (None if number is None else str(number)),
        "type": None,
        "param": next((row["field"] for row in _rows(details, "fieldViolations") if row.get("field")), None),
        "unknown": any(_UNKNOWN in (row.get("description") or "") for row in _rows(details, "fieldViolations")),
        "reason": next((detail["reason"] for detail in details if detail.get("reason")), ""),
        "quotas": [row.get("quotaId") or "" for row in _rows(details, "violations")],
        "delay": _seconds(next((detail["retryDelay"] for detail in details if detail.get("retryDelay")), None)),
    }
    return {**fields, "class": _class(number if isinstance(number, int) else 500, fields)}


def blocked_prompt(feedback: Any) -> dict[str, Any] | None:
    """Return the error that an answer without candidates is, where its prompt was blocked."""
    reason = feedback.get("blockReason") if isinstance(feedback, dict) else None
    if not reason:
        return None
    message = feedback.get("blockReasonMessage") or None
    return {"class": "ContentFilterError", "message": message, "code": str(reason), "type": None}


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    body = body_text(response)
    fields = error_fields(loads(body)) or {**_NOTHING, "message": _plain(body)}
    name = _class(status, fields)
    return {
        "class": name,
        "status": status,
        "message": fields["message"],
        "request_id": next((value for key in _REQUEST_IDS if (value := header(response, key))), None),
        "retryable": name in _RETRYABLE,
        "code": fields["code"],
        "param": fields["param"],
        "retry_after": _delay(response, fields["delay"]),
    }


def _class(status: int, fields: dict[str, Any]) -> str:
    message = fields["message"] or ""
    if status in (400, 403) and fields["reason"].startswith("API_KEY_"):
        return "AuthenticationError"
    if status == 429 and (any("PerDay" in quota for quota in fields["quotas"]) or re.search(r"limit: 0\b", message)):
        return "BillingError"
    if status == 400 and _TOO_LONG in message:
        return "ContextLengthError"
    if status == 400 and fields["unknown"]:
        return "UnsupportedParameterError"
    return _BY_STATUS.get(status, "ServerError" if status >= 500 else "InvalidRequestError")


def _delay(response: dict[str, Any], told: float | None) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(header(response, name) or "") / scale
        except ValueError:
            continue
    return told


def _seconds(value: Any) -> float | None:
    found = re.fullmatch(r"([0-9.]+)s", value) if isinstance(value, str) else None
    return float(found[1]) if found else None


def _rows(details: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return [row for detail in details for row in detail.get(key) or []]


def _plain(body: str) -> str | None:
    text = body.strip()
    return None if text.startswith("<") else text or None
