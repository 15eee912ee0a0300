"""Token counting: how large a conversation is for a model, before it is asked. Nothing is generated or charged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from .conversation import ChatRequest
from .operations import Request, Response


@dataclass(slots=True, kw_only=True)
class TokenCountResponse(Response):
    """How many tokens a conversation has. `estimated`: counted without the provider, by a tokenizer that is near."""

    input_tokens: int = 0
    estimated: bool = False


class TokenCountRequest(Request):
    """A chat whose input is to be counted, tools and system turns included. The model is that of this request."""

    operation: ClassVar[str] = "token_count"
    response: ClassVar[type[Response]] = TokenCountResponse

    chat: ChatRequest

    @classmethod
    def of(cls, chat: ChatRequest, **values: Any) -> TokenCountRequest:
        """Ask for the size of a chat. What it says to one provider alone is said by the question as well."""
        options = chat.provider_options
        bare = chat.model_copy(update={"model": "", "stream": None, "provider_options": {}})
        return cls(model=chat.model, chat=bare, provider_options=options, **values)

    @property
    def asked(self) -> ChatRequest:
        """The chat with the model that is asked."""
        return self.chat.model_copy(update={"model": self.model})
