"""Our answers as LangChain's: whole messages, chunks of a stream, usage and metadata."""

from __future__ import annotations

from typing import Any

from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.messages.ai import InputTokenDetails, OutputTokenDetails, UsageMetadata
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult

from jackfield import (
    ArgumentsDelta,
    ChatResponse,
    Choice,
    Delta,
    Message,
    PartStarted,
    Refusal,
    RefusalDelta,
    TextDelta,
    Thinking,
    ThinkingDelta,
    ToolCall,
    Usage,
)

from ._messages import KEPT, kept


def result_of(response: ChatResponse) -> ChatResult:
    """Return a whole answer."""
    generations = [
        ChatGeneration(message=_message(choice, response), generation_info={"finish_reason": choice.finish_reason})
        for choice in response.choices
    ]
    return ChatResult(generations=generations, llm_output={"model_name": response.model})


def chunk_of(delta: Delta) -> ChatGenerationChunk | None:
    """Return what a delta says, or None where LangChain has no word for it."""
    match delta:
        case TextDelta(choice=0, text=text) | RefusalDelta(choice=0, text=text):
            message = AIMessageChunk(content=text)
        case ThinkingDelta(choice=0, text=text):
            message = AIMessageChunk(content="", additional_kwargs={"reasoning_content": text})
        case PartStarted(choice=0, part=part, value=ToolCall(executed_by="caller") as call):
            piece = tool_call_chunk(name=call.name, args=call.arguments, id=call.id, index=part)
            message = AIMessageChunk(content="", tool_call_chunks=[piece])
        case ArgumentsDelta(choice=0, part=part, text=text):
            piece = tool_call_chunk(name=None, args=text, id=None, index=part)
            message = AIMessageChunk(content="", tool_call_chunks=[piece])
        case _:
            return None
    return ChatGenerationChunk(message=message)


def last_chunk_of(response: ChatResponse) -> ChatGenerationChunk:
    """Return the end of a stream: usage, metadata, and the answer as it is kept."""
    message = AIMessageChunk(
        content="",
        additional_kwargs={KEPT: kept(response.message)},
        response_metadata=_metadata(response, response.finish_reason),
        usage_metadata=_usage(response.usage),
        chunk_position="last",
    )
    return ChatGenerationChunk(message=message, generation_info={"finish_reason": response.finish_reason})


def _message(choice: Choice, response: ChatResponse) -> AIMessage:
    said = choice.message
    calls, broken = _calls(said)
    more: dict[str, Any] = {KEPT: kept(said)}
    if thought := "".join(part.text for part in said.parts if isinstance(part, Thinking)):
        more["reasoning_content"] = thought
    refused = "".join(part.text for part in said.parts if isinstance(part, Refusal))
    return AIMessage(
        content=said.text or refused,
        tool_calls=calls,
        invalid_tool_calls=broken,
        additional_kwargs=more,
        response_metadata=_metadata(response, choice.finish_reason),
        usage_metadata=_usage(response.usage) if choice.index == 0 else None,
    )


def _calls(message: Message) -> tuple[list[Any], list[Any]]:
    """Return the calls, and those whose arguments are no JSON object."""
    good: list[Any] = []
    broken: list[Any] = []
    for call in message.tool_calls:
        try:
            arguments = call.parsed_arguments()
            if not isinstance(arguments, dict):
                raise ValueError("an object is needed")
            good.append({"name": call.name, "args": arguments, "id": call.id, "type": "tool_call"})
        except ValueError as error:
            row = {"name": call.name, "args": call.arguments, "id": call.id, "error": str(error)}
            broken.append({**row, "type": "invalid_tool_call"})
    return good, broken


def _metadata(response: ChatResponse, reason: str) -> dict[str, Any]:
    cost = response.cost
    total = None if cost is None or cost.total is None else str(cost.total)
    return {
        "model_name": response.model,
        "model_provider": response.provider,
        "finish_reason": reason,
        "request_id": response.request_id,
        "cost": {"total": total, "currency": cost and cost.currency, "status": cost.status if cost else "unknown"},
    }


def _usage(usage: Usage | None) -> UsageMetadata | None:
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    into, out = InputTokenDetails(), OutputTokenDetails()
    if usage.cached_tokens is not None:
        into["cache_read"] = usage.cached_tokens
    if usage.cache_write_tokens is not None:
        into["cache_creation"] = usage.cache_write_tokens
    if usage.reasoning_tokens is not None:
        out["reasoning"] = usage.reasoning_tokens
    return UsageMetadata(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        input_token_details=into,
        output_token_details=out,
    )
