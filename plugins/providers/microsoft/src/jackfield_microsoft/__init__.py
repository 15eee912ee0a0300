"""Microsoft: Azure OpenAI under its new and its older addresses, the models of Foundry, Claude there; tokens of Entra.

Recorded: microsoft/chat-completions and microsoft/responses. Claude's two names of the key's header are those of
anthropic 2.11.0, lib/foundry.py.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from jackfield import Endpoint, HTTPRequest, Request, hookimpl
from jackfield.tokens import Tokens

from ._identity import signed

if TYPE_CHECKING:
    from jackfield.hookspecs import AuthFlow

__all__ = ["authorize", "translate_request"]

SCOPE = "https://cognitiveservices.azure.com/.default"
_TOKENS = Tokens()
_TWICE = re.compile(r"/openai(/v1)?/openai/v1$")


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask the older addresses where a version of the API is set: a deployment's own, or that of Foundry's models."""
    found = yield
    version = endpoint.settings.get("api_version")
    if found is None or endpoint.dialect == "anthropic-messages":
        return found
    path = found.url.removeprefix(endpoint.base_url)
    # an endpoint may be given as the portal shows it for the v1 API, with what the catalog adds
    base = _TWICE.sub("/openai/v1", endpoint.base_url)
    if not version:
        found.url = f"{base}{path}"
        return found
    base = base.removesuffix("/v1")
    if base.endswith("/openai") and path in ("/chat/completions", "/embeddings"):
        base += f"/deployments/{quote(request.model, safe='')}"
    found.url = f"{base}{path}?{urlencode({'api-version': version})}"
    return found


@hookimpl
def authorize(http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest | AuthFlow | None:
    """Send Claude its key under both names; buy a token with an application's secret, or ask a credential for one."""
    credential = endpoint.credential
    if credential.kind == "azure-identity":
        return signed(http_request, credential, SCOPE)
    if credential.kind == "entra":
        return _TOKENS.bearer(
            http_request,
            endpoint,
            _ask(endpoint),
            at,
            "look at AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
        )
    if endpoint.dialect == "anthropic-messages" and credential.kind == "header:api-key":
        key = credential.values["key"]
        http_request.headers |= {"api-key": key, "x-api-key": key}
        return http_request
    return None


def _ask(endpoint: Endpoint) -> HTTPRequest:
    """Return the request for a token, by the client credentials of OAuth 2 (RFC 6749, 4.4)."""
    values = endpoint.credential.values
    form = {
        "grant_type": "client_credentials", "client_id": values["client_id"],
        "client_secret": values["client_secret"], "scope": SCOPE,
    }  # fmt: skip
    url = f"{endpoint.settings['authority'].rstrip('/')}/{quote(values['tenant_id'], safe='')}/oauth2/v2.0/token"
    return HTTPRequest("POST", url, {"content-type": "application/x-www-form-urlencoded"}, urlencode(form).encode())
