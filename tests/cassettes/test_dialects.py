"""Every scenario of the other dialects, as Jackfield asks: the request is the SDK's, the answer reads as recorded."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

import jackfield
from jackfield import Boards, ChatResponse, Client
from tests.cassettes.dialects import DIALECTS, OURS, SCENARIOS, Dialect
from tests.cassettes.tape import CASSETTES, interactions, player
from tests.recordings.judge import described, unlike

PAIRS = [(dialect, scenario) for dialect in DIALECTS for scenario in SCENARIOS]
each_pair = pytest.mark.parametrize(
    ("dialect", "scenario"), PAIRS, ids=[f"{dialect.folder}-{scenario}" for dialect, scenario in PAIRS]
)


@pytest.fixture(scope="module")
def boards() -> Boards:
    return Boards(environ={})


@pytest.fixture
def client(dialect: Dialect, boards: Boards) -> Iterator[Client]:
    settings: dict[str, Any] = {"api_key": "none-of-anybody", "dialect": dialect.name}
    if dialect.provider == "ollama":
        settings["base_url"] = dialect.base_url
    with (
        httpx.Client() as transport,
        Client({dialect.provider: settings}, boards=boards, transport=transport, environ={}, retries=0) as made,
    ):
        yield made


def ask(client: Client, dialect: Dialect, scenario: str) -> ChatResponse:
    parameters = dict(OURS[scenario])
    model = f"{dialect.provider}/{dialect.model}"
    if not parameters.pop("stream", False):
        return client.chat(model, **parameters)
    with client.stream(model, **parameters) as stream:
        for _ in stream:
            pass
        return stream.response


@each_pair
def test_a_cassette_plays_to_jackfield(dialect: Dialect, scenario: str, client: Client) -> None:
    path = CASSETTES / dialect.folder / f"{scenario}.yaml"
    (recorded,) = interactions(path)
    oracle: Any = importlib.import_module(f"tests.recordings.oracle.{dialect.name.replace('-', '_')}")
    with player().use_cassette(str(path)) as cassette:
        if scenario == "error_401":
            expected = oracle.read_error(recorded)
            with pytest.raises(getattr(jackfield, expected["class"])) as caught:
                ask(client, dialect, scenario)
            assert caught.value.status == 401
            assert expected["message"] in str(caught.value)
        else:
            response = ask(client, dialect, scenario)
            expected = oracle.read_answer(recorded)
            assert expected["error"] is None
            assert not [*unlike(expected, described(response))]
            assert response.adjustments == ()
        assert cassette.play_count == 1


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.folder)
def test_the_scenarios_show_what_they_are_for(dialect: Dialect) -> None:
    folder = CASSETTES / dialect.folder
    assert {path.stem for path in folder.iterdir()} == set(SCENARIOS)
    oracle: Any = importlib.import_module(f"tests.recordings.oracle.{dialect.name.replace('-', '_')}")
    said = {name: oracle.read_answer(interactions(folder / f"{name}.yaml")[0])["choices"][0] for name in SCENARIOS[:3]}
    assert said["plain"]["text"] == said["stream"]["text"] != ""
    assert {call["name"] for call in said["tool_call"]["tool_calls"]} == {"get_weather"}
