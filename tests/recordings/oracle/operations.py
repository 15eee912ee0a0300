"""Reads recorded answers beside chat as their providers' documents have them; it shares no code with what it judges."""

from __future__ import annotations

import base64
import json
import struct
from typing import Any


def body_of(interaction: dict[str, Any]) -> Any:
    """Return the JSON of an answer."""
    answer = interaction["response"]
    data = base64.b64decode(answer["body_base64"]) if "body_base64" in answer else answer["body"]
    return json.loads(data)


def header(interaction: dict[str, Any], name: str) -> str | None:
    """Return a header of an answer."""
    for key, value in interaction["response"]["headers"].items():
        if key.lower() == name:
            return str(value[0] if isinstance(value, list) else value)
    return None


def vectors(interaction: dict[str, Any]) -> list[list[float]]:
    """Return the vectors in the order of the texts."""
    body = body_of(interaction)
    if "data" in body:
        rows = sorted(body["data"], key=lambda row: int(row["index"]))
        return [_numbers(row["embedding"]) for row in rows]
    if "embedding" in body:
        return [body["embedding"]]
    rows = body["embeddings"]
    if isinstance(rows, dict):
        return list(rows["float"])
    return [row if isinstance(row, list) else row.get("values", row.get("embedding")) for row in rows]


def _numbers(value: Any) -> list[float]:
    if isinstance(value, list):
        return value
    data = base64.b64decode(value)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def ranking(interaction: dict[str, Any]) -> list[tuple[int, float]]:
    """Return places and scores, the best first."""
    body = body_of(interaction)
    rows = [(row["index"], row["relevance_score"]) for row in body.get("results", body.get("data"))]
    return sorted(rows, key=lambda row: row[1], reverse=True)


def count(interaction: dict[str, Any]) -> int:
    """Return how many tokens a provider counts."""
    body = body_of(interaction)
    for name in ("input_tokens", "inputTokens", "totalTokens"):
        if name in body:
            return int(body[name])
    return len(body["tokens"])


def names(interaction: dict[str, Any]) -> list[str]:
    """Return the names of the models of a list."""
    body = body_of(interaction)
    rows = body.get("data") or body.get("models")
    return [str(row.get("id") or row["name"]).removeprefix("models/") for row in rows]


def input_tokens(interaction: dict[str, Any]) -> int | None:
    """Return the tokens that an embedding or a reranking is charged for; None where none are stated."""
    body = body_of(interaction)
    if (counted := header(interaction, "x-amzn-bedrock-input-token-count")) is not None:
        return int(counted)
    billed = body.get("meta", {}).get("billed_units", {})
    usage = body.get("usage") or body.get("usageMetadata") or billed or body
    for name in ("prompt_tokens", "promptTokenCount", "input_tokens", "prompt_eval_count", "total_tokens"):
        if usage.get(name) is not None:
            return int(usage[name])
    return None


def search_units(interaction: dict[str, Any]) -> int | None:
    """Return the units that a reranking is charged for."""
    units = body_of(interaction).get("meta", {}).get("billed_units", {}).get("search_units")
    return None if units is None else int(units)


def complaint(interaction: dict[str, Any]) -> str:
    """Return what a refusal says."""
    body = body_of(interaction)
    if "detail" in body:
        return str(body["detail"])
    if body.get("errors"):
        return str(body["errors"][0]["message"])
    error = body.get("error", body)
    return str(error if isinstance(error, str) else error["message"])
