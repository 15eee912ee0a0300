"""Acme passes the conformance kit, and answers over a socket."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import server

from jackfield import AuthenticationError, Client, ModelNotFoundError, UnsupportedFeature
from jackfield_conformance import ProviderConformance

pytest_plugins = ["jackfield_conformance"]


class TestAcme(ProviderConformance):
    name = "acme"
    cassettes = Path(__file__).parent / "cassettes"


@pytest.fixture
def base_url() -> Iterator[str]:
    with server.serve() as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}/v1"
        running.shutdown()


@pytest.fixture
def client(base_url: str) -> Iterator[Client]:
    with Client(providers={"acme": {"base_url": base_url, "api_key": server.KEY}}, retries=0) as client:
        yield client


def test_it_answers(client: Client) -> None:
    answer = client.chat("acme/acme-large", "Good morning to you")
    assert answer.text == "You said: Good morning to you"
    assert answer.finish_reason == "stop"
    assert answer.cost is not None
    assert str(answer.cost) == "0.000011 USD"


def test_a_stream_is_the_same(client: Client) -> None:
    with client.stream("acme/acme-large", "Good morning to you", max_tokens=3) as stream:
        assert len(list(stream)) > 3
    assert stream.response.text == "You said: Good"
    assert stream.response.finish_reason == "length"


def test_what_goes_wrong_is_told(client: Client, base_url: str) -> None:
    with pytest.raises(ModelNotFoundError, match="there is no model acme-small"):
        client.chat("acme/acme-small", "Hi")
    with pytest.raises(UnsupportedFeature, match="tools"):
        client.chat("acme/acme-large", "Hi", tools=[{"name": "clock"}])
    with (
        Client(providers={"acme": {"base_url": base_url, "api_key": "wrong"}}) as stranger,
        pytest.raises(AuthenticationError, match="this key opens nothing"),
    ):
        stranger.chat("acme/acme-large", "Hi")
