"""The body of the API's chat: members, ranges and defaults. Source: its public server and SDK, read 2026-11-20."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

Positive = Annotated[int, Field(ge=1)]


class RagParams(BaseModel):
    """Where passages are looked for, and how."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    table_id: str = ""
    reranking_model: str | None = None
    search_query: str = ""
    k: int = Field(default=3, ge=1, le=1024)
    rerank: bool = True
    concat_reranker_input: bool = False
    inline_citations: bool = True


class Message(BaseModel):
    """A turn. Its content is read as OpenAI writes it, once the model is known."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "user", "assistant", "tool"]
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    tool_calls: list[dict[str, Any]] | None = None
    tool_call_id: str | None = None


class FunctionTool(BaseModel):
    """A tool that the caller runs."""

    type: Literal["function"]
    function: dict[str, Any]


class WebSearchTool(BaseModel):
    """A search that OpenAI runs; other models know nothing of it."""

    type: Literal["web_search"]


class CodeTool(BaseModel):
    """Code that OpenAI runs; other models know nothing of it."""

    type: Literal["code_interpreter"]
    container: dict[str, Any] = Field(default_factory=lambda: {"type": "auto"})


AnyTool = Annotated[FunctionTool | WebSearchTool | CodeTool, Field(discriminator="type")]


def _empty_is_none(value: Any) -> Any:
    return value or None


class JamChat(BaseModel):
    """Body of `chat/completions`."""

    model_config = ConfigDict(extra="ignore", allow_inf_nan=False)

    id: str = ""
    model: str = ""
    messages: list[Message] = Field(min_length=1)
    rag_params: RagParams | None = None
    tools: list[AnyTool] | None = Field(default=None, min_length=1)
    tool_choice: Literal["none", "auto", "required"] | dict[str, Any] | None = None
    temperature: float = Field(default=0.2, ge=0.001)
    top_p: float = Field(default=0.6, ge=0.001)
    stream: bool = False
    max_tokens: Positive = 2048
    stop: Annotated[list[str] | None, BeforeValidator(_empty_is_none)] = None
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logit_bias: dict[str, float] = Field(default_factory=dict)
    max_completion_tokens: Positive | None = None
    n: Positive = 1
    user: str = ""
    reasoning_effort: Literal["disable", "minimal", "none", "low", "medium", "high"] | None = None
    thinking_budget: int | None = Field(default=None, ge=0)
    reasoning_summary: Literal["auto", "concise", "detailed"] | None = None

    def unwritten(self, *names: str) -> frozenset[str]:
        """Return those of the names that the caller did not write: the route's own defaults."""
        return frozenset(name for name in names if name not in self.model_fields_set)
