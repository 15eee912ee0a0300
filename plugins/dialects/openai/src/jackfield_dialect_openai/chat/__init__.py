"""The dialect `openai-chat`: its hooks, each from the module that holds one direction of it."""

from ._encode import stream_encoder
from ._errors import normalize_error, render_error
from ._relay import relay_request, relay_response
from ._request import translate_request
from ._response import normalize_response
from ._runs import Run
from ._serve import parse_request, render_response
from ._stream import stream_decoder
from ._usage import usage_items
from ._variants import variant

#: The hooks of a relay came with it.
SPEC_VERSION = (1, 1)

__all__ = [
    "SPEC_VERSION",
    "Run",
    "normalize_error",
    "normalize_response",
    "parse_request",
    "relay_request",
    "relay_response",
    "render_error",
    "render_response",
    "stream_decoder",
    "stream_encoder",
    "translate_request",
    "usage_items",
    "variant",
]
