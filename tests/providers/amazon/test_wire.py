"""What goes over a socket is what was signed, whatever HTTP library sends it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest

import jackfield
from jackfield import AsyncClient, Boards, Client
from jackfield_amazon import _chain
from tests.core.server import running, whole
from tests.dialects.bedrock.test_framing import event
from tests.providers.amazon.test_sigv4 import botocore_signs

PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
KEYS = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": "secret-of-mine", "session_token": "token-of-mine"}
ANSWER = {
    "output": {"message": {"role": "assistant", "content": [{"text": "Hello"}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
}


@pytest.mark.parametrize("library", [httpx, httpx2])
@pytest.mark.parametrize("model", [PROFILE, "us.anthropic.claude-haiku-4-5-20251001-v1:0"])
def test_what_a_server_receives_is_what_was_signed(library: Any, model: str) -> None:
    with running() as server, library.Client() as transport:
        server.answer(whole(ANSWER))
        base = server.url.removesuffix("/v1")
        client = Client({"amazon": {**KEYS, "base_url": base}}, boards=Boards(environ={}), transport=transport)
        assert client.chat(f"amazon/{model}", "Hi").text == "Hello"
        assert not [value for value in (KEYS["secret_access_key"], KEYS["session_token"]) if value in repr(client)]
        (received,) = server.requests
    headers = received["headers"]
    at = datetime.strptime(headers["x-amz-date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    assert datetime.now(UTC) - at < timedelta(minutes=1)
    signed = headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert signed == ["content-type", "host", "x-amz-date", "x-amz-security-token"]
    sent = {name: headers[name] for name in ("content-type", "host")}
    url = f"http://{headers['host']}{received['path']}"
    expected = botocore_signs("POST", url, sent, received["body"], KEYS, "us-east-1", at)
    assert headers["authorization"] == expected["authorization"]


def test_a_stream_of_frames_comes_through() -> None:
    rows = [
        event("messageStart", b'{"role":"assistant"}'),
        event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"Hel"}}'),
        event("contentBlockDelta", b'{"contentBlockIndex":0,"delta":{"text":"lo"}}'),
    ]
    end = [event("messageStop", b'{"stopReason":"end_turn"}'), event("metadata", b"{}")]
    with running() as server:
        base = server.url.removesuffix("/v1")
        with Client({"amazon": {"api_key": "k", "base_url": base}}, boards=Boards(environ={})) as client:
            server.answer(whole(b"".join([*rows, *end]), content_type="application/vnd.amazon.eventstream"))
            with client.stream("amazon/amazon.nova-lite-v1:0", "Hi") as deltas:
                told = "".join(delta.text for delta in deltas if isinstance(delta, jackfield.TextDelta))
            assert told == deltas.response.text == "Hello"
            server.answer(whole(b"".join(rows), content_type="application/vnd.amazon.eventstream"))
            with pytest.raises(jackfield.StreamInterrupted) as caught:
                list(client.stream("amazon/amazon.nova-lite-v1:0", "Hi"))
            assert caught.value.response.text == "Hello"


@pytest.mark.parametrize("is_async", [False, True])
def test_a_profile_signs_in_both_colours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_async: bool) -> None:
    file = tmp_path / "credentials"
    file.write_text("[wire]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    _chain._KNOWN.clear()
    with running() as server:
        server.answer(whole(ANSWER))
        overrides = {"amazon": {"profile": "wire", "base_url": server.url.removesuffix("/v1")}}

        async def ask() -> None:
            async with AsyncClient(overrides, boards=Boards(environ={}), environ={}) as client:
                assert (await client.chat("amazon/amazon.nova-lite-v1:0", "Hi")).text == "Hello"

        if is_async:
            asyncio.run(ask())
        else:
            with Client(overrides, boards=Boards(environ={}), environ={}) as client:
                assert client.chat("amazon/amazon.nova-lite-v1:0", "Hi").text == "Hello"
        (received,) = server.requests
    assert "Credential=AKIDPROFILE/" in received["headers"]["authorization"]
    assert "x-amz-security-token" not in received["headers"]
