"""What Converse has no word for, in the words of the vendors whose models Bedrock serves.

Sources: litellm 1.109.1 (wheel), llms/bedrock; the recorded requests.
"""

from __future__ import annotations

import re
from typing import Any

from jackfield import ChatRequest

#: A profile puts a region before the vendor, an ARN much more: `us.anthropic.claude...`, `...:inference-profile/us...`
_VENDOR = re.compile(r"(?:^|[./:])(anthropic|amazon|openai|deepseek)\.(.*)")
_FIELDS = "additionalModelRequestFields"


def adapt(request: ChatRequest, body: dict[str, Any]) -> None:
    """Rewrite reasoning and `top_k` for the model's vendor, in place.

    An ARN that names no vendor is taken for Claude's, whose words the dialect writes.
    """
    if request.reasoning is None and request.top_k is None:
        return
    found = _VENDOR.search(request.model)
    if found is None:
        return
    vendor, name = found[1], found[2]
    fields = body.get(_FIELDS, {})
    if vendor == "amazon" and "top_k" in fields:
        fields.setdefault("inferenceConfig", {})["topK"] = fields.pop("top_k")
    if vendor == "anthropic":
        if "effort" in body.get("outputConfig", {}):
            # without thinking an effort is one of saying, not of thinking
            body.setdefault(_FIELDS, {}).setdefault("thinking", {"type": "adaptive"})
        return
    thinking, effort = fields.pop("thinking", None), _taken_effort(body)
    if vendor == "amazon":
        if thinking is not None and thinking["type"] == "disabled":
            fields["reasoningConfig"] = {"type": "disabled"}
        elif effort or thinking:
            fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": effort or "medium"}
    elif effort and vendor == "openai" and not name.startswith("gpt-oss"):
        fields["reasoning"] = {"effort": effort}
    elif effort:
        fields["reasoning_effort"] = effort
    if fields:
        body[_FIELDS] = fields
    else:
        body.pop(_FIELDS, None)


def _taken_effort(body: dict[str, Any]) -> str | None:
    """Take the effort out of the output's configuration, and that where nothing else is in it."""
    config = body.get("outputConfig", {})
    effort: str | None = config.pop("effort", None)
    if not config:
        body.pop("outputConfig", None)
    return effort
