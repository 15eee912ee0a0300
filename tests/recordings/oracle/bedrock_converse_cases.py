"""Small hand-written Converse answers, and what the oracle must say of the choices in them."""

import base64
import hashlib
import json
import struct
import zlib
from typing import Any

from tests.recordings.oracle.cases import plain
from tests.recordings.oracle.words import choice_words

__all__ = ["CHOICES", "START", "ended", "frame", "grown", "message", "told"]

PIXELS = base64.b64encode(b"pixels").decode()
IMAGE = {"kind": "image", "mime": "image/png", "sha256": hashlib.sha256(b"pixels").hexdigest()}


def frame(payload: Any = None, **headers: str) -> bytes:
    """Write a frame; underscores of a header's name are written as hyphens, with a colon before."""
    rows = b""
    for name, value in headers.items():
        key = ":" + name.replace("_", "-")
        rows += bytes([len(key)]) + key.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
    body = b"" if payload is None else json.dumps(payload).encode()
    lengths = struct.pack(">II", 16 + len(rows) + len(body), len(rows))
    start = lengths + struct.pack(">I", zlib.crc32(lengths)) + rows + body
    return start + struct.pack(">I", zlib.crc32(start))


def event(kind: str, **members: Any) -> bytes:
    return frame({**members, "p": "abc"}, message_type="event", event_type=kind)


def begun(index: int, **start: Any) -> bytes:
    return event("contentBlockStart", contentBlockIndex=index, start=start)


def grown(index: int, **delta: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=delta)


def ended(reason: str | None = "end_turn", stop: dict[str, Any] | None = None, **metadata: Any) -> bytes:
    return event("messageStop", stopReason=reason, **(stop or {})) + event("metadata", **metadata)


def told(*events: bytes) -> dict[str, Any]:
    body = base64.b64encode(b"".join(events)).decode()
    return {"request": {}, "response": {"status": 200, "headers": {}, "body_base64": body}}


START = event("messageStart", role="assistant")


def message(*blocks: dict[str, Any], reason: str | None = "end_turn", **members: Any) -> dict[str, Any]:
    return plain(
        {"output": {"message": {"role": "assistant", "content": list(blocks)}}, "stopReason": reason, **members}
    )


def choice(raw: str | None = "end_turn", reason: str = "stop", **members: Any) -> dict[str, Any]:
    return {"index": 0, **choice_words(finish_reason=reason, raw_finish_reason=raw, **members)}


def used(**members: Any) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": "t", "name": "f", "input": {"x": 1}, **members}}


def called(name: str = "f", arguments: Any = None, kind: str = "function", call_id: str | None = "t") -> dict[str, Any]:
    return {"id": call_id, "name": name, "arguments": {"x": 1} if arguments is None else arguments, "kind": kind}


def resulted(**members: Any) -> dict[str, Any]:
    return {"toolUseId": "t", "type": "nova_grounding_result", "status": "success", **members}


