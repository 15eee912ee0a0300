"""Each equivalence makes its two writings equal, and leaves apart what means something else."""

from __future__ import annotations

from typing import Any

import pytest

from tests.recordings import equivalences

_USER = {"role": "user", "content": "hi"}


def _with(**members: Any) -> dict[str, Any]:
    return {"messages": [_USER], **members}


def _content(content: Any) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": content}]}


def _format(**members: Any) -> dict[str, Any]:
    return _with(response_format={"type": "json_schema", "json_schema": {"schema": {}, **members}})


CASES = [
    ("null_is_absent", _with(seed=None), _with(), _with(seed=0)),
    (
        "one_text_is_a_string",
        _content([{"type": "text", "text": "hi"}]),
        _content("hi"),
        _content([{"type": "text", "text": "h"}, {"type": "text", "text": "i"}]),
    ),
    ("max_tokens_has_two_names", _with(max_tokens=5), _with(max_completion_tokens=5), _with(max_tokens=6)),
    (
        "usage_is_asked_of_every_stream",
        _with(stream=True),
        _with(stream=True, stream_options={"include_usage": True}),
        _with(stream=True, stream_options={"include_usage": True, "include_obfuscation": False}),
    ),
    (
        "no_annotations_are_absent",
        {"messages": [{**_USER, "annotations": []}]},
        {"messages": [_USER]},
        {"messages": [{**_USER, "annotations": [{"type": "url_citation"}]}]},
    ),
    (
        "a_function_needs_no_type",
        _with(tools=[{"function": {"name": "f"}}], tool_choice={"function": {"name": "f"}}),
        _with(
            tools=[{"type": "function", "function": {"name": "f"}}],
            tool_choice={"type": "function", "function": {"name": "f"}},
        ),
        _with(tools=[{"type": "custom", "custom": {"name": "f"}}], tool_choice={"function": {"name": "f"}}),
    ),
    ("one_stop_is_a_list", _with(stop="a"), _with(stop=["a"]), _with(stop=["a", "b"])),
    (
        "no_content_is_absent",
        {"messages": [{"role": "assistant", "content": []}]},
        {"messages": [{"role": "assistant"}]},
        {"messages": [{"role": "assistant", "content": ""}]},
    ),
    (
        "a_schema_stands_in_its_format",
        _with(response_format={"type": "json_schema", "schema": {"type": "object"}}),
        _with(response_format={"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}),
        _with(response_format={"type": "json_schema", "json_schema": {"schema": {"type": "array"}}}),
    ),
    ("a_schema_has_a_name", _format(), _format(name="response"), _format(name="answer")),
]


@pytest.mark.parametrize(("name", "one", "same", "other"), CASES, ids=[case[0] for case in CASES])
def test_equivalence_joins_what_is_the_same_and_nothing_else(
    name: str, one: dict[str, Any], same: dict[str, Any], other: dict[str, Any]
) -> None:
    equivalence = getattr(equivalences, name)
    assert one != same
    assert equivalence(one) == equivalence(same)
    assert equivalence(one) != equivalence(other)
    assert equivalences.normal(one) == equivalences.normal(same) != equivalences.normal(other)


def test_every_equivalence_has_a_case_and_there_are_at_most_ten() -> None:
    assert [case[0] for case in CASES] == [equivalence.__name__ for equivalence in equivalences.ALL]
    assert len(equivalences.ALL) <= 10
