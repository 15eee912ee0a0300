"""Where a translated request of the dialect `gemini` may differ from the one that was recorded, and nothing else.

Each brings a wire body to the form in which both writings are the same. `test_equivalences_gemini` has an example and
a counter-example of each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]
#: Members whose own members are a caller's words: names of properties, arguments, values.
_FREE = frozenset({"args", "response", "parameters", "parametersJsonSchema", "responseSchema", "responseJsonSchema"})
_TYPES = frozenset({"STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"})


def null_is_absent(value: Any) -> Any:
    """A member that is null says what an absent one says."""
    if isinstance(value, Mapping):
        return {name: null_is_absent(inner) for name, inner in value.items() if inner is not None}
    return [null_is_absent(inner) for inner in value] if isinstance(value, list) else value


def members_have_two_spellings(value: Any) -> Any:
    """Google takes its own members in snake case too; a caller's own words are left as they are."""
    if isinstance(value, list):
        return [members_have_two_spellings(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    found = {}
    for name, inner in value.items():
        spelled = re.sub("_([a-z])", lambda part: part[1].upper(), name)
        found[spelled] = inner if spelled in _FREE else members_have_two_spellings(inner)
    return found


def words_have_two_cases(body: Body) -> Body:
    """The mode of tool choice and the level of thinking are read whatever their case."""
    for holder, inner, member in (
        ("toolConfig", "functionCallingConfig", "mode"), ("generationConfig", "thinkingConfig", "thinkingLevel"),
    ):  # fmt: skip
        if isinstance(word := body.get(holder, {}).get(inner, {}).get(member), str):
            changed = {**body[holder][inner], member: word.upper()}
            body = {**body, holder: {**body[holder], inner: changed}}
    return body


def types_have_two_cases(value: Any, within: bool = False) -> Any:
    """The types of a schema are read in capitals and in small letters."""
    if isinstance(value, list):
        return [types_have_two_cases(inner, within) for inner in value]
    if not isinstance(value, Mapping):
        return value
    return {
        name: inner.lower()
        if within and name == "type" and inner in _TYPES
        else types_have_two_cases(inner, within or name in ("parameters", "responseSchema"))
        for name, inner in value.items()
    }


def base64_has_two_alphabets(value: Any) -> Any:
    """Bytes are read in the alphabet that is safe in URLs too."""
    if isinstance(value, list):
        return [base64_has_two_alphabets(inner) for inner in value]
    if not isinstance(value, Mapping):
        return value
    found = {name: base64_has_two_alphabets(inner) for name, inner in value.items()}
    if found.keys() >= {"data", "mimeType"} and isinstance(found["data"], str):
        found["data"] = found["data"].replace("-", "+").replace("_", "/")
    return found


def functions_may_share_an_entry(body: Body) -> Body:
    """Whether functions stand in one entry of the tools, or each in its own, is the same."""
    rows: list[Any] = []
    for entry in body.get("tools", ()):
        for name, value in entry.items():
            rows += [{name: [row]} for row in value] if name == "functionDeclarations" else [{name: value}]
    return {**body, "tools": rows} if "tools" in body else body


def an_empty_configuration_is_absent(body: Body) -> Body:
    """SDKs send a configuration in which nothing is set."""
    return {name: value for name, value in body.items() if name != "generationConfig" or value}


def the_model_stands_in_the_address(body: Body) -> Body:
    """One SDK repeats the model of the address in the body."""
    return {name: value for name, value in body.items() if name != "model"}


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    members_have_two_spellings,
    words_have_two_cases,
    types_have_two_cases,
    base64_has_two_alphabets,
    functions_may_share_an_entry,
    an_empty_configuration_is_absent,
    the_model_stands_in_the_address,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
