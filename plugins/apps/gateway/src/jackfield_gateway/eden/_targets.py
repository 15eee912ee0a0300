"""Whom a request means: the names that a caller wrote, as models of ours."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from jackfield import Boards, JackfieldError
from jackfield_gateway._price_lists import price_list

from ._refusals import Refused
from ._requests import Shared


@dataclass(frozen=True, slots=True)
class Target:
    """One provider to ask: `written` is the name in the request, and in the answer; `model` is `provider/model`."""

    written: str
    provider: str
    model: str


#: The price list of each feature, which names its default models.
LISTS: Mapping[str, str] = {"multimodal": "eden", "text": "eden-text", "llm": "eden-llm"}


def default_model(feature: str, provider: str) -> str:
    """Return the model that answers where a provider is named alone; "": its own default."""
    return price_list(LISTS[feature]).defaults.get(provider, "")


@cache
def names() -> Mapping[str, Any]:
    """Read what the API calls otherwise."""
    found: Mapping[str, Any] = tomllib.loads((files(__package__) / "names.toml").read_text(encoding="utf-8"))
    return found


def targets(boards: Boards, body: Shared, feature: str) -> tuple[list[Target], list[Target]]:
    """Return whom a body asks, each once, and who is asked in their place.

    A model beside the name wins over `settings`, that over a member of the provider's name, that over the default.

    Raises:
        Refused: a provider is not known here, or there are fallbacks for several.
    """
    written = list(dict.fromkeys(body.providers))
    if body.fallback_providers and len(written) > 1:
        raise Refused.of("fallback_providers", "Fallbacks need exactly one provider in providers.")
    models = {**(body.model_extra or {}), **body.settings}
    first = [_target(boards, name, models, feature, "providers") for name in written]
    others = [_target(boards, name, models, feature, "fallback_providers") for name in body.fallback_providers]
    known = {target.model: target for target in reversed([*first, *others])}
    return first, [target for target in others if known[target.model] is target]


def _target(boards: Boards, written: str, models: Mapping[str, Any], feature: str, parameter: str) -> Target:
    provider, slash, model = written.partition("/")
    if not slash:
        given = models.get(provider)
        if given is not None and not isinstance(given, str):
            raise Refused.of("settings", f"The model of {provider} is no string.")
        model = given or default_model(feature, provider)
    found = resolved(boards, provider, model)
    if found is None:
        raise Refused.of(parameter, f"Provider : '{provider}' unknown.")
    return Target(written, provider, found)


def resolved(boards: Boards, provider: str, model: str) -> str | None:
    """Return our full name of a model; None where no provider has the name."""
    if (other := names()["providers"].get(provider)) is not None:
        provider, model = other["provider"], other["prefix"] + model.removeprefix(other["prefix"])
    try:
        return "/".join(boards.resolve(f"{provider}/{model}" if model else provider))
    except JackfieldError:
        return None


def by_answer(asked: Sequence[Target], provider: str, model: str) -> Target:
    """Return which of those that were asked has answered."""
    found = next((target for target in asked if target.model == f"{provider}/{model}"), None)
    return found or next((target for target in asked if target.model.partition("/")[0] == provider), asked[0])