CHOICES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "text": (message({"text": "a"}, {"text": "b"}), choice(text="ab")),
    "no_content": (message(), choice()),
    "cited_text_stands_in_the_text": (
        message(
            {"text": "a"},
            {"citationsContent": {"content": [{"text": "b"}, {"text": "c"}], "citations": [{"n": 1}, {"n": 2}]}},
            {"citationsContent": {"citations": [{"n": 3}]}},
            {"text": "d"},
        ),
        choice(text="abcd", citations=[{"n": 1}, {"n": 2}, {"n": 3}]),
    ),
    "reasoning_and_states": (
        message(
            {"reasoningContent": {"reasoningText": {"text": "why", "signature": "s1"}}},
            {"reasoningContent": {"redactedContent": "cg=="}},
            {"reasoningContent": {"reasoningText": {"text": "!"}}},
        ),
        choice(thinking="why!", states=["s1", "cg=="]),
    ),
    "calls": (
        message(used(), used(toolUseId="u", input={}, type="tool_use"), reason="tool_use"),
        choice("tool_use", "tool_calls", tool_calls=[called(), called(arguments={}, call_id="u")]),
    ),
    "call_with_reason_end_turn": (message(used()), choice("end_turn", "tool_calls", tool_calls=[called()])),
    "call_cut_by_length": (
        message(used(), reason="max_tokens"),
        choice("max_tokens", "length", tool_calls=[called()]),
    ),
    "call_without_id": (
        message(used(toolUseId="")),
        choice("end_turn", "tool_calls", tool_calls=[called(call_id=None)]),
    ),
    "grounding": (
        message(
            used(name="nova_grounding", type="server_tool_use"),
            {"toolResult": resulted(content=[{"text": "[HIDDEN]"}])},
        ),
        choice(
            provider_calls=[called("nova_grounding", kind="web_search")],
            provider_results=[{"call_id": "t", "content": [{"text": "[HIDDEN]"}], "is_error": False}],
        ),
    ),
    "interpreter_that_failed": (
        message(
            used(name="nova_code_interpreter", type="server_tool_use"),
            {"toolResult": resulted(content=[{"json": {"e": 1}}], status="error")},
        ),
        choice(
            provider_calls=[called("nova_code_interpreter", kind="code")],
            provider_results=[{"call_id": "t", "content": [{"json": {"e": 1}}], "is_error": True}],
        ),
    ),
    "other_server_tool": (
        message(used(type="server_tool_use")),
        choice(provider_calls=[called(kind="native")]),
    ),
    "image": (message({"image": {"format": "png", "source": {"bytes": PIXELS}}}), choice(media=[IMAGE])),
    "stored_image": (
        message({"image": {"format": "png", "source": {"s3Location": {"uri": "s3://b/i"}}}}),
        choice(media=[{"kind": "image", "mime": "image/png", "url": "s3://b/i"}]),
    ),
    "unknown_blocks_say_nothing": (message({"cachePoint": {"type": "default"}}), choice()),
    "stop_sequence": (message(reason="stop_sequence"), choice("stop_sequence", "stop_sequence")),
    "stop_sequence_that_was_asked_for": (
        message(reason="stop_sequence", additionalModelResponseFields={"stop_sequence": "X"}),
        choice("stop_sequence", "stop_sequence", finish_detail="X"),
    ),
    "members_that_explain_nothing": (
        message(additionalModelResponseFields={"stop_sequence": "X"}, trace={"guardrail": {"g": 1}}),
        choice(),
    ),
    "guardrail": (
        message(reason="guardrail_intervened", trace={"guardrail": {"g": 1}}),
        choice("guardrail_intervened", "content_filter", finish_detail={"g": 1}),
    ),
    **{
        raw: (message(reason=raw), choice(raw, reason))
        for raw, reason in {
            "model_context_window_exceeded": "context",
            "content_filtered": "content_filter",
            "malformed_model_output": "error",
            "malformed_tool_use": "error",
            "bored": "unknown",
        }.items()
    },
    "streamed_text_starts_unannounced": (
        told(
            START, grown(0, text="a"), grown(0, text="\u2028"), event("contentBlockStop", contentBlockIndex=0), ended(),
        ),
        choice(text="a\u2028"),
    ),
    "streamed_reasoning": (
        told(
            START, grown(0, reasoningContent={"text": "w"}), grown(0, reasoningContent={"text": "hy"}),
            grown(0, reasoningContent={"signature": "s1"}), grown(1, reasoningContent={"redactedContent": "cg=="}),
            grown(2, text="a"), ended(),
        ),
        choice(text="a", thinking="why", states=["s1", "cg=="]),
    ),
    "streamed_calls": (
        told(
            START, begun(0, toolUse={"toolUseId": "t", "name": "f"}), grown(0, toolUse={"input": '{"x"'}),
            begun(1, toolUse={"toolUseId": "u", "name": "g"}), grown(0, toolUse={"input": ":1}"}), ended("tool_use"),
        ),
        choice("tool_use", "tool_calls", tool_calls=[called(), called("g", {}, call_id="u")]),
    ),
    "streamed_call_cut_by_length_keeps_raw_arguments": (
        told(
            START, begun(0, toolUse={"toolUseId": "t", "name": "f"}), grown(0, toolUse={"input": '{"x":'}),
            ended("max_tokens"),
        ),
        choice("max_tokens", "length", tool_calls=[called(arguments='{"x":')]),
    ),
    "streamed_citations": (
        told(
            START, grown(0, text="a"), grown(1, citation={"n": 1}), grown(1, text="b"), grown(2, citation={"n": 2}),
            ended(),
        ),
        choice(text="ab", citations=[{"n": 1}, {"n": 2}]),
    ),
    "streamed_grounding": (
        told(
            START, begun(0, toolUse={"toolUseId": "t", "name": "nova_grounding", "type": "server_tool_use"}),
            grown(0, toolUse={"input": '{"x":1}'}), begun(1, toolResult=resulted()),
            grown(1, toolResult=[{"text": "a"}]), grown(1, toolResult=[{"json": {}}]), ended(),
        ),
        choice(
            provider_calls=[called("nova_grounding", kind="web_search")],
            provider_results=[{"call_id": "t", "content": [{"text": "a"}, {"json": {}}], "is_error": False}],
        ),
    ),
    "streamed_image": (
        told(START, begun(0, image={"format": "png"}), grown(0, image={"source": {"bytes": PIXELS}}), ended()),
        choice(media=[IMAGE]),
    ),
    "streamed_stop_sequence": (
        told(START, ended("stop_sequence", {"additionalModelResponseFields": {"stop_sequence": "X"}})),
        choice("stop_sequence", "stop_sequence", finish_detail="X"),
    ),
    "streamed_guardrail_explains_itself_after_the_message": (
        told(START, ended("guardrail_intervened", trace={"guardrail": {"g": 1}})),
        choice("guardrail_intervened", "content_filter", finish_detail={"g": 1}),
    ),
    "streamed_without_reason": (told(START, grown(0, text="a")), choice(None, "unknown", text="a")),
}  # fmt: skip
