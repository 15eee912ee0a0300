"""IBM watsonx: its own addresses and members around chat completions; tokens that are bought from IAM with a key.

Source: ibm-watsonx-ai 1.8.1 (wheel), as the project's notes on wire formats have it; there is no recording of its chat.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from pydantic_core import from_json

from jackfield import (
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    JackfieldError,
    ModelNotFoundError,
    hookimpl,
)
from jackfield.errors import class_for_status
from jackfield.tokens import Tokens

if TYPE_CHECKING:
    from jackfield.hookspecs import AuthFlow

__all__ = ["authorize", "normalize_error"]

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_NO_MODEL = frozenset({"model_not_supported", "model_no_support_for_function"})
_TOKENS = Tokens()


@hookimpl
def normalize_error(response: HTTPResponse) -> JackfieldError | None:
    """Read IBM's own list of errors."""
    try:
        first = from_json(response.body)["errors"][0]
        message, code = str(first["message"]), str(first["code"])
    except (ValueError, LookupError, TypeError):
        return None
    kind = ModelNotFoundError if code in _NO_MODEL else class_for_status(response.status)
    return kind(message, code=code)


@hookimpl
def authorize(http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> AuthFlow | None:
    """Buy a token with the key."""
    if endpoint.credential.kind != "ibm-iam":
        return None
    form = urlencode({"grant_type": _GRANT, "apikey": endpoint.credential.values["key"]})
    ask = HTTPRequest(
        "POST",
        f"{endpoint.settings['iam_url'].rstrip('/')}/identity/token",
        {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
        form.encode(),
    )
    return _TOKENS.bearer(http_request, endpoint, ask, at, "look at WATSONX_API_KEY, a key of IBM Cloud's IAM")
