"""Errors, in both directions: an exception's name in a header or in `__type`, and a message.

Sources: botocore 1.44.5 (wheel), bedrock-runtime; the recorded refusals. In streams the framing writes the name of an
exception into `__type`, where AWS writes it in bodies.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json, to_json

from jackfield import (
    AuthenticationError,
    BillingError,
    ConnectionFailed,
    ContextLengthError,
    HTTPResponse,
    InvalidInput,
    InvalidRequestError,
    JackfieldError,
    MissingCredential,
    ModelNotFoundError,
    NotReadyError,
    OverloadedError,
    PermissionDenied,
    RateLimitError,
    Request,
    RequestTimeout,
    RequestTooLargeError,
    ServerError,
    UnknownProvider,
    hookimpl,
)
from jackfield.errors import class_for_status

_BY_NAME: dict[str, type[JackfieldError]] = {
    "UnrecognizedClientException": AuthenticationError,
    "InvalidSignatureException": AuthenticationError,
    "IncompleteSignatureException": AuthenticationError,
    "MissingAuthenticationTokenException": AuthenticationError,
    "ExpiredTokenException": AuthenticationError,
    "AccessDeniedException": PermissionDenied,
    "ResourceNotFoundException": ModelNotFoundError,
    "ThrottlingException": RateLimitError,
    "ModelNotReadyException": NotReadyError,
    "ServiceUnavailableException": OverloadedError,
    "ModelTimeoutException": RequestTimeout,
    "InternalServerException": ServerError,
    "ModelErrorException": ServerError,
    "ModelStreamErrorException": ServerError,
}
#: A ValidationException is anything that is wrong; only these words say that an input is too long, or a model unknown.
_TOO_LONG = ("too long", "too many input tokens", "exceeds the maximum number of tokens", "maximum context length")
_NO_MODEL = "model identifier is invalid"


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read a refusal, or an exception in a stream that began well."""
    try:
        document = from_json(response.body)
    except ValueError:
        document = None
    body = document if isinstance(document, dict) else {}
    name = response.headers.get("x-amzn-errortype", "").partition(":")[0]
    name = name or str(body.get("__type") or "").rpartition("#")[2]
    message = body.get("message") or body.get("Message")
    if not name and not message:
        return None
    text = message if isinstance(message, str) and message else f"{name or 'an error'} without a reason"
    return _class(name, text, response.status)(text, code=name or None)


def _class(name: str, message: str, status: int) -> type[JackfieldError]:
    """Return the class for an exception, whose name streams write with a small first letter."""
    if (known := _BY_NAME.get(name[:1].upper() + name[1:])) is not None:
        return known
    prose = message.lower()
    if status in (200, 400, 413) and any(words in prose for words in _TOO_LONG):
        return ContextLengthError
    if status in (200, 400) and _NO_MODEL in prose:
        return ModelNotFoundError
    return ServerError if status == 424 else class_for_status(status)


#: Status and exception of every class that a caller may meet; whatever is not here was wrong in the request.
_RENDERED: tuple[tuple[type[JackfieldError], int, str], ...] = (
    (AuthenticationError, 403, "UnrecognizedClientException"),
    (MissingCredential, 403, "UnrecognizedClientException"),
    (PermissionDenied, 403, "AccessDeniedException"),
    (BillingError, 403, "AccessDeniedException"),
    (NotReadyError, 429, "ModelNotReadyException"),
    (RateLimitError, 429, "ThrottlingException"),
    (OverloadedError, 503, "ServiceUnavailableException"),
    (ModelNotFoundError, 404, "ResourceNotFoundException"),
    (UnknownProvider, 404, "ResourceNotFoundException"),
    (RequestTimeout, 408, "ModelTimeoutException"),
    (ConnectionFailed, 503, "ServiceUnavailableException"),
    (InvalidInput, 400, "ValidationException"),
    (InvalidRequestError, 400, "ValidationException"),
    (ContextLengthError, 400, "ValidationException"),
    (RequestTooLargeError, 413, "ValidationException"),
)
#: Exceptions that a stream may hold; its other errors are the server's.
_IN_STREAMS = frozenset({"ThrottlingException", "ServiceUnavailableException", "ValidationException"})


def exception_of(error: JackfieldError) -> tuple[int, str, dict[str, Any]]:
    """Return status, exception and body that say an error in this format."""
    status, name = 500, "InternalServerException"
    for cls, code, word in _RENDERED:
        if isinstance(error, cls):
            status, name = code, word
            break
    else:
        if error.status is not None and 400 <= error.status < 500:
            status, name = 400, "ValidationException"
    return status, name, {"message": str(error.message)}


def exception_in_stream(error: JackfieldError) -> tuple[str, dict[str, Any]]:
    """Return exception and body of an error in a stream."""
    _, name, body = exception_of(error)
    if name not in _IN_STREAMS:
        name = "InternalServerException"
    return name[:1].lower() + name[1:], body


@hookimpl
def render_error(error: JackfieldError) -> HTTPResponse:
    """Write the exception; the wait that a provider asked for goes along."""
    status, name, body = exception_of(error)
    if error.status is not None and 400 <= error.status <= 599:
        status = error.status
    headers = {"content-type": "application/json", "x-amzn-errortype": name}
    if error.retry_after is not None:
        headers["retry-after"] = str(max(0, round(error.retry_after + 0.499)))
    if error.request_id:
        headers["x-amzn-requestid"] = error.request_id
    return HTTPResponse(status, headers, to_json(body))
