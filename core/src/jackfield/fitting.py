"""Fits a request to a model's limits and records every adjustment.

Tuning (sampling, penalties, effort, tier ...) that a model cannot take is dropped, clamped or replaced. Meaning (a
part, a tool, a response format, stop, n, max_tokens) raises before anything is sent. What nobody wrote (`suggested`)
gives way without a word.
"""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from .catalog import ModelInfo
from .conversation import EFFORTS, ChatRequest, Reasoning
from .counting import TokenCountRequest
from .errors import UnsupportedFeature
from .limits import Limit
from .media import takes_address
from .members import fit_members
from .messages import Bytes, FileId, Media, ToolResult, Url
from .operations import Adjustment, Request

#: Parameters that change what an answer means; everything else tunes it.
MEANING: Final = frozenset(
    {"messages", "tools", "tool_choice", "response_format", "stop", "n", "max_tokens", "modalities", "previous",
     "dimensions"}
)  # fmt: skip
#: Texts of which a model takes so many in one request.
_BATCHES: Final = frozenset({"inputs", "documents"})
_FORMS: Final[Mapping[type, str]] = {Url: "url", Bytes: "bytes", FileId: "file"}


@dataclass(slots=True)
class Fitted:
    """A request that the model takes, and what was changed to make it so."""

    request: Request
    adjustments: tuple[Adjustment, ...] = ()


def fit_request(request: Request, model: ModelInfo) -> Fitted:
    """Fit a request to the limits of a model.

    Raises:
        UnsupportedFeature: the model cannot do what is asked.
    """
    limits = model.limits
    if not isinstance(request, ChatRequest):
        if not isinstance(request, TokenCountRequest):
            return _fit_other(request, model)
        inner = fit_request(request.chat, model)
        return Fitted(request.model_copy(update={"chat": inner.request}), inner.adjustments)
    changes: dict[str, Any] = {}
    adjustments: list[Adjustment] = []
    if model.untaken:
        request = fit_members(request, model, adjustments)
    limited = limits.keys() & request.model_fields_set
    most = limits.get("max_tokens")
    if most is not None and most.fallback is not None and request.max_tokens is None:
        changes["max_tokens"] = model.max_output or most.fallback
    if "max_tokens" in request.suggested and request.max_tokens is not None and model.max_output is not None:
        changes["max_tokens"] = min(request.max_tokens, model.max_output)
    effort = _effort(request, limits.get("reasoning")) if limited else None
    for name in limited:
        limit = limits[name]
        if (value := getattr(request, name)) is None or value == ():
            continue
        if name == "modalities" and value == ("text",) and not limit.taken:
            changes[name] = None  # text is what every model says; where the word is not taken, nothing is lost
            continue
        if name == "reasoning":
            fitted, action, reason = _fit_reasoning(value, limit)
        else:
            fitted, action, reason = _fit(value, limit, effort)
        if not action:
            continue
        if name in request.suggested:
            changes[name] = fitted
            continue
        if name in MEANING:
            raise _cannot(name, value, reason, model)
        changes[name] = fitted
        adjustments.append(Adjustment(parameter=name, action=action, reason=reason))
    if (thinks := limits.get("reasoning")) is not None and thinks.below is not None:
        _fit_below(request, thinks, thinks.below, model.max_output, changes, adjustments)
    if not changes and not adjustments:
        return Fitted(request)
    adjustments.sort(key=lambda adjustment: adjustment.parameter)
    return Fitted(request.model_copy(update=changes) if changes else request, tuple(adjustments))


def _fit_other(request: Request, model: ModelInfo) -> Fitted:
    """Fit a request that is no chat: each member that has a limit, by itself."""
    changes: dict[str, Any] = {}
    adjustments: list[Adjustment] = []
    for name in sorted(model.limits.keys() & request.model_fields_set):
        limit = model.limits[name]
        if (value := getattr(request, name)) is None:
            continue
        if name in _BATCHES and limit.max_items is not None and len(value) > limit.max_items:
            raise UnsupportedFeature(
                f"{name} has {len(value)} texts; at most {limit.max_items} are taken at once, so send them in parts",
                provider=model.provider,
                model=model.id,
                param=name,
            )
        fitted, action, reason = _fit(value, limit, None)
        if not action:
            continue
        if name in MEANING and name not in request.suggested:
            raise _cannot(name, value, reason, model)
        changes[name] = fitted
        if name not in request.suggested:
            adjustments.append(Adjustment(parameter=name, action=action, reason=reason))
    return Fitted(request.model_copy(update=changes) if changes else request, tuple(adjustments))


