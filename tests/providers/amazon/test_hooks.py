"""Amazon Bedrock: who asks and where, in whose words, and what to do about its errors."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

import jackfield
from jackfield import (
    AuthenticationError,
    Boards,
    ChatRequest,
    Client,
    ConfigurationError,
    Exchange,
    HTTPResponse,
    JackfieldError,
    Message,
    MissingCredential,
    Reasoning,
)
from jackfield_amazon import _chain
from tests.providers.amazon.test_sigv4 import botocore_signs

AT = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI/SECRET"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
CLAUDE = "us.anthropic.claude-sonnet-4-6"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"


def exchange(
    model: str = CLAUDE, environ: dict[str, str] | None = None, overrides: dict[str, Any] | None = None, **values: Any
) -> Exchange:
    """Open an exchange."""
    client = Client(
        {"amazon": overrides or {}}, boards=Boards(environ={}), environ=KEYS if environ is None else environ
    )
    found = client.exchange(ChatRequest(model=f"amazon/{model}", **{"messages": "Hi", **values}))
    found.at = AT
    return found


def body(model: str, **values: Any) -> dict[str, Any]:
    """Return what is sent."""
    found: dict[str, Any] = exchange(model, **values).http_request.json()
    return found


@pytest.mark.parametrize("token", [None, "temporary+token=="])
@pytest.mark.parametrize(
    ("model", "path"),
    [
        (CLAUDE, CLAUDE),
        ("amazon.nova-lite-v1:0", "amazon.nova-lite-v1%3A0"),
        ("global.anthropic.claude-opus-4-6-v1", "global.anthropic.claude-opus-4-6-v1"),
        (PROFILE, "arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Aapplication-inference-profile%2Fab12cd34ef56"),
    ],
)
def test_a_request_is_signed_as_botocore_signs_it(model: str, path: str, token: str | None) -> None:
    environ = {**KEYS, **({"AWS_SESSION_TOKEN": token} if token else {})}
    opened = exchange(model, environ)
    signed = opened.authorized()
    assert signed.url == f"https://bedrock-runtime.us-east-1.amazonaws.com/model/{path}/converse"
    values = {"access_key_id": "AKIDEXAMPLE", "secret_access_key": SECRET, "session_token": token or ""}
    sent = dict(opened.http_request.headers)
    expected = botocore_signs("POST", signed.url, sent, opened.http_request.body, values, "us-east-1", AT)
    assert {name: signed.headers[name] for name in expected} == expected
    assert ("x-amz-security-token" in signed.headers) is (token is not None)


def test_a_bearer_key_comes_first_and_keys_may_be_given() -> None:
    environ = {**KEYS, "AWS_BEARER_TOKEN_BEDROCK": "b"}
    assert exchange(environ=environ).authorized().headers["authorization"] == "Bearer b"
    given = {"access_key_id": "AKIDGIVEN", "secret_access_key": "s"}
    found = exchange(environ=environ, overrides=given).authorized().headers["authorization"]
    assert "Credential=AKIDGIVEN/20261120/us-east-1/bedrock/aws4_request" in found


def test_every_address_of_the_provider_is_signed() -> None:
    for dialect, path in (
        ("openai-chat", "/openai/v1/chat/completions"),
        ("openai-responses", "/openai/v1/responses"),
        ("anthropic-messages", f"/model/{CLAUDE}/invoke"),
    ):
        signed = exchange(overrides={"dialect": dialect}).authorized()
        assert signed.url == f"https://bedrock-runtime.us-east-1.amazonaws.com{path}"
        assert signed.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")


@pytest.mark.parametrize(
    ("environ", "overrides", "region"),
    [
        ({}, {}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, {}, "eu-west-1"),
        ({"AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "eu-west-1"}, {}, "ap-south-1"),
        ({"AWS_REGION": "ap-south-1"}, {"region": "us-gov-west-1"}, "us-gov-west-1"),
    ],
)
def test_the_region_is_in_address_and_signature(
    environ: dict[str, str], overrides: dict[str, str], region: str
) -> None:
    signed = exchange(environ={**KEYS, **environ}, overrides=overrides).authorized()
    assert signed.url.startswith(f"https://bedrock-runtime.{region}.amazonaws.com/")
    assert f"/20261120/{region}/bedrock/aws4_request" in signed.headers["authorization"]


def test_an_address_of_ones_own_is_signed_for_the_region() -> None:
    signed = exchange(overrides={"base_url": "https://vpce-1.example.com", "region": "eu-west-3"}).authorized()
    assert signed.url == f"https://vpce-1.example.com/model/{CLAUDE}/converse"
    assert "/eu-west-3/bedrock/" in signed.headers["authorization"]


@pytest.mark.parametrize("region", ["US-EAST-1", "us east", "useast1", "us-east"])
def test_a_region_that_is_none_is_refused(region: str) -> None:
    with pytest.raises(
        ConfigurationError, match=r"the region '.*' is none; set AWS_REGION or give .*such as us-east-1"
    ):
        exchange(environ={**KEYS, "AWS_REGION": region})


def test_an_arn_of_another_region_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"of the region us-east-1, the address of eu-west-1; set AWS_REGION="):
        exchange(PROFILE, environ={**KEYS, "AWS_REGION": "eu-west-1"})
    everywhere = "arn:aws:bedrock:::foundation-model/anthropic.claude-v2"
    assert exchange(everywhere, environ={**KEYS, "AWS_REGION": "eu-west-1"}).authorized()


@pytest.mark.parametrize("environ", [{}, {"AWS_ACCESS_KEY_ID": "a"}, {"AWS_SECRET_ACCESS_KEY": SECRET}])
def test_missing_credentials_name_every_way(environ: dict[str, str]) -> None:
    ways = "set AWS_BEARER_TOKEN_BEDROCK or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE, or give"
    with pytest.raises(MissingCredential, match=ways) as caught:
        exchange(environ=environ)
    assert SECRET not in str(caught.value)


def test_secrets_are_in_no_repr_and_no_error() -> None:
    opened = exchange(environ={**KEYS, "AWS_SESSION_TOKEN": "token-of-mine"})
    signed = opened.authorized()
    shown = [repr(opened), repr(opened.endpoint), repr(signed), str(opened.endpoint), repr(opened.endpoint.credential)]
    opened.receive_head(403, {"x-amzn-errortype": "ExpiredTokenException"})
    opened.receive_data(b'{"message":"The security token included in the request is expired"}')
    with pytest.raises(AuthenticationError) as caught:
        opened.receive_eof()
    shown += [repr(caught.value), str(caught.value), repr(vars(caught.value))]
    assert not [text for text in shown if SECRET in text or "token-of-mine" in text]
    assert SECRET not in signed.headers["authorization"]


REMEDIES = [
    (403, "ExpiredTokenException", "The security token included in the request is expired", "get new temporary"),
    (403, "UnrecognizedClientException", "The security token is invalid.", "check AWS_ACCESS_KEY_ID"),
    (403, "InvalidSignatureException", "The request signature does not match.", "the clock of this machine"),
    (403, "AccessDeniedException", "You don't have access to the model.", "access to the model in Bedrock's console"),
    (400, "ValidationException", "The provided model identifier is invalid.", "the region (AWS_REGION) has the model"),
    (404, "ResourceNotFoundException", "Could not resolve the model.", "the region (AWS_REGION) has the model"),
    (
        400,
        "ValidationException",
        "Invocation of model ID m with on-demand throughput isn\u2019t supported. Retry with an inference profile.",
        "ask for its inference profile, such as us.amazon.nova-pro-v1:0",
    ),
]


@pytest.mark.parametrize(("status", "name", "message", "words"), REMEDIES)
@pytest.mark.parametrize("dialect", ["bedrock-converse", "anthropic-messages"])
def test_an_error_says_what_to_do(status: int, name: str, message: str, words: str, dialect: str) -> None:
    opened = exchange("amazon.nova-pro-v1:0", overrides={"dialect": dialect})
    opened.receive_head(status, {"x-amzn-errortype": f"{name}:http://internal.amazon.com/"})
    opened.receive_data(json.dumps({"message": message}).encode())
    with pytest.raises(JackfieldError) as caught:
        opened.receive_eof()
    assert caught.value.message.startswith(message.rstrip("."))
    assert words in caught.value.message
    assert caught.value.code == name


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("eu.anthropic.claude-sonnet-4-6", "such as us.anthropic.claude-sonnet-4-6 or global.anthropic.claude-s"),
        (PROFILE, "such as us.VENDOR.MODEL"),
        ("claude", "such as us.VENDOR.MODEL"),
    ],
)
def test_an_example_of_a_profile_is_one(model: str, words: str) -> None:
    told = b'{"message": "The provided model identifier is invalid."}'
    error = (
        Boards(environ={})
        .open("amazon")
        .normalize_error(ChatRequest(model=model, messages="x"), HTTPResponse(400, {}, told))
    )
    assert error is not None
    assert words in error.message


def test_what_needs_no_remedy_is_told_as_it_is() -> None:
    board = Boards(environ={}).open("amazon")
    request = ChatRequest(model="m", messages="x")
    error = board.normalize_error(request, HTTPResponse(429, {}, b'{"message": "Too many requests."}'))
    assert error is not None
    assert error.message == "Too many requests."
    assert board.normalize_error(request, HTTPResponse(502, {}, b"<html>")) is None


GPT = "openai.gpt-oss-120b-1:0"
NOVA = "us.amazon.nova-2-lite-v1:0"


@pytest.mark.parametrize(
    ("model", "values", "fields", "effort"),
    [
        (CLAUDE, {"reasoning": "high"}, {"thinking": {"type": "adaptive"}}, "high"),
        (CLAUDE, {"reasoning": False}, {"thinking": {"type": "disabled"}}, None),
        (CLAUDE, {"top_k": 5}, {"top_k": 5}, None),
        ("anthropic.claude-3-7-sonnet-20250219-v1:0", {"reasoning": 2000, "max_tokens": 4000},
         {"thinking": {"type": "enabled", "budget_tokens": 2000}}, None),
        (NOVA, {"reasoning": "high"}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}}, None),
        (NOVA, {"reasoning": True}, {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "medium"}}, None),
        (NOVA, {"reasoning": False}, {"reasoningConfig": {"type": "disabled"}}, None),
        (NOVA, {"top_k": 5}, {"inferenceConfig": {"topK": 5}}, None),
        ("amazon.nova-lite-v1:0", {"top_k": 5}, {"inferenceConfig": {"topK": 5}}, None),
        (GPT, {"reasoning": "low"}, {"reasoning_effort": "low"}, None),
        ("openai.gpt-5.6-v1:0", {"reasoning": "low"}, {"reasoning": {"effort": "low"}}, None),
        ("deepseek.v3-v1:0", {"reasoning": "high"}, {"reasoning_effort": "high"}, None),
        (PROFILE, {"reasoning": "high"}, {}, "high"),
        (CLAUDE, {}, {}, None),
    ],
)  # fmt: skip
def test_what_converse_has_no_word_for_is_said_in_the_vendors(
    model: str, values: dict[str, Any], fields: dict[str, Any], effort: str | None
) -> None:
    sent = body(model, **values)
    assert sent.get("additionalModelRequestFields", {}) == fields
    assert sent.get("outputConfig", {}).get("effort") == effort


def test_a_schema_and_an_effort_stand_beside_each_other() -> None:
    form = {"schema": {"type": "object"}}
    sent = body("openai.gpt-5.6-v1:0", reasoning=Reasoning(effort="low"), response_format=form)
    assert sent["outputConfig"]["textFormat"]["type"] == "json_schema"
    assert "effort" not in sent["outputConfig"]
    assert sent["additionalModelRequestFields"] == {"reasoning": {"effort": "low"}}


@pytest.mark.filterwarnings("ignore::jackfield.UnsupportedParameterWarning")
def test_a_model_that_cannot_think_is_not_asked_to() -> None:
    opened = exchange("amazon.nova-lite-v1:0", reasoning="high")
    assert [row.parameter for row in opened.adjustments] == ["reasoning"]
    assert "additionalModelRequestFields" not in opened.http_request.json()


def test_a_prompt_is_cached_and_priced_by_its_time_to_live() -> None:
    system = Message(role="system", parts=(jackfield.Text(text="long", cache=jackfield.Cache(ttl="1h")),))
    opened = exchange(messages=(system, Message(role="user", parts="Hi")))
    assert opened.http_request.json()["system"][1] == {"cachePoint": {"type": "default", "ttl": "1h"}}
    usage = {
        "inputTokens": 10, "outputTokens": 4, "totalTokens": 1014, "cacheWriteInputTokens": 1000,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 1000}],
    }  # fmt: skip
    content = [{"text": "OK"}]
    opened.receive_head(200, {"content-type": "application/json"})
    opened.receive_data(
        json.dumps({"output": {"message": {"content": content}}, "stopReason": "end_turn", "usage": usage}).encode()
    )
    opened.receive_eof()
    found = opened.response
    assert found.usage is not None
    assert (found.usage.input_tokens, found.usage.counts["input.cache_write.1h"]) == (1010, 1000)
    assert found.cost is not None
    assert found.cost.total is not None


# -- credentials of a profile ------------------------------------------------------------------------------------------


def test_a_profile_is_asked_of_botocore(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "credentials"
    file.write_text("[dev]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = s\naws_session_token = t\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in (*KEYS, "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    _chain._KNOWN.clear()
    assert _chain.load("dev") == {"access_key_id": "AKIDPROFILE", "secret_access_key": "s", "session_token": "t"}
    with pytest.raises(MissingCredential, match=r"nobody.*check AWS_PROFILE"):
        _chain.load("nobody")
    opened = exchange(environ={"AWS_PROFILE": "dev"})
    with pytest.raises(ConfigurationError, match="use a client"):
        opened.authorized()
    flow: Any = opened.sign(AT)
    effect = next(flow)
    with pytest.raises(StopIteration) as done:
        flow.send(effect.sync())
    assert "Credential=AKIDPROFILE/20261120/us-east-1/" in done.value.value.headers["authorization"]
    assert done.value.value.headers["x-amz-security-token"] == "t"


def test_a_profile_without_botocore_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    _chain._KNOWN.clear()
    monkeypatch.setitem(sys.modules, "botocore.session", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'jackfield-amazon\[chain\]'"):
        _chain.load("dev")


def test_botocore_is_imported_by_nothing_else() -> None:
    code = (
        "import sys, jackfield\n"
        "client = jackfield.Client(environ={'AWS_ACCESS_KEY_ID': 'a', 'AWS_SECRET_ACCESS_KEY': 'b'})\n"
        "client.exchange(jackfield.ChatRequest(model='amazon/amazon.nova-lite-v1:0', messages='Hi')).authorized()\n"
        "print(sorted(name for name in sys.modules if name.partition('.')[0] in ('botocore', 'boto3')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
