"""Recorded exchanges: vcrpy's cassettes, read without vcrpy, since nothing is sent."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from jackfield import HTTPRequest

from ._reading import Answer


@dataclass(frozen=True)
class Recorded:
    """A request as it went out, and the answer to it."""

    name: str
    request: HTTPRequest = field(repr=False)
    answer: Answer = field(repr=False)


def cassettes(folder: Path) -> Iterator[Recorded]:
    """Yield the exchanges of every cassette of a folder and the folders in it, by name.

    A body is a text, bytes, or JSON under `json`. Whether an answer is a stream is read from its content type.

    Raises:
        ValueError: a file is no cassette; the message names it.
    """
    for path in sorted(folder.rglob("*.yaml")):
        try:
            rows = yaml.safe_load(path.read_text(encoding="utf-8"))["interactions"]
            for number, row in enumerate(rows):
                yield _recorded(f"{path.stem}[{number}]", row["request"], row["response"])
        except (yaml.YAMLError, KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no cassette of vcrpy: {type(error).__name__}: {error}") from error


def _recorded(name: str, request: Mapping[str, Any], response: Mapping[str, Any]) -> Recorded:
    headers = _headers(response.get("headers") or {})
    status = response["status"]
    body = _bytes(response.get("body"))
    if (coding := headers.pop("content-encoding", None)) is not None:
        body = _decompressed(body, coding)
    kind = headers.get("content-type", "")
    stream = any(word in kind for word in ("event-stream", "eventstream", "ndjson"))
    answer = Answer(name, body, headers, int(status["code"] if isinstance(status, Mapping) else status), stream)
    asked = HTTPRequest(
        str(request.get("method", "POST")),
        str(request.get("uri") or request.get("url")),
        _headers(request.get("headers") or {}),
        _bytes(request.get("body")),
    )
    return Recorded(name, asked, answer)


def _headers(rows: Mapping[str, Any]) -> dict[str, str]:
    return {
        str(name).lower(): ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        for name, value in rows.items()
    }


def _bytes(body: Any) -> bytes:
    if isinstance(body, Mapping):
        if "json" in body:
            return json.dumps(body["json"], ensure_ascii=False).encode()
        body = body.get("string", body if body else b"")
    if isinstance(body, Mapping | list):
        return json.dumps(body, ensure_ascii=False).encode()
    return body if isinstance(body, bytes) else str(body or "").encode()


def _decompressed(body: bytes, coding: str) -> bytes:
    """Undo a content coding; vcrpy may have undone it already and left the header."""
    try:
        if coding == "gzip":
            return gzip.decompress(body)
        return zlib.decompress(body) if coding == "deflate" else body
    except (OSError, zlib.error):
        return body
