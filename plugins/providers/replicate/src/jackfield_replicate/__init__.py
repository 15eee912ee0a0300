"""Replicate: predictions in the place of chat completions, and the flow that follows one to its end.

Sources: replicate.com/docs/topics/predictions (create-a-prediction, streaming), read 2026-11-20; replicate-python,
replicate/stream.py. There is no recording of a chat here.
"""

from ._answer import normalize_response, stream_decoder
from ._flow import wrap_exchange
from ._request import translate_request

__all__ = ["normalize_response", "stream_decoder", "translate_request", "wrap_exchange"]
