"""Variants of the format: hosts that write some of it in a form of their own, which is amended before it is read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from jackfield import ChatRequest, HTTPResponse, ProviderError, Request, Response, StreamDecoder, hookimpl
from jackfield.reading import MALFORMED, malformed

from ._response import Amend, chat_response, read_body
from ._runs import ReadRuns
from ._stream import Decoder


def variant(amend: Amend, runs: ReadRuns | None = None) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Return a provider's `normalize_response` and `stream_decoder`.

    `amend` gets a whole answer's body or a chunk's, and brings it to the form of the format, in place.
    `runs` gets a message or the delta of one, as amended, and reads the calls in it that the host ran itself.
    """

    @hookimpl
    def normalize_response(request: Request, response: HTTPResponse) -> Response | None:
        if not isinstance(request, ChatRequest):
            return None
        body = read_body(request, response)
        try:
            amend(body)
            if failed := body.get("error"):
                raise ProviderError(str(failed.get("message") if isinstance(failed, dict) else failed))
            return chat_response(request, body, runs)
        except MALFORMED as error:
            raise malformed("the answer", error) from error

    @hookimpl
    def stream_decoder(request: Request, head: HTTPResponse) -> StreamDecoder | None:
        return Decoder(request, amend, runs) if isinstance(request, ChatRequest) else None

    return normalize_response, stream_decoder
