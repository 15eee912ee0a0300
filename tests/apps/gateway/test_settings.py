"""The table `gateway` of the configuration: strict, overridden by the environment, read again as a whole."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from jackfield import Boards, ConfigurationError
from jackfield_gateway import GatewayApp, Settings, read_settings
from tests.apps.gateway.conftest import ask, served
from tests.apps.gateway.team.conftest import house_of
from tests.apps.gateway.test_serve import serving
from tests.core.server import DONE, USAGE, Server, chunk, completion, streamed, whole

HI = [{"role": "user", "content": "Hi"}]


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({"gatway": {}}, "gatway: nothing has this name; did you mean gateway?"),
        ({"gateway": 5}, "gateway: a table is needed"),
        ({"gateway": {"max_bodi": 5}}, "gateway.max_bodi: nothing has this name; did you mean max_body?"),
        ({"gateway": {"max_body": "much"}}, "gateway.max_body: input should be a valid integer"),
        ({"gateway": {"limits": [{"scope": "key", "request": 5}]}}, "gateway.limits.0.request: .* mean requests?"),
        ({"gateway": {"limits": [{"scope": "team"}]}}, "gateway.limits.0.scope"),
        ({"gateway": {"limits": [{"scope": "key", "requests": 0}]}}, "gateway.limits.0.requests"),
        ({"gateway": {"aliases": {"a": {"model": ["x"]}}}}, "gateway.aliases.a.model: .* mean models?"),
        ({"gateway": {"aliases": {"a": {"models": ["x", "y"], "weights": [1]}}}}, "weights: 2 are needed"),
        ({"gateway": {"aliases": {"a": {"models": ["x"], "weights": [0]}}}}, "not all of them 0"),
        ({"gateway": {"cors": ["app.example"]}}, "'app.example' is no origin"),
        ({"gateway": {"trusted_proxies": ["10.0.0.0/99"]}}, "gateway.trusted_proxies"),
        ({"gateway": {"unpriced": "maybe"}}, "gateway.unpriced.policy"),
        ({"gateway": {"jwt": {"issuer": "i", "audience": "a", "keys": "k", "algorithms": ["HS256"]}}}, "algorithms"),
        ({"gateway": {"jwt": {"issuer": "i", "audience": "a", "keys": "k", "algorithms": ["none"]}}}, "algorithms"),
        ({"gateway": {"content": "some"}}, "gateway.content"),
    ],
)
def test_what_is_wrong_is_named_with_the_nearest_name(config: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        read_settings(config, {})


def test_the_environment_has_the_last_word() -> None:
    config = {"gateway": {"max_body": 5000, "cors": ["https://a.example"], "retries": 1}}
    environ = {
        "JACKFIELD_GATEWAY_MAX_BODY": "9000",
        "JACKFIELD_GATEWAY_CORS": "https://b.example, https://c.example",
        "JACKFIELD_GATEWAY_BYOK": "false",
        "JACKFIELD_GATEWAY_KEY": "not-a-setting",
        "JACKFIELD_CONFIG": "jackfield.toml",
    }
    found = read_settings(config, environ)
    assert (found.max_body, found.retries, found.byok) == (9000, 1, False)
    assert found.cors == ("https://b.example", "https://c.example")
    with pytest.raises(
        ConfigurationError, match=r"JACKFIELD_GATEWAY_MAX_BODI: .* did you mean JACKFIELD_GATEWAY_MAX_B"
    ):
        read_settings({}, {"JACKFIELD_GATEWAY_MAX_BODI": "1"})


def test_check_tells_what_serving_would(tmp_path: Path) -> None:
    path = tmp_path / "jackfield.toml"

    def check(text: str, *more: str) -> subprocess.CompletedProcess[str]:
        path.write_text(text)
        code = "import sys; from jackfield_gateway import command; sys.exit(command(sys.argv[1:]))"
        return subprocess.run(
            [sys.executable, "-c", code, "--check", *more], capture_output=True, text=True, cwd=tmp_path,
            env={**os.environ, "JACKFIELD_CONFIG": str(path)},
        )  # fmt: skip

    good = check('[gateway]\n[gateway.aliases]\nfast = "openai/gpt-4o-mini"\n')
    assert (good.returncode, "1 aliases" in good.stdout) == (0, True), good
    bad = check("[gateway]\nmax_bodi = 1\n")
    assert (bad.returncode, "did you mean max_body?" in bad.stderr) == (2, True), bad


def test_several_workers_need_one_place_to_count(tmp_path: Path) -> None:
    code = "import sys; from jackfield_gateway import command; sys.exit(command(sys.argv[1:]))"
    command = [sys.executable, "-c", code, "--workers", "2", "--port", "0"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert "each process would count limits on its own" in done.stderr
    assert "gateway.limits_url" in done.stderr


@pytest.mark.parametrize("stream", [False, True])
def test_an_alias_leads_to_its_model_and_then_to_its_fallbacks(upstream: Server, stream: bool) -> None:
    events = streamed(chunk(content="Hello"), chunk(finish="stop"), USAGE, DONE)
    upstream.answer(whole({"error": {"message": "down"}}, 503), events if stream else whole(completion("Hello")))
    settings = Settings.model_validate(
        {"retries": 0, "aliases": {"smart": {"models": ["openai/gpt-4o"], "fallbacks": ["openai/gpt-4o-mini"]}}}
    )
    providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
    with served(GatewayApp(providers, boards=Boards({}, environ={}), settings=settings)) as address:
        answer = ask(address, {"model": "smart", "messages": HI, "stream": stream})
    assert answer.status_code == 200, answer.text
    assert "Hello" in answer.text
    assert [json.loads(row["body"])["model"] for row in upstream.requests] == ["gpt-4o", "gpt-4o-mini"]


def test_weights_say_how_often_a_model_is_drawn(upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    alias = {"models": ["openai/gpt-4o", "openai/gpt-4o-mini", "openai/gpt-4.1"], "weights": [3, 1, 0]}
    settings = Settings.model_validate({"aliases": {"mixed": alias}})
    providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
    random.seed(7)
    with served(GatewayApp(providers, boards=Boards({}, environ={}), settings=settings)) as address:
        for _ in range(80):
            ask(address, {"model": "mixed", "messages": HI})
    counts = Counter(json.loads(row["body"])["model"] for row in upstream.requests)
    assert counts["gpt-4.1"] == 0
    assert 40 < counts["gpt-4o"] < 75
    assert sum(counts.values()) == 80


def test_a_reload_is_whole_or_nothing(tmp_path: Path) -> None:
    (path := tmp_path / "jackfield.toml").write_text('[gateway]\nmax_body = 2000\ncors = ["https://a.example"]\n')
    with serving(tmp_path, "--demo", JACKFIELD_CONFIG=str(path)) as (address, process):

        def allows(origin: str) -> bool:
            return "access-control-allow-origin" in httpx.get(f"{address}/healthz", headers={"origin": origin}).headers

        def until(origin: str) -> bool:
            end = time.monotonic() + 10
            while not (found := allows(origin)) and time.monotonic() < end:
                time.sleep(0.05)
            return found

        assert allows("https://a.example")
        path.write_text('[gateway]\ncors = ["https://b.example"]\nmax_bodi = 3000\n')
        process.send_signal(signal.SIGHUP)
        time.sleep(0.3)
        assert allows("https://a.example"), "the half that is right does not count either"
        path.write_text('[gateway]\ncors = ["https://c.example"]\ntransport = "httpx"\n')
        process.send_signal(signal.SIGHUP)
        assert until("https://c.example")
        assert not allows("https://a.example")
        body = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "x" * 3000}]}
        assert ask(address, body).status_code == 200, "the size is the default again"
        process.terminate()
        _, err = process.communicate(timeout=15)
    assert "did you mean max_body?" in err
    assert "transport count after a restart" in err


def test_only_pages_that_are_named_may_call(upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    settings = Settings(cors=("https://app.example",))
    providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
    wanted = {"access-control-request-method": "POST", "access-control-request-headers": "authorization, content-type"}
    with served(GatewayApp(providers, "secret", Boards({}, environ={}), settings=settings)) as address:
        url = f"{address}/v1/chat/completions"
        good = httpx.options(url, headers={"origin": "https://app.example", **wanted})
        assert (good.status_code, good.headers["access-control-allow-methods"]) == (204, "POST")
        assert good.headers["access-control-allow-origin"] == "https://app.example"
        assert "access-control-allow-credentials" not in good.headers
        for origin in ("https://evil.example", "https://app.example.evil.example", "null"):
            assert "access-control-allow-origin" not in httpx.options(url, headers={"origin": origin, **wanted}).headers
        body = {"model": "openai/gpt-4o-mini", "messages": HI}
        answer = ask(address, body, origin="https://app.example", authorization="Bearer secret")
        assert answer.headers["access-control-allow-origin"] == "https://app.example"
        refused = ask(address, body, origin="https://app.example")
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, "https://app.example")
    assert len(upstream.requests) == 1


def test_an_alias_is_listed_and_is_asked_in_every_dialect(upstream: Server) -> None:
    upstream.answer(whole(completion("Hello")))
    settings = Settings.model_validate({"aliases": {"smart": "openai/gpt-4o-mini"}})
    providers = {"openai": {"api_key": "sk", "base_url": upstream.url}}
    with served(GatewayApp(providers, boards=Boards({}, environ={}), settings=settings)) as address:
        assert httpx.get(f"{address}/v1/models").json()["data"][0]["id"] == "smart"
        for path, body in (
            ("/v1/chat/completions", {"model": "smart", "messages": HI}),
            ("/v1/responses", {"model": "smart", "input": "Hi"}),
            ("/v1/messages", {"model": "smart", "messages": HI, "max_tokens": 9}),
            ("/v1beta/models/smart:generateContent", {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}),
            ("/api/v1/chat/completions", {"model": "smart", "messages": HI, "stream": False}),
        ):
            answer = ask(address, body, path)
            assert answer.status_code == 200, (path, answer.text)
    assert {json.loads(row["body"])["model"] for row in upstream.requests} == {"gpt-4o-mini"}


def test_a_key_may_ask_through_an_alias_that_it_may_ask(upstream: Server, tmp_path: Path) -> None:
    upstream.answer(whole(completion("Hello")))
    aliases = {"smart": "openai/gpt-4o-mini"}
    with house_of(tmp_path, upstream, aliases=aliases) as house:
        for models, status in ((["smart"], 200), (["openai/gpt-4o-mini"], 200), (["openai/gpt-4o"], 403), ([], 403)):
            made = house.manage("POST", "keys", json={"name": f"k{len(models)}{status}", "models": models})
            assert house.chat(made["key"], model="smart").status_code == status, models
        direct = house.manage("POST", "keys", json={"name": "alias alone", "models": ["smart"]})
        assert house.chat(direct["key"]).status_code == 403, "the model itself is not its to name"
