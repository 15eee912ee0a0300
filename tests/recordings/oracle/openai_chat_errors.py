"""What a refused request was told, in the OpenAI error shape and the shapes that compatible hosts made of it.

The class follows from the status and from fields. Prose decides one thing only, a prompt that is too long, since
several hosts have no field for it.
"""

from typing import Any

from tests.recordings.oracle.wire import body_text, header, loads

__all__ = ["error_fields", "read_error"]

_RETRYABLE = ("RateLimitError", "OverloadedError", "NotReadyError", "RequestTimeout", "ServerError")
_BILLING = {
    "insufficient_quota",
    "credit_balance_exhausted",
    "organization_spend_limit_exceeded",
    "project_spend_limit_exceeded",
    "organization_usage_limit_exceeded",
}
_NO_MODEL = {"model_not_found", "model_not_available", "invalid_model", "DeploymentNotFound"}
_FILTERED = {"content_filter", "content_policy_violation", "moderation_blocked", "ResponsibleAIPolicyViolation"}
_NO_PARAMETER = {"unsupported_parameter", "unsupported_value", "unknown_parameter"}
_TOO_LONG = ("context length", "context window", "prompt is too long", "prompt too long", "maximum number of tokens")
_BY_STATUS = {
    401: "AuthenticationError",
    402: "BillingError",
    403: "PermissionDenied",
    404: "ModelNotFoundError",
    408: "RequestTimeout",
    413: "RequestTooLargeError",
    424: "ServerError",
    429: "RateLimitError",
    498: "RateLimitError",
    503: "OverloadedError",
    504: "RequestTimeout",
    529: "OverloadedError",
}
_REQUEST_IDS = ("x-request-id", "request-id", "x-amzn-requestid", "apim-request-id")


def error_fields(document: Any) -> dict[str, Any] | None:
    """Return message, code, type, param and whatever else an error object holds; None where there is no error.

    Codes are text, also where a host repeats the status as a number.
    """
    if isinstance(document, list):
        document = document[0] if document else None
    if not isinstance(document, dict):
        return None
    error = document.get("error")
    if isinstance(error, dict) and error:
        found = error
    elif isinstance(error, str) and error:
        found = {**document, "message": error}
    elif "choices" not in document and isinstance(document.get("message"), str):
        found = document
    elif "choices" not in document and document.get("detail"):
        found = {"message": _detail(document["detail"])}
    else:
        return None
    code = found.get("code")
    return {
        **found,
        "message": _text(found.get("message")),
        "code": None if code in (None, "") else str(code),
        "type": _text(found.get("type")),
        "param": _text(found.get("param")),
    }


def read_error(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a refused request was told, and the class of the refusal."""
    response = interaction["response"]
    status = int(response["status"])
    if status < 400:
        raise ValueError(f"status is {status}; read_answer reads successful answers")
    body = body_text(response)
    document = loads(body)
    fields = error_fields(document) or {"message": _plain(body), "code": None, "type": None, "param": None}
    name = _class(status, fields)
    told = (header(response, key) for key in _REQUEST_IDS)
    in_body = _text(document.get("request_id")) if isinstance(document, dict) else None
    return {
        "class": name,
        "status": status,
        "message": fields["message"],
        "request_id": next((value for value in told if value), in_body),
        "retryable": name in _RETRYABLE,
        "code": fields["code"],
        "param": fields["param"],
        "retry_after": _delay(response),
    }


def _class(status: int, fields: dict[str, Any]) -> str:
    inner = fields.get("innererror")
    marks = {fields["code"], fields["type"], inner.get("code") if isinstance(inner, dict) else None}
    if status < 500:
        if marks & _BILLING:
            return "BillingError"
        if marks & _FILTERED:
            return "ContentFilterError"
        if marks & _NO_MODEL:
            return "ModelNotFoundError"
        if status in (400, 413, 422) and _too_long(marks, fields["message"]):
            return "ContextLengthError"
        if status in (400, 422) and marks & _NO_PARAMETER:
            return "UnsupportedParameterError"
        return _BY_STATUS.get(status, "InvalidRequestError")
    # llama.cpp and huggingface answer so while a model loads
    if status == 503 and ("unavailable_error" in marks or "estimated_time" in fields):
        return "NotReadyError"
    return _BY_STATUS.get(status, "ServerError")


def _too_long(marks: set[Any], message: str | None) -> bool:
    return "context_length_exceeded" in marks or any(phrase in (message or "").lower() for phrase in _TOO_LONG)


def _delay(response: dict[str, Any]) -> float | None:
    for name, scale in (("retry-after-ms", 1000.0), ("retry-after", 1.0)):
        try:
            return float(header(response, name) or "") / scale
        except ValueError:
            continue
    return None


def _detail(detail: Any) -> str | None:
    if isinstance(detail, list):
        return "; ".join(str(item.get("msg")) if isinstance(item, dict) else str(item) for item in detail)
    return _text(detail.get("message")) if isinstance(detail, dict) else _text(detail)


def _plain(body: str) -> str | None:
    text = body.strip()
    return None if text.startswith("<") else text or None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