def _cannot(name: str, value: Any, reason: str, model: ModelInfo) -> UnsupportedFeature:
    return UnsupportedFeature(
        f"{name} cannot be {_shown(value)}: {reason}; choose another model or leave it out",
        provider=model.provider,
        model=model.id,
        param=name,
    )


def _fit(value: Any, limit: Limit, effort: str | None) -> tuple[Any, str, str]:
    """Return the fitted value, what was done (empty: nothing) and why."""
    if not limit.taken:
        return None, "dropped", "the model does not take it"
    if limit.reasoning is not None and effort != limit.reasoning:
        return None, "dropped", f"the model takes it only when reasoning is {limit.reasoning}"
    if limit.range is not None and isinstance(value, int | float):
        low, high = limit.range
        if not low <= value <= high:
            fitted = low if value < low else high
            return fitted, f"clamped to {fitted:g}", f"the model takes {low:g} to {high:g}"
    if limit.max_items is not None and len(value) > limit.max_items:
        return value[: limit.max_items], f"cut to {limit.max_items}", f"the model takes at most {limit.max_items}"
    if limit.allowed is not None:
        words = tuple(map(_word, value)) if isinstance(value, tuple) else (_word(value),)
        if other := [word for word in words if word not in limit.allowed]:
            return None, "dropped", f"the model takes {', '.join(map(str, limit.allowed))}, not {other[0]}"
    return value, "", ""


def _fit_reasoning(value: Reasoning, limit: Limit) -> tuple[Reasoning | None, str, str]:
    if not limit.taken:
        if value.enabled is False or value.effort == "none":
            return None, "dropped", "the model does not reason"
        return None, "dropped", "the model cannot reason"
    efforts = EFFORTS if limit.efforts is None else limit.efforts
    if not efforts:
        return _fit_budget(value, limit)
    if not limit.off and (value.enabled is False or value.effort == "none" or value.budget == 0):
        lowest = _nearest("minimal", efforts)
        fitted = Reasoning(effort=lowest, summary=value.summary)
        return fitted, f"replaced by {lowest}", "the model's reasoning cannot be switched off"
    if value.budget and not limit.budget:
        nearest = _nearest(_effort_of_budget(value.budget), efforts)
        fitted = Reasoning(enabled=value.enabled, effort=nearest, summary=value.summary)
        return fitted, f"replaced by {nearest}", "the model takes an effort, not a budget"
    if value.effort not in (None, "none") and value.effort not in efforts:
        nearest = _nearest(value.effort, efforts)
        fitted = Reasoning(enabled=value.enabled, effort=nearest, budget=value.budget, summary=value.summary)
        return fitted, f"replaced by {nearest}", f"the model takes {', '.join(efforts)}"
    return value, "", ""


def _fit_budget(value: Reasoning, limit: Limit) -> tuple[Reasoning, str, str]:
    """Fit reasoning to a model that takes a budget in tokens and no effort."""
    low, high = limit.range or (0, math.inf)
    asked, why = value.budget, "the model takes a budget in tokens, not an effort"
    if value.enabled is False or value.effort == "none" or asked == 0:
        if limit.off:
            return value, "", ""
        asked, why = 0, "the model's reasoning cannot be switched off"
    elif asked is None:
        if value.effort is None and not value.enabled:
            return value, "", ""
        asked = _BUDGETS[value.effort or "medium"]
    elif low <= asked <= high and value.effort is None:
        return value, "", ""
    elif value.effort is None:
        why = f"the model takes {low:g} to {high:g}"
    budget = int(min(max(asked, low), high))
    fitted = Reasoning(enabled=value.enabled or None, budget=budget, summary=value.summary)
    return fitted, f"replaced by a budget of {budget}", why


