"""Where a translated request may differ from the one that was recorded: ten named equivalences, and nothing else.

Each brings a wire body to the form in which both writings are the same. `test_equivalences` has an example and a
counter-example of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Body = dict[str, Any]


def null_is_absent(value: Any) -> Any:
    """A member that is null says what an absent one says."""
    if isinstance(value, Mapping):
        return {name: null_is_absent(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [null_is_absent(inner) for inner in value]
    return value


def one_text_is_a_string(body: Body) -> Body:
    """A content of one plain text part is the same as that text."""
    return _each_message(body, "content", _text_of)


def _text_of(content: Any) -> Any:
    if isinstance(content, list) and len(content) == 1 and content[0].keys() == {"type", "text"}:
        return content[0]["text"]
    return content


def max_tokens_has_two_names(body: Body) -> Body:
    """`max_tokens` and `max_completion_tokens` are one parameter; which is written is the catalog's to say."""
    return {"max_completion_tokens" if name == "max_tokens" else name: value for name, value in body.items()}


def usage_is_asked_of_every_stream(body: Body) -> Body:
    """We always ask a stream for its usage, and nothing that is no stream."""
    options = {name: value for name, value in body.get("stream_options", {}).items() if name != "include_usage"}
    body = {name: value for name, value in body.items() if name != "stream_options"}
    return {**body, "stream_options": options} if options else body


def no_annotations_are_absent(body: Body) -> Body:
    """An empty list of annotations, which SDKs send back with an answer, is no annotation."""
    return _each_message(body, "annotations", lambda notes: notes or None)


def a_schema_has_a_name(body: Body) -> Body:
    """The format wants a name for a schema; where none was given, ours is `response`."""
    form = body.get("response_format")
    if isinstance(form, dict) and isinstance(form.get("json_schema"), dict):
        return {**body, "response_format": {**form, "json_schema": {"name": "response", **form["json_schema"]}}}
    return body


def a_function_needs_no_type(body: Body) -> Body:
    """Hosts take a tool, and the choice of one, without a type: then it is a function."""
    tools, choice = body.get("tools"), body.get("tool_choice")
    if tools is not None:
        body = {**body, "tools": [_typed(tool) for tool in tools]}
    return body if choice is None else {**body, "tool_choice": _typed(choice)}


def _typed(tool: Any) -> Any:
    return {"type": "function", **tool} if isinstance(tool, dict) and "function" in tool else tool


def a_schema_stands_in_its_format(body: Body) -> Body:
    """Hosts take a schema beside the type of its format, too."""
    form = body.get("response_format")
    if isinstance(form, dict) and "schema" in form:
        return {**body, "response_format": {"type": form["type"], "json_schema": {"schema": form["schema"]}}}
    return body


def one_stop_is_a_list(body: Body) -> Body:
    """One sequence that stops is the same as a list of it."""
    return {**body, "stop": [body["stop"]]} if isinstance(body.get("stop"), str) else body


def no_content_is_absent(body: Body) -> Body:
    """A list of no parts, which SDKs send beside calls, is no content."""
    return _each_message(body, "content", lambda content: None if content == [] else content)


def _each_message(body: Body, member: str, change: Callable[[Any], Any]) -> Body:
    messages = []
    for message in body.get("messages", ()):
        if member in message:
            changed = change(message[member])
            message = {name: value for name, value in message.items() if name != member}
            if changed is not None:
                message[member] = changed
        messages.append(message)
    return {**body, "messages": messages}


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    one_text_is_a_string,
    max_tokens_has_two_names,
    usage_is_asked_of_every_stream,
    no_annotations_are_absent,
    a_function_needs_no_type,
    one_stop_is_a_list,
    no_content_is_absent,
    a_schema_stands_in_its_format,
    a_schema_has_a_name,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
