"""Conversations as files: what is written comes back whole, byte for byte, and for its owner alone."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jackfield import (
    Bytes,
    Cache,
    Citation,
    Client,
    Conversation,
    Data,
    FileId,
    InvalidInput,
    Media,
    Message,
    Native,
    ProviderState,
    Refusal,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    Url,
)
from tests.core.server import Server, completion, whole

TEXT = st.text(max_size=20)
KEYS = TEXT | st.sampled_from(["$bytes", "$$bytes", "type", "$", "bytes"])
#: What somebody else's value may be: JSON, and bytes, which it is not.
OPAQUE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXT | st.binary(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
STATES = st.none() | st.builds(ProviderState, OPAQUE, TEXT, TEXT)
COMMON: dict[str, Any] = {
    "cache": st.none() | st.builds(Cache, ttl=st.none() | TEXT), "group": st.none() | TEXT, "provider_state": STATES,
}  # fmt: skip
SOURCES = st.builds(Bytes, data=st.binary(max_size=50)) | st.builds(Url, url=TEXT) | st.builds(FileId, file_id=TEXT)
TEXTS = st.builds(
    Text, text=TEXT, citations=st.lists(st.builds(Citation, url=TEXT, raw=OPAQUE), max_size=2).map(tuple), **COMMON
)
MEDIA = st.builds(
    Media,
    kind=st.sampled_from(["image", "audio", "video", "document"]),
    source=SOURCES,
    mime=st.none() | TEXT,
    options=st.dictionaries(KEYS, OPAQUE, max_size=2),
    **COMMON,
)
DATA = st.builds(Data, value=OPAQUE, **COMMON)
NATIVE = st.builds(Native, dialect=TEXT, body=OPAQUE, text=st.none() | TEXT, **COMMON)
CALLS = st.builds(
    ToolCall, id=st.none() | TEXT, name=TEXT, arguments=TEXT, executed_by=st.sampled_from(["caller", "provider"]),
    **COMMON,
)  # fmt: skip
RESULTS = st.builds(
    ToolResult,
    call_id=st.none() | TEXT,
    parts=st.lists(TEXTS | MEDIA | DATA | NATIVE, max_size=2).map(tuple),
    is_error=st.booleans(),
    **COMMON,
)
OTHERS = st.builds(Thinking, text=TEXT, kind=st.sampled_from(["trace", "summary", "redacted"]), **COMMON) | st.builds(
    Refusal, text=TEXT, **COMMON
)
MESSAGES = st.builds(
    Message,
    role=st.sampled_from(["system", "developer", "user", "assistant", "tool"]),
    parts=st.lists(TEXTS | MEDIA | DATA | NATIVE | CALLS | RESULTS | OTHERS, max_size=3).map(tuple),
    name=st.none() | TEXT,
    provider_state=STATES,
)


@given(st.lists(MESSAGES, max_size=3), st.dictionaries(KEYS, OPAQUE, max_size=3))
def test_what_is_written_comes_back(messages: list[Message], facts: dict[str, Any]) -> None:
    written = Conversation(messages, facts)
    data = written.to_json()
    json.loads(data)
    read = Conversation.from_json(data)
    assert list(read) == messages
    assert read.facts == facts
    assert read.to_json() == data


def test_a_file_is_its_owners_alone_and_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "talk.json"
    path.write_text("old")
    path.chmod(0o644)
    talk = Conversation(["Hi", {"role": "assistant", "parts": "Hello"}], {"model": "acme/large"})
    talk.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Conversation.load(str(path)) == talk
    talk.append(Message(role="user", parts=(Data(value={1, 2}), Data(value=object()))))
    with pytest.raises(InvalidInput, match="cannot be written as JSON"):
        talk.save(path)
    assert len(Conversation.load(path)) == 2
    assert [found.name for found in tmp_path.iterdir()] == ["talk.json"]


def test_a_conversation_is_taken_where_messages_are(server: Server, options: dict[str, Any], tmp_path: Path) -> None:
    server.answer(whole(completion("Hello")))
    talk = Conversation(["Hi"])
    with Client(**options) as client:
        talk.append(client.chat("acme/large", talk).message)
        talk.save(tmp_path / "talk")
        again = Conversation.load(tmp_path / "talk")
        again.append(Message(role="user", parts="And now?"))
        client.chat("acme/large", again, system="Be brief")
    sent = json.loads(server.requests[-1]["body"])["messages"]
    assert [(row["role"], row["content"]) for row in sent] == [
        ("system", "Be brief"), ("user", "Hi"), ("assistant", "Hello"), ("user", "And now?"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "is no JSON"),
        (b"[]", "is no conversation"),
        (b'{"messages": {}}', "is no conversation"),
        (b'{"version": 2, "messages": []}', "of version 2; here 1 is read"),
        (b'{"messages": [{"role": "king"}]}', "what is no message: role"),
        (b'{"messages": [{"role": "user", "parts": [{"$bytes": "A"}]}]}', "broken base64"),
        (b'{"messages": [7]}', "what is no message"),
    ],
)
def test_what_is_no_conversation_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        Conversation.from_json(data)


def test_a_conversation_tells_little_of_itself() -> None:
    assert repr(Conversation(["secret"])) == "<Conversation of 1 messages>"