def _fit_below(
    request: ChatRequest,
    limit: Limit,
    name: str,
    most_at_all: int | None,
    changes: dict[str, Any],
    adjustments: list[Adjustment],
) -> None:
    """Keep a budget below the parameter that counts it too; where too little is left of it, nothing is asked."""
    reasoning = changes.get("reasoning", request.reasoning)
    most = changes.get(name, getattr(request, name))
    if reasoning is None or not reasoning.budget or most is None or reasoning.budget < most:
        return
    if name in request.suggested:
        changes[name] = most = min(reasoning.budget + most, most_at_all or math.inf)
        if reasoning.budget < most:
            return
    low = limit.range[0] if limit.range is not None else 1
    adjustments[:] = [adjustment for adjustment in adjustments if adjustment.parameter != "reasoning"]
    if most - 1 < low:
        changes["reasoning"] = None
        adjustments.append(Adjustment("reasoning", "dropped", f"{name} leaves less than {low:g} tokens for it"))
    else:
        changes["reasoning"] = reasoning.model_copy(update={"budget": most - 1})
        why = f"the budget must be less than {name}"
        adjustments.append(Adjustment("reasoning", f"replaced by a budget of {most - 1}", why))


def _effort(request: ChatRequest, limit: Limit | None) -> str | None:
    """Return the effort that will be in force, as far as it is known."""
    asked = request.reasoning
    if asked is not None:
        if asked.enabled is False or asked.budget == 0:
            return "none"
        if asked.effort is not None:
            return asked.effort
        if asked.budget or asked.enabled:
            return limit.default if limit is not None and limit.default not in (None, "none") else "medium"
    if limit is None or not limit.taken:
        return "none"
    return limit.default


def _nearest(effort: str, efforts: Sequence[str]) -> Any:
    """Return the effort that is nearest, the greater of two; never none, which is no effort."""
    order: tuple[str, ...] = EFFORTS
    wanted = order.index(effort)
    known = [word for word in efforts if word in order and word != "none"] or [*efforts]
    return min(known, key=lambda word: (abs(order.index(word) - wanted), -order.index(word)))


def _effort_of_budget(budget: int) -> str:
    """Read a budget as an effort: the bounds are those that adapters of the field commonly use."""
    return "low" if budget <= 2048 else "medium" if budget <= 8192 else "high"


#: An effort read as a budget, where a model takes nothing else: the same bounds, the other way.
_BUDGETS: Final[Mapping[str, int]] = {
    "minimal": 1024, "low": 2048, "medium": 8192, "high": 16_384, "xhigh": 32_768, "max": 65_536,
}  # fmt: skip


def _word(value: Any) -> Any:
    """Return what a list of allowed values speaks of: the type of a format, the mode of a choice, else the value."""
    if (kind := getattr(value, "type", None)) is not None:
        return kind
    if (mode := getattr(value, "mode", None)) is not None:
        return "named" if value.name is not None else "allowed" if value.allowed is not None else mode
    return value


def _shown(value: Any) -> str:
    text = repr(_word(value))
    return text if len(text) <= 60 else text[:57] + "..."


def check_media(request: ChatRequest, model: ModelInfo, unfetched: Container[str] = ()) -> None:
    """Check that a model takes every image, audio, video and document of a conversation, in the form that it has.

    The content of `unfetched` addresses will be there in their place.

    Raises:
        UnsupportedFeature: it does not; the message names the place and the remedy.
    """
    if (media := model.media) is None:
        return
    for number, message in enumerate(request.messages):
        for index, part in enumerate(message.parts):
            if isinstance(part, Media):
                if message.role != "assistant":
                    _check_one(part, f"messages[{number}].parts[{index}]", model, media, unfetched)
            elif isinstance(part, ToolResult):
                for inner in part.parts:
                    if isinstance(inner, Media):
                        _check_one(inner, f"messages[{number}].parts[{index}]", model, media, unfetched)


def _check_one(
    part: Media, where: str, model: ModelInfo, media: Mapping[str, tuple[str, ...]], unfetched: Container[str]
) -> None:
    forms = media.get(part.kind, ())
    form = _FORMS[type(part.source)]
    if form in forms or takes_address(part, forms) or (isinstance(part.source, Url) and part.source.url in unfetched):
        return
    remedy = f"give it as {' or '.join(forms)}" if forms else "choose another model or say it in text"
    what = f"no {part.kind}" if not forms else f"no {part.kind} by {form}"
    raise UnsupportedFeature(
        f"{where}: the model takes {what}; {remedy}", provider=model.provider, model=model.id, param="messages"
    )
