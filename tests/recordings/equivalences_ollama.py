"""Where a translated request of Ollama's chat format may differ from the recorded one: four named equivalences.

Each brings a wire body to the form in which both writings are the same. `test_equivalences_ollama` has an example and
a counter-example of each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.recordings.equivalences import null_is_absent

Body = dict[str, Any]


def a_stream_is_the_default(body: Body) -> Body:
    """Who says nothing of a stream gets one."""
    return {"stream": True, **body}


def an_empty_text_is_absent(body: Body) -> Body:
    """A message whose text is empty says what one without a text says."""
    messages = [
        {name: value for name, value in message.items() if (name, value) != ("content", "")}
        for message in body.get("messages", ())
    ]
    return {**body, "messages": messages}


def nothing_asked_is_absent(body: Body) -> Body:
    """No options and an empty form of the answer ask for nothing."""
    return {name: value for name, value in body.items() if name not in ("options", "format") or value}


ALL: tuple[Callable[[Any], Any], ...] = (
    null_is_absent,
    a_stream_is_the_default,
    an_empty_text_is_absent,
    nothing_asked_is_absent,
)


def normal(body: Body) -> Body:
    """Bring a body to the form in which equivalent bodies are equal."""
    for equivalence in ALL:
        body = equivalence(body)
    return body
