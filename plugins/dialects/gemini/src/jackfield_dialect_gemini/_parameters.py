"""The parameters of a chat on the wire: most stand in `generationConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jackfield import (
    AudioOutput,
    ChatRequest,
    HostedTool,
    NativeTool,
    Reasoning,
    Tool,
    ToolChoice,
    UnsupportedFeature,
)

from ._words import HOSTED, NAME

#: Parameters that `generationConfig` has in the same form, and their names there.
SAME: Mapping[str, str] = {
    "temperature": "temperature", "top_p": "topP", "top_k": "topK", "max_tokens": "maxOutputTokens", "seed": "seed",
    "n": "candidateCount", "frequency_penalty": "frequencyPenalty", "presence_penalty": "presencePenalty",
    "logprobs": "responseLogprobs", "top_logprobs": "logprobs", "stop": "stopSequences",
}  # fmt: skip
#: The declaration that is written for a kind of hosted tool that another dialect named.
_DEFAULTS = {"web_search": "googleSearch", "web_fetch": "urlContext", "code": "codeExecution"}


def write_parameters(request: ChatRequest, body: dict[str, Any]) -> None:
    """Write every parameter that is set."""
    is_set = request.model_fields_set
    config: dict[str, Any] = {}
    for name in sorted(is_set & SAME.keys()):
        if (value := getattr(request, name)) is not None:
            config[SAME[name]] = value
    if request.modalities is not None:
        config["responseModalities"] = [word.upper() for word in request.modalities]
    if request.audio_out is not None:
        config["speechConfig"] = _speech(request.audio_out)
    if request.reasoning is not None and (thinking := _thinking(request.reasoning)):
        config["thinkingConfig"] = thinking
    if request.response_format is not None:
        _write_format(request, config)
    if config:
        body["generationConfig"] = config
    if request.tools is not None or request.web_search is not None:
        body["tools"] = _tools(request)
    if request.tool_choice is not None:
        body["toolConfig"] = {"functionCallingConfig": _choice(request.tool_choice)}
    if request.service_tier is not None:
        body["serviceTier"] = request.service_tier
    if request.metadata is not None:
        body["labels"] = dict(request.metadata)


def _speech(audio: AudioOutput) -> Any:
    voice = audio.voice
    if isinstance(voice, str):
        return {"voiceConfig": {"prebuiltVoiceConfig": {"voiceName": voice}}}
    return dict(voice) if isinstance(voice, Mapping) else {}


def _thinking(reasoning: Reasoning) -> dict[str, Any]:
    """Write how much is to be thought; -1 leaves the budget to the model."""
    wire: dict[str, Any] = {}
    if reasoning.enabled is False or reasoning.effort == "none":
        wire["thinkingBudget"] = 0
    else:
        if reasoning.budget is not None:
            wire["thinkingBudget"] = reasoning.budget
        elif reasoning.enabled and reasoning.effort is None:
            wire["thinkingBudget"] = -1
        if reasoning.effort is not None:
            wire["thinkingLevel"] = reasoning.effort.upper()
    if reasoning.summary is not None:
        wire["includeThoughts"] = reasoning.summary != "none"
    return wire


def _write_format(request: ChatRequest, config: dict[str, Any]) -> None:
    form = request.response_format
    assert form is not None
    config["responseMimeType"] = "text/plain" if form.type == "text" else "application/json"
    if form.type == "schema" and form.schema_ is not None:
        # a caller of this format may have used either member; both take a JSON Schema of the common kind
        name = request.serving.get("schema_member", "responseJsonSchema")
        config[name] = form.schema_


def _tools(request: ChatRequest) -> list[dict[str, Any]]:
    """Write the tools: functions of one run share one entry."""
    older = request.serving.get("parameters_of", ())
    rows: list[dict[str, Any]] = []
    for tool in request.tools or ():
        match tool:
            case Tool(kind="custom", name=name):
                raise UnsupportedFeature(f"tools: the format has no custom tools; take {name} out", param="tools")
            case Tool():
                if not (rows and rows[-1].keys() == {"functionDeclarations"}):
                    rows.append({"functionDeclarations": []})
                rows[-1]["functionDeclarations"].append(_function(tool, tool.name in older))
            case HostedTool():
                rows.append(_hosted(tool))
            case NativeTool(dialect=dialect, body=body) if dialect == NAME:
                rows.append(dict(body))
            case NativeTool(dialect=dialect):
                raise UnsupportedFeature(f"tools: only {dialect} knows one of them; take it out", param="tools")
    if (search := request.web_search) is not None:
        rows.append({"googleSearch": dict(search.options)})
    return rows


def _function(tool: Tool, is_older: bool) -> dict[str, Any]:
    wire: dict[str, Any] = {"name": tool.name}
    if tool.description is not None:
        wire["description"] = tool.description
    if tool.parameters is not None:
        wire["parameters" if is_older else "parametersJsonSchema"] = tool.parameters
    return {**wire, **tool.options}


def _hosted(tool: HostedTool) -> dict[str, Any]:
    name = tool.name if HOSTED.get(tool.name or "") == tool.kind else _DEFAULTS.get(tool.kind)
    if name is None:
        raise UnsupportedFeature(
            f"tools: the format has no form for a {tool.kind} tool of another dialect; declare Google's own",
            param="tools",
        )
    return {name: dict(tool.options)}


def _choice(choice: ToolChoice) -> dict[str, Any]:
    if choice.name is not None:
        return {"mode": "ANY", "allowedFunctionNames": [choice.name]}
    if choice.allowed is not None:
        # AUTO takes no names; VALIDATED is what may also answer in text
        mode = "ANY" if choice.mode == "required" else "VALIDATED"
        return {"mode": mode, "allowedFunctionNames": list(choice.allowed)}
    return {"mode": {"auto": "AUTO", "none": "NONE", "required": "ANY"}[choice.mode]}
