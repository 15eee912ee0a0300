"""What the recorded requests beside chat ask, in our words, read by hand from each provider's own body."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from jackfield import Boards, ChatRequest, EmbeddingRequest, HTTPRequest, Request, RerankRequest, TokenCountRequest

_COHERE = {"search_query": "query", "search_document": "document"}
_GOOGLE = {"RETRIEVAL_QUERY": "query", "RETRIEVAL_DOCUMENT": "document"}


@dataclass(frozen=True)
class Case:
    """A folder of recordings: who of ours is asked, in which dialect, and how a body is read. None: left out."""

    folder: str
    api: str
    provider: str
    dialect: str
    read: Callable[[str, dict[str, Any]], Request | None]

    def __str__(self) -> str:
        return f"{self.folder}/{self.api}/{self.provider}"


def _openai(url: str, body: dict[str, Any]) -> Request | None:
    texts = [body["input"]] if isinstance(body["input"], str) else body["input"]
    if not all(isinstance(text, str) for text in texts) or body.get("dimensions", 1) < 1:
        return None  # numbers of tokens in the place of texts, and a length that we refuse ourselves
    return _embedding(body["model"], texts, dimensions=body.get("dimensions"), user=body.get("user"))


def _voyage(url: str, body: dict[str, Any]) -> Request | None:
    cut = None if body.get("truncation") is None else "end" if body["truncation"] else "none"
    return _embedding(body["model"], body["input"], input_type=body.get("input_type"), truncate=cut)


def _cohere(url: str, body: dict[str, Any]) -> Request | None:
    if body.get("embedding_types", ["float"]) != ["float"]:
        return None
    return _embedding(body["model"], body["texts"], input_type=_COHERE[body["input_type"]])


def _google(url: str, body: dict[str, Any]) -> Request | None:
    rows = body["requests"]
    if any("text" not in part for row in rows for part in row["content"]["parts"]):
        return None  # an image
    first = rows[0]
    texts = ["".join(part["text"] for part in row["content"]["parts"]) for row in rows]
    kind = _GOOGLE[first["taskType"]] if "taskType" in first else None
    model = first["model"].removeprefix("models/")
    return _embedding(model, texts, dimensions=first.get("outputDimensionality"), input_type=kind)


def _ollama(url: str, body: dict[str, Any]) -> Request | None:
    if not url.endswith("/api/embed"):
        return None
    return _embedding(body["model"], [body["input"]] if isinstance(body["input"], str) else body["input"])


def _bedrock(url: str, body: dict[str, Any]) -> Request | None:
    found = re.search(r"/model/([^/]+)/invoke$", url)
    if found is None or "embed" not in found[1]:
        return None
    model = unquote(found[1])
    if "texts" in body:
        own = {"amazon": {"max_tokens": body["max_tokens"]}}
        kind = _COHERE[body["input_type"]]
        return _embedding(model, body["texts"], input_type=kind, truncate="none", provider_options=own)
    if "inputText" in body:
        return _embedding(model, [body["inputText"]], dimensions=body.get("dimensions"))
    text = body["singleEmbeddingParams"]["text"]
    assert body["singleEmbeddingParams"]["embeddingPurpose"] == "GENERIC_RETRIEVAL"
    return _embedding(model, [text["value"]], input_type="query", truncate=text["truncationMode"].lower())


def _embedding(model: str, texts: list[str], **values: Any) -> EmbeddingRequest:
    given = {name: value for name, value in values.items() if value is not None}
    return EmbeddingRequest(model=model, inputs=tuple(texts), **given)


def _rerank(url: str, body: dict[str, Any]) -> Request | None:
    top = body.get("top_n", body.get("top_k"))
    own = {"voyage": {"truncation": body["truncation"]}} if "truncation" in body else {}
    documents = tuple(body["documents"])
    return RerankRequest(model=body["model"], query=body["query"], documents=documents, top_n=top, provider_options=own)


def _tokenize(url: str, body: dict[str, Any]) -> Request | None:
    return TokenCountRequest.of(ChatRequest(model=body["model"], messages=body["text"])) if "text" in body else None


def counting(dialect: str, *, vertex: bool = False) -> Callable[[str, dict[str, Any]], Request | None]:
    """Read a body whose members are those of a chat in a dialect."""

    def read(url: str, body: dict[str, Any]) -> Request | None:
        board = Boards(environ={}).dialect(dialect)
        if ("/projects/" in url) != vertex:
            return None
        found = re.search(r"/models?/([^/:]+?)(?::countTokens|/count-tokens)$", url)
        route: Mapping[str, str] = {"operation": "chat", "model": unquote(found[1]) if found else ""}
        inner = body.get("generateContentRequest", body)
        if "input" in body and isinstance(body["input"], dict):
            if ("converse" in body["input"]) != (dialect == "bedrock-converse"):
                return None
            inner = body["input"].get("converse") or json.loads(base64.b64decode(body["input"]["invokeModel"]["body"]))
            inner = inner if "converse" in body["input"] else {"model": route["model"], **inner}
            inner.pop("anthropic_version", None)
        if dialect == "anthropic-messages":
            inner = {"max_tokens": 1, **inner}
        chat = board.parse_request(HTTPRequest("POST", url, {}, inner), route)
        assert isinstance(chat, ChatRequest)
        return TokenCountRequest.of(chat if chat.max_tokens != 1 else chat.model_copy(update={"max_tokens": None}))

    return read


OPENAI = "openai-chat"
EMBEDDINGS = (
    Case("openai", "embeddings", "openai", OPENAI, _openai),
    Case("microsoft", "embeddings", "microsoft", OPENAI, _openai),
    Case("mistral", "embeddings", "mistral", OPENAI, _openai),
    Case("openrouter", "embeddings", "openrouter", OPENAI, _openai),
    Case("local-openai", "embeddings", "openai-compatible", OPENAI, _openai),
    Case("voyage", "embeddings", "voyage", OPENAI, _voyage),
    Case("cohere", "embeddings", "cohere", "cohere-chat", _cohere),
    Case("google", "embeddings", "google", "gemini", _google),
    Case("ollama", "embeddings", "ollama", "ollama-chat", _ollama),
    Case("amazon", "invoke-model", "amazon", "bedrock-converse", _bedrock),
)
RERANKINGS = (
    Case("cohere", "rerank", "cohere", "cohere-chat", _rerank),
    Case("voyage", "rerank", "voyage", OPENAI, _rerank),
)
COUNTS = (
    Case("anthropic", "count-tokens", "anthropic", "anthropic-messages", counting("anthropic-messages")),
    Case("amazon", "count-tokens", "amazon", "bedrock-converse", counting("bedrock-converse")),
    Case("amazon", "count-tokens", "amazon", "anthropic-messages", counting("anthropic-messages")),
    Case("google", "count-tokens", "google", "gemini", counting("gemini")),
    Case("google", "count-tokens", "vertex", "gemini", counting("gemini", vertex=True)),
    Case("openai", "count-tokens", "openai", OPENAI, counting("openai-responses")),
    Case("openai", "count-tokens", "openai", "openai-responses", counting("openai-responses")),
    Case("cohere", "count-tokens", "cohere", "cohere-chat", _tokenize),
)
