"""What a provider's refusal does not say, its catalog does: which setting to look at, and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from jackfield import (
    AuthenticationError,
    Client,
    HTTPRequest,
    JackfieldError,
    ModelNotFoundError,
    PermissionDenied,
    Reply,
)


class Refusing:
    """Refuses everything in one way."""

    def __init__(self, status: int, body: Any) -> None:
        self.status, self.body = status, json.dumps(body).encode()

    def send(self, request: HTTPRequest, timeout: Any) -> Reply:
        return Reply(self.status, {"content-type": "application/json"}, iter((self.body,)), lambda: None)

    def close(self) -> None: ...


GOOGLE = {"error": {"code": 404, "message": "Publisher Model was not found.", "status": "NOT_FOUND"}}
EXPIRED = {"error": {"code": 401, "message": "invalid authentication credentials", "status": "UNAUTHENTICATED"}}
CASES: list[tuple[str, dict[str, str], int, Any, type[JackfieldError], str]] = [
    (
        "microsoft/my-gpt", {"resource": "r"}, 404,
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment does not exist."}},
        ModelNotFoundError, "does not exist. (model is the name of your deployment",
    ),
    (
        "microsoft/gpt-4o", {"resource": "r"}, 401, {"error": {"code": "401", "message": "Access denied"}},
        AuthenticationError, "must be of the same resource",
    ),
    ("vertex/gemini-3.5-flash", {"project": "p"}, 404, GOOGLE, ModelNotFoundError, "GOOGLE_CLOUD_LOCATION=global"),
    ("vertex/gemini-3.5-flash", {"project": "p"}, 401, EXPIRED, AuthenticationError, "a token lasts an hour"),
    (
        "vertex/gemini-3.5-flash", {"project": "p"}, 403,
        {"error": {"code": 403, "message": "Vertex AI API is off", "status": "PERMISSION_DENIED"}},
        PermissionDenied, "enable the Vertex AI API",
    ),
    (
        "ibm/ibm/granite-4-h-small", {"project_id": "p"}, 404,
        {"errors": [{"code": "model_not_supported", "message": "Model 'x' is not supported"}], "status_code": 404},
        ModelNotFoundError, "WATSONX_URL names the region",
    ),
    (
        "cloudflare/@cf/no/such", {"account_id": "a"}, 400,
        {"errors": [{"code": 7000, "message": "No route for that URI"}], "success": False},
        ModelNotFoundError, "begins with @cf/",
    ),
    (
        "databricks/none", {"host": "h.invalid"}, 404, {"error_code": "ENDPOINT_NOT_FOUND", "message": "no endpoint"},
        ModelNotFoundError, "name of a serving endpoint",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("model", "settings", "status", "body", "kind", "match"), CASES)
def test_a_refusal_comes_with_a_remedy(
    model: str, settings: dict[str, str], status: int, body: Any, kind: type[JackfieldError], match: str
) -> None:
    provider = model.partition("/")[0]
    overrides = {provider: {"api_key": "secret-key", **settings}}
    client = Client(overrides, transport=Refusing(status, body), environ={}, retries=0)
    with pytest.raises(kind) as caught:
        client.chat(model, "Hi")
    assert match in str(caught.value)
    assert str(caught.value).count(match) == 1
    assert "secret-key" not in str(caught.value)
