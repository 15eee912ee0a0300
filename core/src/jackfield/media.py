"""Media at addresses, for models that take content alone: what must be fetched, and a request that has it.

The exchange names the addresses and never fetches; a client's flow does, from public hosts only, before it sends.
"""

from __future__ import annotations

import mimetypes
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from .conversation import ChatRequest
from .errors import InvalidInput, JackfieldError
from .messages import Bytes, Media, Message, ToolResult, Url
from .operations import Adjustment, Response

if TYPE_CHECKING:
    from .catalog import ModelInfo
    from .exchange import Exchange
    from .fetching import Fetched, FetchLimits
    from .flows import Flow

FETCHED: Final = Adjustment("media", "fetched", "the model takes its content, not its address")
#: What hosts say of a file whose type they do not know.
_UNSAID: Final = frozenset({"application/octet-stream", "binary/octet-stream"})


def takes_address(part: Media, forms: Sequence[str]) -> bool:
    """Tell whether a model takes the address of a part: by the web, or by another scheme that it names."""
    return isinstance(part.source, Url) and ("url" in forms or part.source.url.partition("://")[0] in forms)


def unfetched(request: ChatRequest, model: ModelInfo) -> tuple[str, ...]:
    """Return the addresses in a conversation whose content a model takes, and not the address."""
    if model.media is None:
        return ()
    found: dict[str, None] = {}
    for message in request.messages:
        for part in message.parts:
            for media in part.parts if isinstance(part, ToolResult) else (part,):
                if isinstance(media, Media) and (url := _wanted(media, model.media)) is not None:
                    found[url] = None
    return tuple(found)


def with_contents(request: ChatRequest, model: ModelInfo, contents: Mapping[str, Fetched]) -> ChatRequest:
    """Return a request with what was fetched in the place of its addresses.

    Raises:
        InvalidInput: what stands at an address is of another kind.
    """
    media = model.media or {}
    messages = tuple(_message(message, number, media, contents) for number, message in enumerate(request.messages))
    return request.model_copy(update={"messages": messages})


def fetched_first(exchange: Exchange, limits: FetchLimits | None, flow: Flow[Response]) -> Flow[Response]:
    """Fetch what an exchange lacks, and go on with its flow.

    Raises:
        InvalidInput: an address may not be asked, gives too much, or something of another kind.
        TransportError: its host cannot be reached, or takes too long.
    """
    from .fetching import fetch_all, fetch_all_async
    from .flows import Do

    urls = exchange.unfetched
    try:
        contents = yield Do(lambda: fetch_all(urls, limits), lambda: fetch_all_async(urls, limits))
        exchange.supply(contents)
    except JackfieldError as error:
        error.param = error.param or "messages"
        error.model = error.model or exchange.request.model
        error.provider = error.provider or exchange.endpoint.provider
        raise
    return (yield from flow)


def _wanted(part: Media, media: Mapping[str, Sequence[str]]) -> str | None:
    """Return the address whose content is to be fetched for a part."""
    forms = media.get(part.kind, ())
    if not isinstance(part.source, Url) or "bytes" not in forms or takes_address(part, forms):
        return None
    return part.source.url if part.source.url.partition("://")[0] in ("http", "https") else None


def _message(
    message: Message, number: int, media: Mapping[str, Sequence[str]], contents: Mapping[str, Fetched]
) -> Message:
    parts: list[Any] = []
    for index, part in enumerate(message.parts):
        place = f"messages[{number}].parts[{index}]"
        if isinstance(part, Media):
            parts.append(_filled(part, place, media, contents))
        elif isinstance(part, ToolResult):
            inner = [_filled(row, place, media, contents) if isinstance(row, Media) else row for row in part.parts]
            parts.append(part.model_copy(update={"parts": tuple(inner)}))
        else:
            parts.append(part)
    return message.model_copy(update={"parts": tuple(parts)})


def _filled(part: Media, place: str, media: Mapping[str, Sequence[str]], contents: Mapping[str, Fetched]) -> Media:
    if (url := _wanted(part, media)) is None:
        return part
    found = contents[url]
    return part.model_copy(update={"source": Bytes(data=found.data), "mime": part.mime or _type(part, found, place)})


def _type(part: Media, found: Fetched, place: str) -> str | None:
    """Return the media type: what the host says, or the name in the address, where the host does not know."""
    from .fetching import kind_of

    mime = None if found.mime in _UNSAID else found.mime
    mime = mime or mimetypes.guess_type(urlsplit(found.url).path)[0]
    if mime is not None and kind_of(mime) != part.kind:
        raise InvalidInput(f"{place}: what stands at the address is {mime}, and no {part.kind}", param="messages")
    return mime
