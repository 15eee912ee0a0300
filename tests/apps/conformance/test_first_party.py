"""Every provider in each of its dialects, and every dialect, passes the kit: with recordings, and with cassettes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest

from jackfield import Boards, HTTPRequest
from jackfield_conformance import Answer, DialectConformance, ProviderConformance, Recorded
from tests.cassettes import tape
from tests.recordings import judge, loader

pytest_plugins = ["jackfield_conformance"]
pytestmark = pytest.mark.allow_skip(reason="what a catalog does not declare is not asked, and the kit says why")

BOARDS = Boards(environ={})
#: Folders of recordings by the dialect in which they are read.
APIS: Mapping[str, tuple[str, ...]] = {
    "openai-chat": ("chat-completions", "run"),
    "openai-responses": ("responses",),
    "anthropic-messages": ("messages", "invoke-model"),
    "gemini": ("generate-content",),
    "bedrock-converse": ("converse",),
    "cohere-chat": ("chat",),
    "ollama-chat": ("chat",),
}
#: Chats that are read of each folder, and the size beyond which one is left to the suites of the recordings.
_MOST, _LARGEST = 16, 12_000
#: What a class needs beside its name: in most dialects beside the main one a model of another family is asked.
MORE: Mapping[tuple[str, str], Mapping[str, Any]] = {
    ("amazon", "anthropic-messages"): {
        "model": "anthropic.claude-sonnet-4-5-20250929-v1:0",
        "answers_as_dialect": False,  # its events come in frames of AWS
    },
    ("replicate", "openai-chat"): {"answers_as_dialect": False},  # what it answers is a prediction
    ("amazon", "openai-chat"): {"model": "openai.gpt-oss-120b-1:0"},
    ("amazon", "openai-responses"): {"model": "openai.gpt-oss-120b-1:0"},
}
#: Recorded answers that are no chat of their dialect, or wrong in themselves, by a part of their file's name.
LEFT_OUT: Mapping[str, str] = {
    "completion_command-r": "an answer of Cohere's first version",
    "DeepSeek-V4-Pro_thinking-GenStream-Tools-SquareRoot-1": "the model broke its arguments off",
    "amazon-nova": "InvokeModel of a model that is asked by Converse",
    "cohere-command": "the same",
    "meta": "the same",
    "TestNova": "the same",
}


#: Cassettes of this repository by provider and dialect.
CASSETTES: Mapping[tuple[str, str], Path] = {("openai", "openai-chat"): tape.CASSETTES / "openai"}


class Ours(ProviderConformance):
    """A provider of this repository: its recordings are read beside its cassettes."""

    @classmethod
    def recordings(cls) -> Iterator[Recorded]:
        yield from super().recordings()
        if loader.root() is None:
            return
        for api in APIS[cls.spoken()]:
            yield from recorded(cls.name, api)


def recorded(provider: str, api: str) -> Iterator[Recorded]:
    """Yield the first chats of a folder that are small."""
    if (provider, api) not in loader.apis():
        return
    count = 0
    for exchange in loader.exchanges(provider, api):
        body = exchange.response_bytes
        asked = exchange.request_json
        if exchange.request["method"] != "POST" or asked is None or len(body) > _LARGEST or exchange.is_error:
            continue
        if any(part in exchange.file for part in LEFT_OUT):
            continue
        count += 1
        if count > _MOST:
            return
        name = f"{exchange.file}[{exchange.index}]"
        answer = Answer(name, body, judge.headers(exchange), int(exchange.response["status"]), exchange.streaming)
        yield Recorded(name, HTTPRequest("POST", exchange.url, {}, asked).encode(), answer)


def classes() -> Iterator[tuple[str, type]]:
    """Make a class for every provider in each of its dialects, and for every dialect."""
    for name in BOARDS.providers():
        info = BOARDS.info(name)
        for dialect in dict.fromkeys((info.dialect, *info.table.get("dialects", {}))):
            title = "Test" + f"{name}-{dialect}".title().replace("-", "").replace(".", "")
            own = {"name": name, "dialect": dialect, "cassettes": CASSETTES.get((name, dialect))}
            yield title, type(title, (Ours,), {**own, **MORE.get((name, dialect), {})})
    for name in BOARDS.dialects():
        title = "TestDialect" + name.title().replace("-", "")
        yield title, type(title, (DialectConformance,), {"name": name})


globals().update(classes())


class TestEveryone:
    """The classes above are all there are."""

    made: ClassVar = dict(classes())

    def test_every_provider_and_dialect_has_a_class(self) -> None:
        providers = {cls.name for cls in self.made.values() if issubclass(cls, ProviderConformance)}
        dialects = {cls.name for cls in self.made.values() if issubclass(cls, DialectConformance)}
        assert providers == set(BOARDS.providers())
        assert dialects == set(BOARDS.dialects())
