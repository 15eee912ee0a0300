"""Servers that a caller runs himself: one that does not answer is an error that says how to start it."""

from __future__ import annotations

import socket

import pytest

from jackfield import Client, ConnectionFailed


@pytest.fixture
def nowhere() -> str:
    """Return the address of a port on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.parametrize(
    ("provider", "remedy"),
    [
        ("ollama", "Start the server with `ollama serve`, or set OLLAMA_BASE_URL"),
        ("llama-cpp", "Start the server, or set LLAMA_CPP_BASE_URL"),
        ("lmstudio", "Start the server, or set LMSTUDIO_BASE_URL"),
        ("vllm", "Start the server, or set VLLM_BASE_URL"),
    ],
)
def test_a_server_that_does_not_run_says_how_to_start_it(nowhere: str, provider: str, remedy: str) -> None:
    with Client(providers={provider: {"base_url": nowhere}}, environ={}, retries=0) as client:
        with pytest.raises(ConnectionFailed) as caught:
            client.chat(f"{provider}/m", "hi")
        assert caught.value.message.startswith("no connection: ")
        assert caught.value.message.endswith(f"; {remedy}")
        with pytest.raises(ConnectionFailed) as caught, client.stream(f"{provider}/m", "hi") as deltas:
            list(deltas)
        assert caught.value.message.endswith(f"; {remedy}")


def test_a_service_that_asks_for_a_key_is_somebody_elses(nowhere: str) -> None:
    provider = {"base_url": nowhere, "api_key": "k"}
    with (
        Client(providers={"cohere": provider}, environ={}, retries=0) as client,
        pytest.raises(ConnectionFailed) as caught,
    ):
        client.chat("cohere/command-a-03-2025", "hi")
    assert "dashboard" not in caught.value.message
