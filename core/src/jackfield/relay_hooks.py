"""The hooks of a dialect whose callers' requests may go on as they came; `hookspecs` has them among the others."""
# mypy: disable-error-code="empty-body"

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pluggy

if TYPE_CHECKING:
    from .operations import Request, Response
    from .wire import HTTPRequest, HTTPResponse

PROJECT: Final = "jackfield"
_hookspec = pluggy.HookspecMarker(PROJECT)


class Relay(NamedTuple):
    """A caller's request, split into what was said in it and everything else, its shape.

    `said` are the members of the body that hold nothing but text, `shape` is the same for two requests that differ only
    there, `size` is the text's in bytes, `turns` counts the messages.
    """

    model: str
    shape: bytes
    said: Mapping[str, Any]
    size: int
    turns: int


@_hookspec(firstresult=True)
def relay_request(http_request: HTTPRequest, route: Mapping[str, str]) -> Relay | None:
    """Split a caller's request, so that a provider of the same dialect may be sent its text as it came. Optional.

    Requests of one shape have to be parsed and translated alike but for their text, which is taken as it is: one whose
    text means something to the format, as an empty one may, is None. Since 1.1.

    Args:
        http_request: as it was received, its body in bytes.
        route: operation, stream and the variables of the path, of the route that matched.

    Returns:
        The request's parts. None: it is to be parsed.

    Raises:
        Nothing: what is wrong is told when it is parsed.
    """


@_hookspec(firstresult=True)
def relay_response(request: Request, response: HTTPResponse) -> Response | None:
    """Read what an answer says beside its content: model, tier, `raw_usage`; then it is relayed. Optional, since 1.1.

    Args:
        request: as it was translated, without its messages.
        response: status, headers and the body's bytes.

    Returns:
        The answer without choices. None: it is to be normalized and rendered, as where it states no usage, or has
        members that the format calls otherwise.

    Raises:
        ProviderError: the body is an error, or cannot be read.
    """
