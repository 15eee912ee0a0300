"""Reranking: documents put in the order in which they answer a query.

A document is given back where the caller asks for it, from the request itself: no provider needs to send it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from .errors import ResponseFormatError
from .operations import Request, Response


@dataclass(slots=True)
class RerankResult:
    """A document by its place in the request, and how relevant it is: the more the greater, on the model's scale."""

    index: int
    relevance_score: float
    document: str | None = None


@dataclass(slots=True, kw_only=True)
class RerankResponse(Response):
    """Results, the most relevant first; at most `top_n` of them."""

    results: tuple[RerankResult, ...] = ()


class RerankRequest(Request):
    """A query and the documents that may answer it; `top_n` is how many are wanted, all unless set."""

    operation: ClassVar[str] = "rerank"
    response: ClassVar[type[Response]] = RerankResponse

    query: str
    documents: tuple[str, ...] = Field(min_length=1)
    top_n: int | None = Field(default=None, ge=1)
    return_documents: bool | None = None

    def ranked(self, rows: Sequence[Mapping[str, Any]]) -> tuple[RerankResult, ...]:
        """Read rows of `index` and `relevance_score`, as every provider writes them, in order of relevance.

        Raises:
            ResponseFormatError: a row speaks of no document of the request, or two of the same.
            LookupError, TypeError, ValueError: a row is not of the format.
        """
        found: dict[int, RerankResult] = {}
        for row in rows:
            index, score = row["index"], row["relevance_score"]
            if type(index) is not int or not 0 <= index < len(self.documents) or index in found:
                raise ResponseFormatError(f"a result speaks of document {index!r:.20} of {len(self.documents)}")
            document = self.documents[index] if self.return_documents else None
            found[index] = RerankResult(index, float(score), document)
        return tuple(sorted(found.values(), key=lambda result: -result.relevance_score))
