"""Where a translated request of Converse may differ from the recorded one: five named equivalences.

Each brings a wire body to the form in which both writings are the same. `test_equivalences_bedrock` has an example and
a counter-example of each.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from tests.recordings.equivalences import null_is_absent

Body = dict[str, Any]


def empty_is_absent(body: Body) -> Body:
    """A top-level object or list that is empty, and an empty list of stop sequences, say nothing."""
    config = body.get("inferenceConfig")
    if isinstance(config, dict):
        config = {name: value for name, value in config.items() if value != []}
        body = {**body, "inferenceConfig": config}
    return {name: value for name, value in body.items() if value not in ({}, []) or name == "messages"}


def success_is_absent(body: Body) -> Body:
    """A tool's result with the status success says what one without a status says."""

    def without(block: Any) -> Any:
        result = block.get("toolResult")
        if not isinstance(result, Mapping) or result.get("status") != "success":
            return block
        return {"toolResult": {name: value for name, value in result.items() if name != "status"}}

    messages = [{**row, "content": [without(block) for block in row["content"]]} for row in body.get("messages", ())]
    return {**body, "messages": messages}


def turns_of_one_role_are_one(body: Body) -> Body:
    """Messages of one role that follow each other are one message: the API wants the roles to alternate."""
    messages: list[Any] = []
    for message in body.get("messages", ()):
        if messages and messages[-1]["role"] == message["role"]:
            messages[-1] = {**message, "content": [*messages[-1]["content"], *message["content"]]}
        else:
            messages.append(message)
    return {**body, "messages": messages}


def schemas_are_compared_as_json(body: Body) -> Body:
    """The schema of the answer is JSON in a text: its white space and the order of its members mean nothing."""
    text = (body.get("outputConfig") or {}).get("textFormat")
    if not isinstance(text, Mapping):
        return body
    told = text["structure"]["jsonSchema"]
    structure = {"jsonSchema": {**told, "schema": json.loads(told["schema"])}}
    return {**body, "outputConfig": {**body["outputConfig"], "textFormat": {**text, "structure": structure}}}


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    empty_is_absent,
    turns_of_one_role_are_one,
    success_is_absent,
    schemas_are_compared_as_json,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
