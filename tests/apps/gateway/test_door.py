"""Who may come in: each refusal, and that nothing else is refused."""

from __future__ import annotations

import socket

import httpx
import pytest

from jackfield import Boards
from jackfield_gateway import GatewayApp
from tests.apps.gateway.conftest import ask, served
from tests.core.conftest import acme
from tests.core.server import Server, completion, whole

BODY = {"model": "acme/large", "messages": [{"role": "user", "content": "Hi"}]}


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_this_machine_may_call_by_its_names(upstream: Server, gateway: str, host: str) -> None:
    upstream.answer(whole(completion()))
    port = gateway.rpartition(":")[2]
    assert ask(gateway, BODY, host=f"{host}:{port}").status_code == 200
    assert ask(gateway, BODY, host=f"{host}:{port}", origin=f"http://{host}:{port}").status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1", "localhost:1", "127.0.0.1.evil.example:{port}", "localhost:{port}@evil.example", ""],
)
def test_another_host_is_refused(upstream: Server, gateway: str, host: str) -> None:
    answer = ask(gateway, BODY, host=host.format(port=gateway.rpartition(":")[2]))
    assert answer.status_code == 403
    assert "is not this machine" in answer.json()["error"]["message"]
    assert not upstream.requests


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1", "https://127.0.0.1:{port}"])
def test_a_foreign_origin_is_refused(upstream: Server, gateway: str, origin: str) -> None:
    answer = ask(gateway, BODY, origin=origin.format(port=gateway.rpartition(":")[2]))
    assert answer.status_code == 403
    assert "is foreign" in answer.json()["error"]["message"]
    assert not upstream.requests


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", None])
def test_a_body_that_a_web_form_could_send_is_refused(upstream: Server, gateway: str, kind: str | None) -> None:
    headers = {} if kind is None else {"content-type": kind}
    answer = httpx.post(f"{gateway}/v1/chat/completions", content=b"{}", headers=headers)
    assert answer.status_code == 415
    assert "application/json" in answer.json()["error"]["message"]
    assert not upstream.requests


def test_the_list_of_models_is_refused_to_web_pages_as_well(gateway: str) -> None:
    assert httpx.get(f"{gateway}/v1/models").status_code == 200
    assert httpx.get(f"{gateway}/v1/models", headers={"origin": "https://evil.example"}).status_code == 403


def test_with_a_key_only_the_key_counts(upstream: Server) -> None:
    upstream.answer(whole(completion()))
    boards = Boards(acme(upstream.url), environ={})
    app = GatewayApp({"acme": {"api_key": "sk-upstream"}}, key="jf-secret", boards=boards)
    with served(app) as address:
        for wrong in ({}, {"authorization": "Bearer jf-secre"}, {"authorization": "Bearer jf-secret2"}):
            answer = ask(address, BODY, **wrong)
            assert answer.status_code == 401
            assert "jf-secret" not in answer.text
        assert not upstream.requests
        assert ask(address, BODY, authorization="Bearer jf-secret", host="elsewhere.example").status_code == 200
    assert upstream.requests[0]["headers"]["authorization"] == "Bearer sk-upstream"


def test_a_body_that_is_too_large_is_refused(upstream: Server, gateway: str) -> None:
    answer = ask(gateway, {**BODY, "user": "x" * 200_000})
    assert answer.status_code == 413
    assert "larger than 100000 bytes" in answer.json()["error"]["message"]
    assert not upstream.requests


def test_a_taken_port_is_one_line_with_the_remedy(capsys: pytest.CaptureFixture[str]) -> None:
    from jackfield_gateway import command

    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert command(["--port", str(taken.getsockname()[1])]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "choose another with --port" in error


@pytest.mark.parametrize("arguments", [["--demo", "--host", "0.0.0.0"], ["--host", "0.0.0.0"]])  # noqa: S104
def test_another_address_than_loopback_needs_a_key_and_no_demo(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    from jackfield_gateway import command

    assert command([*arguments, "--port", "0"]) == 2
    assert "loopback only" in capsys.readouterr().err
