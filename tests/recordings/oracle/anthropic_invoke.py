"""What is in an answer of Claude's that came through Amazon's InvokeModel: the messages format, in frames of its own.

A frame of a stream holds one event as base64; a refusal has Amazon's form.
"""

import base64
from typing import Any

from tests.recordings.oracle.anthropic_messages import read_answer as read_message
from tests.recordings.oracle.bedrock_converse_errors import error_frame, read_error
from tests.recordings.oracle.bedrock_converse_frames import frames

__all__ = ["read_answer", "read_error"]


def read_answer(interaction: dict[str, Any]) -> dict[str, Any]:
    """Return what a successful answer holds; ValueError where its body is no message."""
    response = interaction["response"]
    if "body_base64" not in response:
        return read_message(interaction)
    told, error = "", None
    for headers, payload in frames(base64.b64decode(response["body_base64"])):
        if (error := error_frame(headers, payload)) is not None:
            break
        told += f"data: {base64.b64decode(payload['bytes']).decode()}\n\n"
    head = {"status": response["status"], "headers": {"content-type": "text/event-stream"}}
    found = read_message({"request": {}, "response": {**head, "body": told}})
    return {**found, "error": error or found["error"]}
