"""Retrieval: passages of somebody's documents, woven into a conversation before a model is asked.

The gateway has no documents. A package that has some gives the entry point `jackfield.retrievers`, whose value is a
top-level package with a function `open_retriever(config)`; `config` is the table `[retrieval]` of jackfield.toml.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import importlib_metadata

from jackfield import ChatResponse, ConfigurationError, Message

GROUP = "jackfield.retrievers"
ABSENT = "retrieval needs a package that has documents: pip install jackfield-rag"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalQuery:
    """What is looked for: in which `collection`, for which conversation, and how much of it.

    `project` and `key` are those of the caller, as the gateway knows them; `user` is whom the caller names. `options`
    are further words of the API that was asked, such as a model that ranks again.
    """

    collection: str
    messages: tuple[Message, ...]
    model: str
    k: int = 3
    min_score: float = 0.0
    filters: Mapping[str, Any] = field(default_factory=dict)
    conversation: str | None = None
    user: str | None = None
    project: str | None = None
    key: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A piece of a document. `page` counts from one; `scores` are by their names."""

    text: str
    id: str = ""
    title: str = ""
    page: int | None = None
    file_name: str = ""
    file_path: str = ""
    document: str = ""
    score: float | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """What was found, and the conversation with it."""

    messages: tuple[Message, ...]
    passages: tuple[Passage, ...] = ()
    query: str = ""


class Retriever(Protocol):
    """Finds passages. Errors that escape are `JackfieldError`s: a collection that is not there is `InvalidInput`."""

    async def retrieve(self, query: RetrievalQuery) -> Retrieved:
        """Find passages and weave them into the conversation."""

    async def answered(self, query: RetrievalQuery, response: ChatResponse) -> None:
        """Learn what was answered, for conversations that are kept."""


def find_retriever(config: Mapping[str, Any]) -> Retriever | None:
    """Open the retriever that is installed; None where there is none.

    Raises:
        ConfigurationError: there are several, or it cannot be opened.
    """
    found = list(importlib_metadata.entry_points(group=GROUP))
    if len(found) > 1:
        raise ConfigurationError(
            f"there are several retrievers, {', '.join(sorted(row.name for row in found))}; keep one"
        )
    if not found:
        return None
    try:
        retriever: Retriever = found[0].load().open_retriever(config)
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(f"the retriever {found[0].name} cannot be opened: {error}") from error
    return retriever


class Woven:
    """A conversation with passages in it, and who is to learn how it went on."""

    def __init__(self, retriever: Retriever, query: RetrievalQuery, found: Retrieved) -> None:
        self._retriever = retriever
        self._query = query
        self.found = found

    @classmethod
    async def of(cls, retriever: Retriever, query: RetrievalQuery) -> Woven:
        """Retrieve.

        Raises:
            JackfieldError: what the retriever says.
        """
        return cls(retriever, query, await retriever.retrieve(query))

    async def ended(self, response: ChatResponse) -> None:
        """Tell the retriever what was answered."""
        await self._retriever.answered(self._query, response)
