"""What became of an exchange: its attempt as it is told, and the error of a stream that broke off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import ConnectionFailed, JackfieldError, StreamInterrupted
from .operations import Attempt, Response

if TYPE_CHECKING:
    from .exchange import Exchange


def interrupted(exchange: Exchange, cause: JackfieldError) -> JackfieldError:
    """Return the error for a transport that failed under a running stream; before the first delta it is the cause."""
    if not exchange.delivered:
        # a server that needs no key is the caller's own: its catalog says how it is started
        info, kind = exchange.board.info, exchange.endpoint.credential.kind
        if type(cause) is ConnectionFailed and kind == "none" and info is not None and info.hint:
            cause.message += f"; {info.hint}"
        return cause
    error = StreamInterrupted(
        f"the stream broke off: {cause.message}", provider=exchange.endpoint.provider, model=exchange.request.model
    )
    error.response = exchange.partial()
    error.request_id = exchange.facts.request_id
    return error


def attempt_of(exchange: Exchange, error: JackfieldError | None, came: Response | None) -> Attempt:
    """Write down what became of an exchange: its error, or None, and the answer as far as it came."""
    return Attempt(
        exchange.endpoint.provider,
        exchange.request.model,
        "ok" if error is None else type(error).__name__,
        exchange.head.status if exchange.head else None,
        exchange.facts.request_id,
        cost=came.cost if came is not None else None,
        reason=None if error is None else error.message,
        usage=came.usage if came is not None else None,
    )
