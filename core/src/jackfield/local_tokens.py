"""Token counts without a provider, by tiktoken: exact for a text of the models it knows, near for all others.

Needs the extra `tokenizers`. The package tiktoken is imported, and fetches a tokenizer, when it is first asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from .counting import TokenCountResponse
from .errors import ConfigurationError, UnsupportedFeature
from .messages import Part, Text, Thinking, ToolCall, ToolResult
from .parsing import chat_request

if TYPE_CHECKING:
    import tiktoken

#: What stands around a message, and before the answer (the cookbook beside tiktoken).
_PER_MESSAGE, _PER_REPLY = 3, 3
_DEFAULT = "o200k_base"


def count_locally(
    model: str,
    messages: Any,
    *,
    system: str | None = None,
    encoding: tiktoken.Encoding | None = None,
    **parameters: Any,
) -> TokenCountResponse:
    """Count the tokens of a conversation; it takes what `Client.count_tokens` takes, and asks nobody.

    `encoding` counts in the place of the one that belongs to the model.

    Raises:
        ConfigurationError: the extra is not installed.
        InvalidInput: a message or a parameter is wrong.
        UnsupportedFeature: there is an image, a sound or a file, which have no tokens of text.
    """
    request = chat_request(model, messages, system, parameters, False)
    counting = _encoding(model.rpartition("/")[2]) if encoding is None else encoding
    pieces = [_text(part) for message in request.messages for part in message.parts]
    if request.tools:
        pieces.append(to_json([tool.model_dump(exclude_none=True) for tool in request.tools]).decode())
    found = sum(len(counting.encode(piece, disallowed_special=())) for piece in pieces)
    around = _PER_MESSAGE * len(request.messages) + _PER_REPLY
    return TokenCountResponse(model=model, input_tokens=found + around, estimated=True)


def _encoding(model: str) -> tiktoken.Encoding:
    try:
        import tiktoken
    except ImportError:
        raise ConfigurationError(
            "tokens cannot be counted here without tiktoken; pip install 'jackfield[tokenizers]'"
        ) from None
    try:
        return tiktoken.encoding_for_model(model)
    except KeyError:
        return tiktoken.get_encoding(_DEFAULT)


def _text(part: Part) -> str:
    if isinstance(part, Text | Thinking):
        return part.text
    if isinstance(part, ToolCall):
        return part.name + part.arguments
    if isinstance(part, ToolResult):
        return "".join(map(_text, part.parts))
    raise UnsupportedFeature(
        f"messages: the tokens of a {part.type} cannot be counted without its provider; use Client.count_tokens",
        param="messages",
    )
