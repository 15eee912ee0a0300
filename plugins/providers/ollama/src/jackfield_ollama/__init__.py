"""Ollama: its catalog, the remedy for a model that is not there, and base URLs of the compatible address."""

from __future__ import annotations

from collections.abc import Generator

from jackfield import HTTPRequest, JackfieldError, ModelNotFoundError, Request, hookimpl

__all__ = ["normalize_error", "translate_request"]


@hookimpl(wrapper=True)
def normalize_error(request: Request) -> Generator[None, JackfieldError | None, JackfieldError | None]:
    """Say how a model that is not there comes to be there."""
    error = yield
    if isinstance(error, ModelNotFoundError):
        error.message += f"; get it with `ollama pull {request.model}`, or see what is there with `ollama list`"
    return error


@hookimpl(wrapper=True)
def translate_request() -> Generator[None, HTTPRequest | None, HTTPRequest | None]:
    """Take a base URL that ends as that of the compatible address: OLLAMA_BASE_URL is set to it in many places."""
    made = yield
    if made is not None:
        made.url = made.url.replace("/v1/api/", "/api/", 1).replace("/v1/v1/", "/v1/", 1)
    return made
