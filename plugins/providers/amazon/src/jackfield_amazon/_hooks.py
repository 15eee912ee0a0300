"""The hooks that hold in every dialect of this provider."""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING

from jackfield import (
    ChatRequest,
    EmbeddingRequest,
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    JackfieldError,
    Request,
    Response,
    hookimpl,
)

from ._chain import with_profile
from ._embeddings import invoked, read_vectors
from ._place import check_place, region_of
from ._remedies import remedy
from ._sigv4 import sign
from ._vendors import adapt

if TYPE_CHECKING:
    from jackfield.hookspecs import AuthFlow

SERVICE = "bedrock"


@hookimpl
def authorize(http_request: HTTPRequest, endpoint: Endpoint, at: datetime) -> HTTPRequest | AuthFlow | None:
    """Sign with the keys that are known, or with those of a profile; a bearer key is the core's."""
    credential = endpoint.credential

    def signed(values: dict[str, str]) -> HTTPRequest:
        head, url, region = http_request.headers, http_request.url, region_of(endpoint)
        head |= sign(http_request.method, url, head, http_request.body, values, region, SERVICE, at)
        return http_request

    if credential.kind == "aws-sigv4":
        return signed(dict(credential.values))
    if credential.kind == "aws-profile":
        return with_profile(credential.values["profile"], signed)
    return None


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[None, HTTPRequest | None, HTTPRequest | None]:
    """Refuse a place that cannot be right; write in the words of the model's vendor what Converse has none for."""
    check_place(request.model, endpoint)
    found = yield
    if isinstance(request, EmbeddingRequest) and endpoint.dialect == "bedrock-converse":
        return invoked(request, endpoint)
    if found is not None and isinstance(request, ChatRequest) and endpoint.dialect == "bedrock-converse":
        adapt(request, found.body)
    return found


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Read embeddings, which the dialect has none of."""
    return read_vectors(request, response) if isinstance(request, EmbeddingRequest) else None


@hookimpl(wrapper=True)
def normalize_error(
    request: Request, response: HTTPResponse
) -> Generator[None, JackfieldError | None, JackfieldError | None]:
    """Say beside Amazon's words what to do."""
    error = yield
    if error is not None and (text := remedy(error, request.model)):
        error.message = f"{error.message.rstrip('. ')}; {text}"
    return error
