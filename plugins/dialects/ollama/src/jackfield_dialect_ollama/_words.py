"""The words of the format: its name, its options, its finish reasons, its counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jackfield import FinishReason

NAME: Final = "ollama-chat"
#: Sampling, which stands in `options`: our name and theirs.
OPTIONS: Final = (
    ("temperature", "temperature"), ("top_p", "top_p"), ("top_k", "top_k"), ("max_tokens", "num_predict"),
    ("seed", "seed"), ("frequency_penalty", "frequency_penalty"), ("presence_penalty", "presence_penalty"),
    ("repetition_penalty", "repeat_penalty"),
)  # fmt: skip
#: Other reasons say that a model was loaded or unloaded.
FINISH: Final[Mapping[str, FinishReason]] = {"stop": "stop", "length": "length"}
#: What the last line says beside the message: how many tokens, and for how many nanoseconds.
COUNTS: Final = ("prompt_eval_count", "eval_count")
DURATIONS: Final = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
EFFORTS: Final = ("low", "medium", "high")
#: Thinking is at home here, under this member; there is nothing opaque in this format.
THOUGHT: Final = {"field": "thinking"}
