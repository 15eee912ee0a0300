"""What is asked of OpenAI: each scenario once in the official SDK's words, and once in ours.

A step is a function of the answers before it, so that a tool's result can name the call that it answers.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jackfield import ChatResponse, Media, Message, Text, ToolResult

MODEL = "gpt-5.4"
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
WEATHER = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
SDK_TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "description": "Weather now", "parameters": WEATHER, "strict": True},
}
TOOL = {"name": "get_weather", "description": "Weather now", "parameters": WEATHER, "strict": True}
ASK_WEATHER = "How is the weather in Porto? Use the tool, in celsius."
LONG = "Repeat this to the letter: " + "Ünïcødé — 日本語, العربية, 👩‍👩‍👧‍👦 🏳️‍🌈 \u2028 ﷽ ½ e\u0301. " * 12

#: Keyword arguments of `chat.completions.create`, given the SDK's answers so far.
Sdk = Callable[[list[Any]], dict[str, Any]]
#: Keyword arguments of `Client.chat` or `Client.stream`, given our answers so far.
Ours = Callable[[list[ChatResponse]], dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One request, in both words."""

    sdk: Sdk
    ours: Ours


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Requests that belong together. `fault` makes the sandbox refuse them; `wrong_key` does so with the provider."""

    name: str
    steps: tuple[Step, ...]
    fault: str | None = None
    wrong_key: bool = False
    model: str = MODEL


def _user(text: Any) -> list[dict[str, Any]]:
    return [{"role": "user", "content": text}]


def _one(name: str, messages: list[dict[str, Any]], ours: dict[str, Any], **sdk: Any) -> Scenario:
    streamed = {"stream_options": {"include_usage": True}} if sdk.get("stream") else {}
    step = Step(sdk=lambda _: {"messages": messages, **streamed, **sdk}, ours=lambda _: ours)
    return Scenario(name=name, steps=(step,))


def _refused(name: str, fault: str, **more: Any) -> Scenario:
    step = Step(sdk=lambda _: {"messages": _user("Hello")}, ours=lambda _: {"messages": "Hello"})
    return Scenario(name=name, steps=(step,), fault=fault, **more)


def _answered(answers: list[Any]) -> dict[str, Any]:
    said = answers[0].choices[0].message
    calls = [
        {
            "id": call.id,
            "type": "function",
            "function": {"name": call.function.name, "arguments": call.function.arguments},
        }
        for call in said.tool_calls
    ]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": '{"temperature":19}'} for call in calls]
    turn = {"role": "assistant", "content": said.content, "tool_calls": calls}
    return {"messages": [*_user(ASK_WEATHER), turn, *results], "tools": [SDK_TOOL]}


def _our_answer(answers: list[ChatResponse]) -> dict[str, Any]:
    results = tuple(
        Message(role="tool", parts=(ToolResult(call_id=call.id, parts='{"temperature":19}'),))
        for call in answers[0].tool_calls
    )
    turns = (Message(role="user", parts=ASK_WEATHER), answers[0].message, *results)
    return {"messages": turns, "tools": [TOOL]}


_SHOWN = [
    {"type": "text", "text": "Which colour is this?"},
    {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}"}},
]
_IMAGE = Message(
    role="user", parts=(Text(text="Which colour is this?"), Media(kind="image", source=PIXEL, mime="image/png"))
)
_SCHEMA = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}
_TOLD = [{"role": "system", "content": "Be brief."}, *_user("Say hello.")]
_PARALLEL = "How is the weather in Porto and in Oslo? Ask for both at once, in celsius."

SCENARIOS = (
    _one("plain", _TOLD, {"messages": "Say hello.", "system": "Be brief."}),
    _one(
        "sampled", _user("Say hello."), {"messages": "Say hello.", "temperature": 0.5, "max_tokens": 40, "user": "u-1"},
        temperature=0.5, max_completion_tokens=40, safety_identifier="u-1",
    ),
    _one("stream", _user("Count to three."), {"messages": "Count to three.", "stream": True}, stream=True),
    _one("tool_call", _user(ASK_WEATHER), {"messages": ASK_WEATHER, "tools": [TOOL]}, tools=[SDK_TOOL]),
    _one(
        "tool_call_stream", _user(ASK_WEATHER),
        {"messages": ASK_WEATHER, "tools": [TOOL], "tool_choice": {"name": "get_weather"}, "stream": True},
        tools=[SDK_TOOL], tool_choice={"type": "function", "function": {"name": "get_weather"}}, stream=True,
    ),
    Scenario(
        name="tool_result",
        steps=(
            Step(
                sdk=lambda _: {"messages": _user(ASK_WEATHER), "tools": [SDK_TOOL]},
                ours=lambda _: {"messages": ASK_WEATHER, "tools": [TOOL]},
            ),
            Step(sdk=_answered, ours=_our_answer),
        ),
    ),
    _one(
        "parallel_tools", _user(_PARALLEL),
        {"messages": _PARALLEL, "tools": [TOOL], "parallel_tool_calls": True, "tool_choice": "required"},
        tools=[SDK_TOOL], parallel_tool_calls=True, tool_choice="required",
    ),
    _one(
        "json_schema", _user("Invent a person."),
        {"messages": "Invent a person.", "response_format": {"schema": PERSON, "name": "person", "strict": True}},
        response_format=_SCHEMA,
    ),
    _one("image", _user(_SHOWN), {"messages": [_IMAGE]}),
    _one("long_unicode", _user(LONG), {"messages": LONG}),
    _one("long_unicode_stream", _user(LONG), {"messages": LONG, "stream": True}, stream=True),
    _one("two_choices", _user("Name a colour."), {"messages": "Name a colour.", "n": 2}, n=2),
    _one(
        "two_choices_stream", _user("Name a colour."), {"messages": "Name a colour.", "n": 2, "stream": True},
        n=2, stream=True,
    ),
    _refused("error_401", "status=401", wrong_key=True),
    _refused("error_404", "status=404", model="gpt-none"),
)  # fmt: skip
