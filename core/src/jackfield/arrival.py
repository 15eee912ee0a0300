"""What is left of a conversation where it arrives: what is foreign stays behind, and what the model does not take."""

from __future__ import annotations

from collections.abc import Sequence

from .catalog import ModelInfo
from .conversation import ChatRequest
from .crossing import localize
from .fitting import check_media
from .members import fit_messages
from .operations import Adjustment
from .wire import Endpoint


def arrive(
    chat: ChatRequest, endpoint: Endpoint, model: ModelInfo, unfetched: Sequence[str], fits: bool
) -> tuple[ChatRequest, tuple[Adjustment, ...]]:
    """Leave out of a conversation what means nothing at an endpoint; `unfetched` are addresses that are still read.

    Raises:
        UnsupportedFeature: the model does not take a medium, or a foreign block has no text that could stand for it.
    """
    chat, found = localize(chat, endpoint.dialect, endpoint.origin)
    check_media(chat, model, tuple(unfetched))
    if not fits:
        return chat, found
    chat, left = fit_messages(chat, model)
    return chat, found + left
