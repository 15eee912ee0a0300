"""Where a translated request of Cohere's chat format may differ from the recorded one: four named equivalences.

Each brings a wire body to the form in which both writings are the same. `test_equivalences_cohere` has an example and
a counter-example of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.recordings.equivalences import null_is_absent

Body = dict[str, Any]


def one_text_is_a_string(body: Body) -> Body:
    """A message of one plain text block is the same as that text."""
    messages = [
        {**message, "content": _text_of(message["content"])} if "content" in message else message
        for message in body.get("messages", ())
    ]
    return {**body, "messages": messages}


def _text_of(content: Any) -> Any:
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def a_choice_is_in_capitals(body: Body) -> Body:
    """The SDK has REQUIRED and NONE; the API takes small letters too."""
    if isinstance(choice := body.get("tool_choice"), str):
        return {**body, "tool_choice": choice.upper()}
    return body


def a_schema_has_one_name(body: Body) -> Body:
    """The SDK has `json_schema` in the type `json_object`; the API takes `schema`, and `json_schema` as type."""
    form = body.get("response_format")
    if not isinstance(form, dict) or not form.keys() & {"schema", "json_schema"}:
        return body
    schema = form.get("json_schema", form.get("schema"))
    return {**body, "response_format": {"type": "json_object", "json_schema": schema}}


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    one_text_is_a_string,
    a_choice_is_in_capitals,
    a_schema_has_one_name,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
