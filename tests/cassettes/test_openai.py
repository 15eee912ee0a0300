"""Every scenario of OpenAI, as Jackfield asks it: the request is the recorded one, and the answer reads as recorded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest

import jackfield
from jackfield import Boards, ChatResponse, Client
from tests.cassettes.openai_scenarios import SCENARIOS, Scenario
from tests.cassettes.tape import CASSETTES, interactions, player
from tests.recordings.judge import described, unlike
from tests.recordings.oracle import openai_chat as oracle

FOLDER = CASSETTES / "openai"
KEY = "sk-none-of-anybody"
each_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)


@pytest.fixture(scope="session")
def boards() -> Boards:
    return Boards(environ={})


@pytest.fixture(params=["httpx", "httpx2"])
def client(request: pytest.FixtureRequest, boards: Boards) -> Iterator[Client]:
    library: Any = {"httpx": httpx, "httpx2": httpx2}[request.param]
    with (
        library.Client() as transport,
        Client({"openai": {"api_key": KEY}}, boards=boards, transport=transport, environ={}, retries=0) as made,
    ):
        yield made


def _ask(client: Client, scenario: Scenario, parameters: dict[str, Any]) -> ChatResponse:
    parameters = dict(parameters)
    model = f"openai/{scenario.model}"
    if not parameters.pop("stream", False):
        return client.chat(model, **parameters)
    with client.stream(model, **parameters) as stream:
        for _ in stream:
            pass
        return stream.response


@each_scenario
def test_a_cassette_plays_to_jackfield(client: Client, scenario: Scenario) -> None:
    path = FOLDER / f"{scenario.name}.yaml"
    recorded = interactions(path)
    answers: list[ChatResponse] = []
    with player().use_cassette(str(path)) as cassette:
        for number, step in enumerate(scenario.steps):
            if scenario.fault is not None:
                _check_refusal(client, scenario, step.ours(answers), recorded[number])
                continue
            response = _ask(client, scenario, step.ours(answers))
            expected = oracle.read_answer(recorded[number])
            assert expected["error"] is None
            assert not [*unlike(expected, described(response))]
            assert response.adjustments == ()
            answers.append(response)
        assert cassette.all_played
        assert cassette.play_count == len(recorded) == len(scenario.steps)


def _check_refusal(client: Client, scenario: Scenario, parameters: dict[str, Any], recorded: dict[str, Any]) -> None:
    expected = oracle.read_error(recorded)
    with pytest.raises(getattr(jackfield, expected["class"])) as caught:
        _ask(client, scenario, parameters)
    assert {name: getattr(caught.value, name) for name in ("status", "code", "param")} == {
        name: expected[name] for name in ("status", "code", "param")
    }
    assert expected["message"] in str(caught.value)


def test_a_request_that_was_not_recorded_is_refused(client: Client) -> None:
    from vcr.errors import CannotOverwriteExistingCassetteException

    with (
        player().use_cassette(str(FOLDER / "plain.yaml")) as cassette,
        pytest.raises(CannotOverwriteExistingCassetteException),
    ):
        client.chat("openai/gpt-5.4", "Something else.")
    assert cassette.play_count == 0


def test_every_cassette_has_its_scenario() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {scenario.name for scenario in SCENARIOS}


def test_the_scenarios_show_what_they_are_for() -> None:
    """A recording in which the model called one tool where several were asked for proves nothing of several."""
    said = {name: oracle.read_answer(interactions(FOLDER / f"{name}.yaml")[-1])["choices"] for name in _SHOWN}
    assert len(said["parallel_tools"][0]["tool_calls"]) > 1
    assert [row["finish_reason"] for row in said["tool_call"]] == ["tool_calls"]
    assert said["tool_call_stream"][0]["tool_calls"][0]["name"] == "get_weather"
    assert len(said["two_choices"]) == len(said["two_choices_stream"]) == 2
    assert said["tool_result"][0]["text"]


_SHOWN = ("parallel_tools", "tool_call", "tool_call_stream", "tool_result", "two_choices", "two_choices_stream")
