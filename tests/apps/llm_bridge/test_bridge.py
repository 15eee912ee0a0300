"""Jackfield's models in llm: what is asked of the provider, and what llm is told of its answer."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import llm
import pytest
from pydantic import BaseModel

from jackfield_llm_bridge import register_models
from jackfield_llm_bridge._models import Async, Sync
from tests.core.server import DONE, USAGE, Script, Server, chunk, completion, streamed, whole


def _asked(server: Server, number: int = -1) -> Any:
    return json.loads(server.requests[number]["body"])


def _said(*texts: str) -> Script:
    return streamed(*(chunk(content=text) for text in texts), chunk(finish="stop"), USAGE, DONE)


def _called(name: str, arguments: str) -> Script:
    call = {"index": 0, "id": "call_0", "type": "function", "function": {"name": name, "arguments": arguments}}
    return streamed(chunk(role="assistant", tool_calls=[call]), chunk(finish="tool_calls"), USAGE, DONE)


def _registered() -> dict[str, Any]:
    found: dict[str, Any] = {}
    register_models(lambda model, other: found.update({model.model_id: (model, other)}))
    return found


def test_the_models_of_a_provider_with_a_key_are_registered(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    assert set(_registered()) == {"jackfield/acme", "jackfield/acme/large"}
    model, other = _registered()["jackfield/acme/large"]
    assert isinstance(model, llm.Model)
    assert isinstance(other, llm.AsyncModel)
    assert (model.supports_tools, model.supports_schema) == (True, True)
    assert model.attachment_types == {"image/png", "image/jpeg", "image/webp", "image/gif"}
    monkeypatch.delenv("ACME_API_KEY")
    assert _registered() == {}


def test_a_key_that_llm_keeps_is_used(server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ACME_API_KEY")
    (tmp_path / "llm").mkdir()
    (tmp_path / "llm" / "keys.json").write_text('{"acme": "sk-kept-0123456789", "somebody": "else"}')
    server.answer(_said("Hello"))
    (model, _), *_ = _registered().values()
    assert model.prompt("Hi").text() == "Hello"
    assert server.requests[0]["headers"]["authorization"] == "Bearer sk-kept-0123456789"


def test_an_answer_comes_in_pieces_with_usage_and_cost(server: Server) -> None:
    server.answer(_said("Hel", "lo"))
    response = Sync("acme/large").prompt("Hi", system="Be brief", temperature=0.5, max_tokens=9)
    assert list(response) == ["Hel", "lo"]
    assert (response.input_tokens, response.output_tokens) == (3, 2)
    assert response.token_details == {"cost": "0.000008 USD", "cost_status": "priced"}
    assert response.resolved_model == "large-1"
    body = _asked(server)
    assert [(row["role"], row["content"]) for row in body["messages"]] == [("system", "Be brief"), ("user", "Hi")]
    assert (body["temperature"], body["max_tokens"], body["stream"]) == (0.5, 9, True)


def test_an_answer_may_come_whole(server: Server) -> None:
    server.answer(whole(completion("Hello")))
    assert Sync("acme/large").prompt("Hi", stream=False).text() == "Hello"
    assert "stream" not in _asked(server)


def test_an_async_model_is_awaited(server: Server) -> None:
    server.answer(_said("Hel", "lo"))

    async def ask() -> list[str]:
        return [piece async for piece in Async("acme/large").prompt("Hi")]

    assert asyncio.run(ask()) == ["Hel", "lo"]


def test_a_conversation_goes_on(server: Server) -> None:
    server.answer(_said("Hello"), _said("Bye"))
    conversation = Sync("acme/large").conversation()
    conversation.prompt("Hi").text()
    assert conversation.prompt("And now?").text() == "Bye"
    assert [row["content"] for row in _asked(server)["messages"]] == ["Hi", "Hello", "And now?"]


def test_what_a_model_thought_goes_back_as_it_came(server: Server) -> None:
    said = streamed(chunk(reasoning_content="Hm."), chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE)
    server.answer(said, _said("Bye"))
    conversation = Sync("acme/large").conversation()
    response = conversation.prompt("Hi")
    events = [event.type for event in response.stream_events()]  # type: ignore[no-untyped-call]
    assert events[:2] == ["reasoning", "text"]
    parts = response.messages()[0].parts
    assert [type(part).__name__ for part in parts] == ["ReasoningPart", "TextPart"]
    conversation.prompt("And now?").text()
    from jackfield_llm_bridge._messages import asked

    thought = asked("acme/large", conversation.responses[-1].prompt, True).messages[1].parts[0]
    assert thought.type == "thinking"
    assert thought.provider_state is not None


def test_tools_are_called_by_llm(server: Server) -> None:
    def add(a: int, b: int) -> str:
        """Add two numbers."""
        return str(a + b)

    server.answer(_called("add", '{"a": 1, "b": 2}'), _said("three"))
    assert Sync("acme/large").chain("What is 1+2?", tools=[add]).text() == "three"
    function = _asked(server, 0)["tools"][0]["function"]
    assert (function["name"], function["description"]) == ("add", "Add two numbers.")
    call, result = _asked(server)["messages"][-2:]
    assert json.loads(call["tool_calls"][0]["function"]["arguments"]) == {"a": 1, "b": 2}
    assert (result["role"], result["tool_call_id"], result["content"]) == ("tool", "call_0", "3")


def test_arguments_that_are_no_json_are_an_error(server: Server) -> None:
    server.answer(_called("add", "{"))
    with pytest.raises(llm.ModelError, match="called add with what is no JSON"):
        Sync("acme/large").prompt("Hi", tools=[llm.Tool("add")]).text()


def test_a_schema_is_asked_for(server: Server) -> None:
    class Dog(BaseModel):
        """A dog."""

        name: str

    server.answer(_said('{"name": "Rex"}'))
    response = Sync("acme/large").prompt("A dog", schema=Dog)
    assert json.loads(response.text()) == {"name": "Rex"}
    assert _asked(server)["response_format"]["json_schema"]["schema"]["properties"]["name"]["type"] == "string"


def test_an_attachment_is_sent(server: Server) -> None:
    server.answer(_said("A dot"))
    picture = llm.Attachment(type="image/png", content=b"\x89PNG")
    assert Sync("acme/large").prompt("What is this?", attachments=[picture]).text() == "A dot"
    content = _asked(server)["messages"][0]["content"]
    assert sorted(part["type"] for part in content) == ["image_url", "text"]


@pytest.mark.parametrize("stream", [True, False])
def test_an_error_of_the_provider_is_llms(server: Server, stream: bool) -> None:
    server.answer(whole({"error": {"message": "this key is wrong"}}, 401))
    with pytest.raises(llm.ModelError, match="this key is wrong"):
        Sync("acme/large").prompt("Hi", stream=stream).text()


def test_the_command_of_llm_has_the_models(server: Server) -> None:
    server.answer(_said("Hello"))
    command = [sys.executable, "-m", "llm", "prompt", "-m", "jackfield/acme", "-o", "model", "large", "Hi"]
    done = subprocess.run(command, env=dict(os.environ), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "Hello"), done.stderr
    assert _asked(server)["model"] == "large"
