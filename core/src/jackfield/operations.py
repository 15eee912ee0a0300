"""The operation seam: a request names its operation and its response; hooks match on the type.

A third party adds an operation by subclassing `Request` and `Response` and answering for the new type in its hooks;
the core needs no change. Embeddings and model lists are two such kinds; others are chat (`conversation.py`), reranking
(`ranking.py`) and token counts (`counting.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

from pydantic import Field
from pydantic_core import to_json, to_jsonable_python

from .messages import Value
from .pricing import Cost
from .usage import Usage

InputType: TypeAlias = Literal["query", "document", "classification", "clustering", "similarity"]
Truncate: TypeAlias = Literal["none", "start", "end"]


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What was changed in a request so that the model takes it: nothing is dropped in silence."""

    parameter: str
    action: str
    reason: str


@dataclass(slots=True)
class Attempt:
    """One try at an answer: who was asked, and what became of it (`ok`, or the class of the error and its `reason`).

    `wait` is in seconds, before the next try. `usage` and `cost` are those of what had come, also of a broken stream.
    """

    provider: str
    model: str
    outcome: str
    status: int | None = None
    request_id: str | None = None
    wait: float = 0.0
    cost: Cost | None = None
    reason: str | None = None
    usage: Usage | None = None


@dataclass(slots=True, kw_only=True)
class Response:
    """What every answer carries, whatever was asked.

    `raw` is the provider's body as JSON (None for a stream), `raw_usage` its usage object, `headers` the HTTP headers
    in lower case.
    """

    id: str | None = None
    provider: str = ""
    model: str | None = None
    usage: Usage | None = None
    cost: Cost | None = None
    created: int | None = None
    service_tier: str | None = None
    adjustments: tuple[Adjustment, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    request_id: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    sandboxed: bool = False
    raw: Any = field(default=None, repr=False)
    raw_usage: Mapping[str, Any] | None = field(default=None, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as JSON values; amounts of money are strings, bytes base64."""
        found: dict[str, Any] = to_jsonable_python(self, bytes_mode="base64")
        return found

    def to_json(self) -> bytes:
        """Return the answer as JSON."""
        return to_json(self, bytes_mode="base64")


class Request(Value):
    """What is asked of a model. A subclass names its `operation` and its `response` class.

    `provider_options` maps a provider or a dialect to members merged last into its wire body (a JSON merge patch);
    nobody else sees them; in them, `headers` and `query` reach the HTTP request. `serving` is what the dialect that
    parsed a request must remember to answer in kind; it is never sent to a provider. `suggested` names parameters that
    nobody wrote, such as the defaults of a route: what a model cannot take of them is left out without a word.
    """

    operation: ClassVar[str] = ""
    response: ClassVar[type[Response]] = Response

    model: str = ""
    stream: bool | None = None
    provider_options: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    serving: Mapping[str, Any] = Field(default_factory=dict, repr=False)
    suggested: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True)
class EmbeddingResponse(Response):
    """One vector for each input, in order."""

    vectors: tuple[tuple[float, ...], ...] = ()


class EmbeddingRequest(Request):
    """Texts to be embedded; `dimensions` shortens the vectors where the model can.

    `input_type` says what the texts are for, `truncate` which end of one that is too long is cut off ("none": neither,
    it is refused).
    """

    operation: ClassVar[str] = "embedding"
    response: ClassVar[type[Response]] = EmbeddingResponse

    inputs: tuple[str, ...]
    dimensions: int | None = Field(default=None, ge=1)
    input_type: InputType | None = None
    truncate: Truncate | None = None
    user: str | None = None


class ListedModel(Value):
    """A model as the provider lists it now."""

    id: str
    created: int | None = None
    owner: str | None = None


@dataclass(slots=True, kw_only=True)
class ModelsResponse(Response):
    """The models that the provider serves for this credential."""

    models: tuple[ListedModel, ...] = ()


class ModelsRequest(Request):
    """Ask the provider which models it serves."""

    operation: ClassVar[str] = "models"
    response: ClassVar[type[Response]] = ModelsResponse
