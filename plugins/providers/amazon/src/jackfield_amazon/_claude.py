"""Claude in Anthropic's own format: InvokeModel, whose events stand as base64 in the frames of Amazon's stream.

Registered on the board of `anthropic-messages` alone.
"""

from __future__ import annotations

import base64
from collections.abc import Generator
from urllib.parse import quote

from pydantic_core import from_json, to_json

import jackfield_dialect_bedrock as bedrock
from jackfield import (
    ChatRequest,
    Delta,
    Endpoint,
    Event,
    HTTPRequest,
    HTTPResponse,
    JackfieldError,
    Request,
    Response,
    ResponseFormatError,
    StreamDecoder,
    StreamInterrupted,
    TokenCountRequest,
    hookimpl,
)
from jackfield.reading import MALFORMED, malformed
from jackfield.thinking import merge_patch

VERSION = "bedrock-2023-05-31"


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[None, HTTPRequest | None, HTTPRequest | None]:
    """Move model and stream into the address, version and features into the body."""
    found = yield
    if found is not None and isinstance(request, TokenCountRequest):
        return _counted(request, endpoint, found)
    if found is None or not isinstance(request, ChatRequest):
        return found
    operation = "invoke-with-response-stream" if request.stream else "invoke"
    found.url = f"{endpoint.base_url}/model/{quote(request.model, safe='')}/{operation}"
    found.headers.pop("anthropic-version", None)
    body = {name: value for name, value in found.body.items() if name not in ("model", "stream")}
    options = (request.provider_options.get(name, {}) for name in (endpoint.dialect, endpoint.provider))
    headers = {name: value for given in options for name, value in given.get("headers", {}).items()}
    if beta := next((value for name, value in headers.items() if name.lower() == "anthropic-beta"), ""):
        body["anthropic_beta"] = [name.strip() for name in str(beta).split(",")]
    found.body = {"anthropic_version": VERSION, **body}
    return found


def _counted(request: TokenCountRequest, endpoint: Endpoint, found: HTTPRequest) -> HTTPRequest:
    """Write a count: the body of the call that would be made, as base64, where `max_tokens` has to stand (recorded)."""
    inner = {name: value for name, value in found.body.items() if name != "model"}
    body = {"anthropic_version": VERSION, "max_tokens": request.chat.max_tokens or 4096, **inner}
    for name in (endpoint.dialect, endpoint.provider):  # what has to stand inside, before it is encoded
        options = request.provider_options.get(name, {})
        merge_patch(body, {key: value for key, value in options.items() if key not in ("headers", "query")})
    url = f"{endpoint.base_url}/model/{quote(request.model, safe='')}/count-tokens"
    encoded = base64.b64encode(to_json(body)).decode()
    data = to_json({"input": {"invokeModel": {"body": encoded}}})
    return HTTPRequest("POST", url, {"content-type": "application/json"}, data)


@hookimpl
def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
    """Read a count, which is Amazon's own; all else is the dialect's to read."""
    if not isinstance(request, TokenCountRequest):
        return None
    found: Response | None = bedrock.normalize_response(request, response)
    return found


@hookimpl
def normalize_error(request: Request, response: HTTPResponse) -> JackfieldError | None:
    """Read an exception of Amazon's; what Claude itself says of an error is the dialect's to read."""
    error: JackfieldError | None = bedrock.normalize_error(request, response)
    return error


@hookimpl(wrapper=True)
def stream_decoder(request: Request, head: HTTPResponse) -> Generator[None, StreamDecoder | None, StreamDecoder | None]:
    """Put the decoder of the dialect behind one that takes its events out of the frames."""
    inner = yield
    return None if inner is None else Decoder(inner)


class Decoder:
    """Takes events of Anthropic's format out of chunks."""

    framing: str | None = bedrock.FRAMING

    def __init__(self, inner: StreamDecoder) -> None:
        self._inner = inner
        self._has_begun = False

    def feed(self, event: Event) -> list[Delta]:
        """Read one chunk.

        Raises:
            ProviderError: it is an exception, or holds no event.
            StreamInterrupted: its frame is damaged or cut.
        """
        if (failure := bedrock.failure_of(event, has_begun=self._has_begun)) is not None:
            failure.deltas = self._last()
            raise failure
        if event.name != "chunk":
            return []
        try:
            data = base64.b64decode(from_json(event.data)["bytes"], validate=True)
        except MALFORMED as error:
            raise malformed("a chunk of the stream", error, event.data) from error
        self._has_begun = True
        return self._inner.feed(Event(None, data))

    def close(self) -> list[Delta]:
        """Read the end."""
        return self._inner.close()

    def _last(self) -> list[Delta]:
        """End what is open."""
        try:
            return self._inner.close()
        except (StreamInterrupted, ResponseFormatError) as error:
            return list(error.deltas)
