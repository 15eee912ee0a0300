"""The script: what the sandbox says to a conversation, as a function of the request and of nothing else.

Two requests that differ only in `stream` have the same answer.
"""

from __future__ import annotations

import hashlib
import json
from random import Random
from typing import Any

from pydantic_core import to_json

from jackfield import (
    Bytes,
    ChatRequest,
    ChatResponse,
    Choice,
    FinishReason,
    InvalidInput,
    Media,
    Message,
    Part,
    Reasoning,
    Request,
    Text,
    Thinking,
    ToolResult,
    derive_id,
)

from ._counting import usage_of
from ._flatten import Unsatisfiable
from ._schema import sample
from ._sound import spoken
from ._text import cut, text, tokens, word
from ._tools import results, tool_calls

#: When every answer was made: a constant, so that answers can be compared.
CREATED = 1_767_225_600
_MOST_CHOICES = 128
_ANY_OBJECT = {
    "type": "object",
    "properties": {"answer": {"type": "string"}, "score": {"type": "number", "minimum": 0, "maximum": 1}},
    "required": ["answer", "score"],
}


def seed_of(request: Request) -> str:
    """Return what the answer is drawn from: a hash of all that is asked, streamed or not."""
    asked = request.model_dump(mode="json", exclude={"stream", "serving", "suggested"}, exclude_none=True)
    text = json.dumps([request.operation, asked], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def answer(request: ChatRequest) -> ChatResponse:
    """Write the answer to a conversation.

    Raises:
        InvalidInput: nothing can be answered to this.
    """
    if not request.messages:
        raise InvalidInput("messages: at least one is needed", param="messages")
    if request.max_tokens is not None and request.max_tokens < 1:
        raise InvalidInput("max_tokens: at least 1 is needed", param="max_tokens")
    if (count := request.n or 1) > _MOST_CHOICES:
        raise InvalidInput(f"n: at most {_MOST_CHOICES} choices are given", param="n")
    seed = seed_of(request)
    choices = tuple(_choice(request, seed, index) for index in range(count))
    return ChatResponse(
        id=derive_id("sandbox-", seed, 0),
        model=request.model,
        created=CREATED,
        choices=choices,
        usage=usage_of(request, choices),
        sandboxed=True,
    )


class _Allowance:
    """What is left of max_tokens."""

    def __init__(self, most: int | None) -> None:
        self.left = most
        self.is_over = False

    def take(self, written: str) -> str:
        """Return what still fits."""
        if self.left is None:
            return written
        kept = cut(written, self.left)
        self.left -= len(tokens(kept))
        self.is_over = self.is_over or len(kept) < len(written)
        return kept


def _choice(request: ChatRequest, seed: str, index: int) -> Choice:
    rng = Random(f"{seed}:{index}")
    allowance = _Allowance(request.max_tokens)
    parts: list[Part] = []
    if _thinks(request.reasoning):
        parts += _thinking(request.reasoning, rng, allowance)
    reason: FinishReason = "stop"
    detail: str | None = None
    if calls := tool_calls(request, rng, seed, index):
        reason = "tool_calls"
        if rng.random() < 0.25:
            parts.append(Text(text=allowance.take(text(rng, 20))))
        for call in calls:
            if not allowance.is_over:
                parts.append(call.model_copy(update={"arguments": allowance.take(call.arguments)}))
    elif "audio" in (request.modalities or ()):
        data, mime = spoken(request.audio_out)
        transcript = allowance.take(text(rng, 30))
        parts.append(Media(kind="audio", source=Bytes(data=data), mime=mime, transcript=transcript))
    else:
        written, detail = _until_stop(_body(request, rng), request.stop or ())
        reason = "stop" if detail is None else "stop_sequence"
        if kept := allowance.take(written):
            parts.append(Text(text=kept))
    if allowance.is_over:
        reason, detail = "length", None
    message = Message(role="assistant", parts=tuple(parts))
    return Choice(
        index=index,
        message=message,
        finish_reason=reason,
        finish_detail=detail,
        logprobs=_logprobs(request, message.text, rng),
    )


def _thinks(reasoning: Reasoning | None) -> bool:
    if reasoning is None or reasoning.enabled is False or reasoning.effort == "none" or reasoning.budget == 0:
        return False
    return bool(reasoning.enabled or reasoning.effort or reasoning.budget)


def _thinking(reasoning: Reasoning | None, rng: Random, allowance: _Allowance) -> list[Part]:
    """Think in at most half of what may be said."""
    written = text(rng, 60)
    if allowance.left is not None:
        written = cut(written, allowance.left // 2)
    if reasoning is not None and reasoning.budget:
        written = cut(written, reasoning.budget)
    kind = "summary" if reasoning is not None and reasoning.summary not in (None, "none") else "trace"
    return [Thinking(text=allowance.take(written), kind=kind)] if written else []


def _body(request: ChatRequest, rng: Random) -> str:
    """Write the text: JSON where it is asked for, a word on tool results where there are some."""
    form = request.response_format
    if form is not None and form.type != "text":
        try:
            return to_json(sample(form.schema_ if form.schema_ is not None else _ANY_OBJECT, rng)).decode()
        except Unsatisfiable as error:
            raise InvalidInput(f"response_format: {error}", param="response_format") from None
    if found := results(request):
        said = "; ".join(f"{result.name or result.call_id or 'the tool'} says {_said(result)}" for result in found)
        return f"{said}. {text(rng, 40)}"
    return text(rng)


def _said(result: ToolResult) -> str:
    words = [getattr(part, "text", None) or _shown(part) for part in result.parts]
    return " ".join(words)[:400] or "nothing"


def _shown(part: Any) -> str:
    return to_json(part.value).decode() if part.type == "data" else f"[{part.type}]"


def _until_stop(written: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """Cut a text before the first stop sequence in it; return that sequence too."""
    found = [(at, stop) for stop in stops if stop and (at := written.find(stop)) >= 0]
    if not found:
        return written, None
    at, stop = min(found)
    return written[:at], stop


def _logprobs(request: ChatRequest, written: str, rng: Random) -> dict[str, Any] | None:
    if not (request.logprobs or request.top_logprobs) or not written:
        return None
    most = min(request.top_logprobs or 0, 20)
    rows = []
    for token in tokens(written):
        first = _logprob(token, -rng.random())
        others = [_logprob(cut(word(rng), 1), first["logprob"] - 1 - step) for step in range(most - 1)]
        rows.append({**first, "top_logprobs": [first, *others] if most else []})
    return {"content": rows}


def _logprob(token: str, logprob: float) -> dict[str, Any]:
    return {"token": token, "logprob": round(logprob, 6), "bytes": list(token.encode())}
