"""Cloudflare Workers AI: its catalog, the numbers of its errors; what it writes so of chats stands in `_chat.py`."""

from __future__ import annotations

from collections.abc import Generator, Mapping

from jackfield import AuthenticationError, InvalidRequestError, JackfieldError, ModelNotFoundError, hookimpl

__all__ = ["normalize_error"]

#: Cloudflare's own numbers: of a token, of a route (the model stands in it), of what a model cannot do.
_CODES: Mapping[str | None, type[JackfieldError]] = {
    "10000": AuthenticationError, "7000": ModelNotFoundError, "7003": ModelNotFoundError, "5007": ModelNotFoundError,
    "5023": InvalidRequestError,
}  # fmt: skip


@hookimpl(wrapper=True)
def normalize_error() -> Generator[None, JackfieldError | None, JackfieldError | None]:
    """Read the class out of a number."""
    error = yield
    kind = _CODES.get(error.code) if error is not None else None
    return error if error is None or kind is None else kind(error.message, code=error.code)
