"""`jackfield embed`, `rerank` and `tokens`: rows for people, JSON for programs, texts from the line or a pipe."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apps.cli.processes import Command
from tests.core.server import Server, running, whole

CONFIG = """
[providers.acme.provider]
name = "acme"
title = "Acme"
dialect = "openai-chat"
base_url = "{url}"
operations = ["chat", "embedding", "rerank", "token_count"]

[[providers.acme.auth]]
kind = "none"
"""
VECTORS = {"data": [{"index": 0, "embedding": [0.5, 1, 2, 3, 4]}], "model": "m", "usage": {"prompt_tokens": 3}}
RANKED = {"results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}]}


@pytest.fixture
def server() -> Iterator[Server]:
    with running() as found:
        yield found


@pytest.fixture
def command(jackfield: Command, server: Server, tmp_path: Path) -> Command:
    config = tmp_path / "asked.toml"
    config.write_text(CONFIG.format(url=server.url))
    return Command(environ={**jackfield.environ, "JACKFIELD_CONFIG": str(config)})


def sent(server: Server) -> Any:
    return json.loads(server.requests[-1]["body"])


def test_texts_are_embedded(command: Command, server: Server) -> None:
    server.answer(whole(VECTORS))
    done = command("embed", "-m", "acme/m", "--dimensions", "5", "Blue light scatters.")
    assert done.status == 0, done.err
    assert done.out.splitlines()[1].split("  ")[0] == "Blue light scatters."
    assert "0.50000, 1.00000, 2.00000, 3.00000 ..." in done.out
    assert sent(server) == {
        "model": "m", "input": ["Blue light scatters."], "encoding_format": "float", "dimensions": 5,
    }  # fmt: skip


def test_a_program_gets_whole_vectors_and_what_was_left_out(command: Command, server: Server) -> None:
    server.answer(whole(VECTORS))
    done = command("embed", "-m", "acme/m", "--type", "query", "--json", stdin="Blue light scatters.\n\n")
    found = json.loads(done.out)
    assert (found["vectors"], found["usage"], found["cost"]) == ([[0.5, 1, 2, 3, 4]], {"input": 3}, None)
    assert found["adjustments"] == ["input_type: dropped, the model does not take it"]
    assert sent(server)["input"] == ["Blue light scatters."]


def test_documents_are_ranked(command: Command, server: Server) -> None:
    server.answer(whole(RANKED))
    done = command("rerank", "-m", "acme/m", "--top-n", "2", "why?", stdin="one\ntwo\n")
    assert [line.split() for line in done.out.splitlines()[1:]] == [["0.90000", "1", "two"], ["0.10000", "0", "one"]]
    assert sent(server)["documents"] == ["one", "two"]
    done = command("rerank", "-m", "acme/m", "--json", "why?", "one", "two")
    assert json.loads(done.out)["results"][0] == {"index": 1, "relevance_score": 0.9, "document": "two"}


def test_tokens_are_counted(command: Command, server: Server) -> None:
    server.answer(whole({"input_tokens": 14}))
    assert command("tokens", "-m", "acme/m", "--system", "Be terse.", "Hi", "there").out == "14\n"
    assert [row["content"] for row in sent(server)["input"]] == ["Be terse.", "Hi there"]
    found = json.loads(command("tokens", "-m", "acme/m", "--json", stdin="Hi").out)
    assert (found["input_tokens"], found["estimated"]) == (14, False)


@pytest.mark.parametrize("words", ["embed -m acme/m", "rerank -m acme/m q", "tokens -m acme/m"])
def test_without_a_text_nobody_is_asked(command: Command, server: Server, words: str) -> None:
    done = command(*words.split(), stdin="")
    assert done.status != 0
    assert "no text is given" in done.err
    assert not server.requests


def test_a_refusal_is_told_in_a_line(command: Command, server: Server) -> None:
    server.answer(whole({"error": {"message": "no such model"}}, 404))
    done = command("rerank", "-m", "acme/m", "q", "d")
    assert done.status != 0
    assert "no such model" in done.err
