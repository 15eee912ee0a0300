"""ChatJackfield: what is asked of the provider, and what LangChain is told of its answer, in both colours."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage, SystemMessage, ToolMessage
from pydantic import BaseModel, SecretStr

from jackfield import AuthenticationError, Boards, InvalidInput
from jackfield_langchain_bridge import ChatJackfield
from tests.core.conftest import acme
from tests.core.server import DONE, USAGE, Script, Server, chunk, completion, running, streamed, whole


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def model(server: Server) -> Iterator[ChatJackfield]:
    boards = Boards(acme(server.url), environ={})
    found = ChatJackfield(model="acme/large", api_key=SecretStr("sk-acme-0123456789"), max_retries=0, boards=boards)
    yield found
    found.close()


def _asked(server: Server, number: int = -1) -> Any:
    return json.loads(server.requests[number]["body"])


def _calling(name: str, arguments: str) -> Script:
    call = {"id": "call_0", "type": "function", "function": {"name": name, "arguments": arguments}}
    message = {"role": "assistant", "content": None, "tool_calls": [call]}
    return whole(completion(choices=[{"index": 0, "message": message, "finish_reason": "tool_calls"}]))


def add(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


class Person(BaseModel):
    """Somebody."""

    name: str


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_an_answer_has_text_usage_and_cost(server: Server, model: ChatJackfield, colour: str) -> None:
    server.answer(whole(completion("Hello")))
    messages = [SystemMessage("Be brief"), HumanMessage("Hi")]
    answer = model.invoke(messages) if colour == "sync" else asyncio.run(model.ainvoke(messages))
    assert answer.text == "Hello"
    usage: Any = answer.usage_metadata
    assert (usage["input_tokens"], usage["output_tokens"], usage["total_tokens"]) == (3, 2, 5)
    told = answer.response_metadata
    assert (told["model_name"], told["model_provider"], told["finish_reason"]) == ("large-1", "acme", "stop")
    assert Decimal(told["cost"]["total"]) == Decimal("0.000008")
    assert [(row["role"], row["content"]) for row in _asked(server)["messages"]] == [
        ("system", "Be brief"), ("user", "Hi"),
    ]  # fmt: skip
    assert server.requests[0]["headers"]["authorization"] == "Bearer sk-acme-0123456789"
    assert "sk-acme" not in repr(model)


@pytest.mark.parametrize("colour", ["sync", "async"])
def test_a_stream_adds_up_to_the_answer(server: Server, model: ChatJackfield, colour: str) -> None:
    server.answer(
        streamed(
            chunk(reasoning_content="Hm."), chunk(content="Hel"), chunk(content="lo"), chunk(finish="stop"), USAGE, DONE
        )
    )

    async def collect() -> list[AIMessageChunk]:
        return [piece async for piece in model.astream("Hi")]

    pieces = list(model.stream("Hi")) if colour == "sync" else asyncio.run(collect())
    assert [piece.text for piece in pieces if piece.text] == ["Hel", "lo"]
    total = pieces[0]
    for piece in pieces[1:]:
        total = total + piece
    assert total.text == "Hello"
    assert total.additional_kwargs["reasoning_content"] == "Hm."
    assert total.usage_metadata is not None
    assert total.usage_metadata["total_tokens"] == 5
    assert total.response_metadata["finish_reason"] == "stop"


def test_parameters_have_their_place(server: Server) -> None:
    server.answer(whole(completion()))
    boards = Boards(acme(server.url), environ={"ACME_API_KEY": "x"})
    model = ChatJackfield(
        model="acme/large", temperature=0.5, max_tokens=9, stop_sequences=["a"], model_kwargs={"top_p": 0.9},
        providers={"acme": {"api_key": "sk-acme-0123456789"}}, boards=boards,
    )  # fmt: skip
    model.invoke("Hi", stop=["b"], frequency_penalty=0.25)
    body = _asked(server)
    assert (body["temperature"], body["max_tokens"], body["stop"], body["top_p"]) == (0.5, 9, ["b"], 0.9)
    assert body["frequency_penalty"] == 0.25
    model.invoke("Hi", model="acme/other")
    assert (_asked(server)["model"], _asked(server)["stop"]) == ("other", ["a"])
    model.close()


def test_tools_are_called_and_answered(server: Server, model: ChatJackfield) -> None:
    server.answer(_calling("add", '{"a": 1, "b": 2}'), whole(completion("3")))
    bound = model.bind_tools([add], tool_choice="any")
    answer = bound.invoke("What is 1+2?")
    assert answer.tool_calls == [{"name": "add", "args": {"a": 1, "b": 2}, "id": "call_0", "type": "tool_call"}]
    asked = _asked(server)
    assert asked["tools"][0]["function"]["name"] == "add"
    assert asked["tool_choice"] == "required"
    final = bound.invoke([HumanMessage("What is 1+2?"), answer, ToolMessage("3", tool_call_id="call_0", name="add")])
    assert final.text == "3"
    call, result = _asked(server)["messages"][1:]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"a": 1, "b": 2}
    assert (result["role"], result["tool_call_id"], result["content"]) == ("tool", "call_0", "3")


def test_a_call_comes_in_pieces(server: Server, model: ChatJackfield) -> None:
    function = {"name": "add", "arguments": '{"a": 1,'}
    first = {"index": 0, "id": "call_0", "type": "function", "function": function}
    second = {"index": 0, "function": {"arguments": ' "b": 2}'}}
    server.answer(
        streamed(chunk(tool_calls=[first]), chunk(tool_calls=[second]), chunk(finish="tool_calls"), USAGE, DONE)
    )
    pieces = list(model.bind_tools([add]).stream("What is 1+2?"))
    total: Any = pieces[0]
    for piece in pieces[1:]:
        total = total + piece
    assert total.tool_calls == [{"name": "add", "args": {"a": 1, "b": 2}, "id": "call_0", "type": "tool_call"}]


def test_a_call_that_is_no_json_is_told_as_such(server: Server, model: ChatJackfield) -> None:
    server.answer(_calling("add", "{"))
    answer = model.bind_tools([add]).invoke("Hi")
    assert answer.tool_calls == []
    assert answer.invalid_tool_calls[0]["args"] == "{"


@pytest.mark.parametrize("method", ["json_schema", "json_mode", "function_calling"])
def test_structured_output_is_a_value(server: Server, model: ChatJackfield, method: str) -> None:
    arguments = '{"name": "Ada"}'
    server.answer(_calling("Person", arguments) if method == "function_calling" else whole(completion(arguments)))
    assert model.with_structured_output(Person, method=method).invoke("Who?") == Person(name="Ada")
    if method == "json_schema":
        assert _asked(server)["response_format"]["json_schema"]["name"] == "Person"


def test_structured_output_keeps_what_cannot_be_read(server: Server, model: ChatJackfield) -> None:
    server.answer(whole(completion("Ada")), whole(completion('{"name": "Ada"}')))
    asked = model.with_structured_output(Person, include_raw=True)
    found = asked.invoke("Who?")
    assert (found["raw"].text, found["parsed"]) == ("Ada", None)
    assert found["parsing_error"] is not None
    found = asked.invoke("Who?")
    assert (found["parsed"], found["parsing_error"]) == (Person(name="Ada"), None)
    with pytest.raises(ValueError, match="method is 'magic'"):
        model.with_structured_output(Person, method="magic")


@pytest.mark.parametrize(
    "block",
    [
        {"type": "image", "base64": base64.b64encode(b"\x89PNG").decode(), "mime_type": "image/png"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
    ],
)
def test_an_image_is_sent(server: Server, model: ChatJackfield, block: dict[str, Any]) -> None:
    server.answer(whole(completion("A dot")))
    model.invoke([HumanMessage(content=[{"type": "text", "text": "What is this?"}, block])])
    text, image = _asked(server)["messages"][0]["content"]
    assert text["text"] == "What is this?"
    assert image["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_block_without_a_form_is_refused(server: Server, model: ChatJackfield) -> None:
    with pytest.raises(InvalidInput, match="'non_standard' has no form here"):
        model.invoke([HumanMessage(content=[{"type": "smell", "of": "roses"}])])
    assert not server.requests


def test_an_answer_goes_back_as_it_came_unless_it_was_changed(server: Server, model: ChatJackfield) -> None:
    from jackfield_langchain_bridge._messages import messages_of

    message = {"role": "assistant", "content": "Hello", "reasoning_content": "Hm."}
    server.answer(whole(completion(choices=[{"index": 0, "message": message, "finish_reason": "stop"}])))
    answer = model.invoke("Hi")
    assert answer.additional_kwargs["reasoning_content"] == "Hm."
    (back,) = messages_of([answer])
    assert [part.type for part in back.parts] == ["thinking", "text"]
    assert back.parts[0].provider_state is not None
    (changed,) = messages_of([answer.model_copy(update={"content": "Good day"})])
    assert (changed.text, [part.type for part in changed.parts]) == ("Good day", ["text"])
    (theirs,) = messages_of([AIMessage("Hi", tool_calls=[{"name": "f", "args": {}, "id": "c"}])])
    assert [part.type for part in theirs.parts] == ["text", "tool_call"]


def test_errors_are_those_of_jackfield(server: Server, model: ChatJackfield) -> None:
    server.answer(whole({"error": {"message": "this key is wrong"}}, 401))
    with pytest.raises(AuthenticationError, match="this key is wrong"):
        model.invoke("Hi")
