"""IBM watsonx: its own addresses and members around chat completions; tokens that are bought from IAM with a key.

Source: ibm-watsonx-ai 1.8.1 (wheel), as the project's notes on wire formats have it; there is no recording of its chat.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from jackfield import Endpoint, HTTPRequest, hookimpl
from jackfield.tokens import Tokens

if TYPE_CHECKING:
    from jackfield.hookspecs import AuthFlow

__all__ = ["authorize"]

_GRANT = "urn:ibm:params:oauth:grant-type:apikey"
_TOKENS = Tokens()


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
