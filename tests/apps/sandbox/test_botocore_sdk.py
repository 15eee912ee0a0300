"""The official client of AWS finds in the sandbox what it expects of Bedrock."""

from contextlib import closing
from typing import Any

import botocore.config
import botocore.exceptions
import botocore.session
import pytest
from jsonschema import Draft202012Validator

MODEL = "anthropic.claude-3-haiku-20240307-v1:0"
PROFILE = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/ab12cd34ef56"
SCHEMA: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "array", "items": {"type": "integer"}}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOLS: Any = {"tools": [{"toolSpec": {"name": "get_weather", "inputSchema": {"json": SCHEMA}}}]}
ASKED: Any = [{"role": "user", "content": [{"text": "hello"}]}]


@pytest.fixture(scope="module")
def sdk(url: str) -> Any:
    client = botocore.session.Session().create_client(
        "bedrock-runtime",
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id="any",
        aws_secret_access_key="any",
        config=botocore.config.Config(retries={"total_max_attempts": 1}, read_timeout=10),
    )
    yield client
    client.close()


def said(message: Any) -> str:
    """Return the text of a message."""
    return "".join(block.get("text", "") for block in message["content"])


def gathered(events: Any) -> tuple[str, list[Any], dict[str, Any]]:
    """Return the text, the calls with their input as text, and what was said at the end."""
    text, calls = "", list[Any]()
    last: dict[str, Any] = {}
    with closing(events):
        told = list(events)
    for event in told:
        ((name, body),) = event.items()
        if name == "contentBlockStart" and "toolUse" in body["start"]:
            calls.append({**body["start"]["toolUse"], "input": ""})
        elif name == "contentBlockDelta":
            text += body["delta"].get("text", "")
            if "toolUse" in body["delta"]:
                calls[-1]["input"] += body["delta"]["toolUse"]["input"]
        elif name in ("messageStop", "metadata"):
            last |= body
    return text, calls, last


@pytest.mark.parametrize("model", [MODEL, PROFILE, "nova"])
def test_chat_and_stream_agree(sdk: Any, model: str) -> None:
    whole = sdk.converse(modelId=model, messages=ASKED, system=[{"text": "be brief"}])
    streamed = sdk.converse_stream(modelId=model, messages=ASKED, system=[{"text": "be brief"}])
    text, _, last = gathered(streamed["stream"])
    assert text == said(whole["output"]["message"]) != ""
    assert (last["stopReason"], last["usage"]) == (whole["stopReason"], whole["usage"])
    assert whole["stopReason"] == "end_turn"
    assert whole["usage"]["outputTokens"] > 0


def test_tool_round_trip(sdk: Any) -> None:
    first = sdk.converse(modelId=MODEL, messages=ASKED, toolConfig=TOOLS)
    assert first["stopReason"] == "tool_use"
    turn = first["output"]["message"]
    calls = [block["toolUse"] for block in turn["content"] if "toolUse" in block]
    assert calls
    for call in calls:
        Draft202012Validator(SCHEMA).validate(call["input"])
    results = [
        {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": "rain in Porto"}]}} for call in calls
    ]
    turns = [*ASKED, turn, {"role": "user", "content": results}]
    second = sdk.converse(modelId=MODEL, messages=turns, toolConfig=TOOLS)
    assert second["stopReason"] == "end_turn"
    assert "rain in Porto" in said(second["output"]["message"])


def test_streamed_calls_accumulate(sdk: Any) -> None:
    config = {**TOOLS, "toolChoice": {"any": {}}}
    _, calls, last = gathered(sdk.converse_stream(modelId=MODEL, messages=ASKED, toolConfig=config)["stream"])
    assert last["stopReason"] == "tool_use"
    whole = sdk.converse(modelId=MODEL, messages=ASKED, toolConfig=config)["output"]["message"]["content"]
    assert [call["name"] for call in calls] == [block["toolUse"]["name"] for block in whole if "toolUse" in block]
    assert all(call["input"].startswith("{") for call in calls)


def test_a_wrong_request_is_a_validation_exception(sdk: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="'robot' is none of assistant, system, user") as caught:
        sdk.converse(modelId=MODEL, messages=[{"role": "robot", "content": [{"text": "x"}]}])
    assert caught.value.response["Error"]["Code"] == "ValidationException"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


@pytest.mark.parametrize("status", [429, 503])
def test_a_fault_is_an_exception_of_the_vendor(sdk: Any, status: int) -> None:
    names = {429: "ThrottlingException", 503: "ServiceUnavailableException"}
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        sdk.converse(modelId=f"fault/status={status}", messages=ASKED)
    assert caught.value.response["Error"]["Code"] == names[status]


def test_an_error_in_a_stream_is_an_exception_of_the_stream(sdk: Any) -> None:
    events = sdk.converse_stream(modelId="fault/error=2", messages=ASKED)["stream"]
    with closing(events), pytest.raises(botocore.exceptions.EventStreamError, match="internalServerException"):
        list(events)
