"""`jackfield embed`, `rerank` and `tokens`: what a provider answers beside chat, for people and for programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from jackfield import Client, Response
from jackfield.errors import InvalidInput

from ._setup import open_boards
from ._tables import show_json, show_table
from ._terminal import harmless

_SHOWN = 4


def show_embeddings(
    model: str, texts: Sequence[str], input_type: str | None, dimensions: int | None, as_json: bool
) -> int:
    """Print a vector for each text: its length and its first numbers, or all of it as JSON."""
    given = {"input_type": input_type, "dimensions": dimensions}
    with Client(boards=open_boards()) as client:
        inputs = [*texts] or _lines()
        answer = client.embed(model, inputs, **{name: value for name, value in given.items() if value is not None})
    if as_json:
        show_json({**_about(answer), "vectors": [list(vector) for vector in answer.vectors]})
        return 0
    rows = [
        (
            harmless(text, sys.stdout),
            str(len(vector)),
            ", ".join(f"{number:.5f}" for number in vector[:_SHOWN]) + " ...",
        )
        for text, vector in zip(inputs, answer.vectors, strict=True)
    ]
    show_table(("text", "length", "vector"), rows)
    return 0


def show_ranking(model: str, query: str, documents: Sequence[str], top_n: int | None, as_json: bool) -> int:
    """Print documents, the most relevant first."""
    with Client(boards=open_boards()) as client:
        given = {} if top_n is None else {"top_n": top_n}
        answer = client.rerank(model, query, [*documents] or _lines(), return_documents=True, **given)
    rows = [(row.index, row.relevance_score, row.document or "") for row in answer.results]
    if as_json:
        named = [{"index": index, "relevance_score": score, "document": text} for index, score, text in rows]
        show_json({**_about(answer), "results": named})
    else:
        table = [(f"{score:.5f}", str(index), harmless(text, sys.stdout)) for index, score, text in rows]
        show_table(("relevance", "index", "document"), table)
    return 0


def show_tokens(model: str, texts: Sequence[str], system: str | None, as_json: bool) -> int:
    """Print how many tokens a prompt has, as the provider counts them."""
    prompt = " ".join(texts) or "\n".join(_lines())
    with Client(boards=open_boards()) as client:
        answer = client.count_tokens(model, prompt, system=system)
    if as_json:
        show_json({**_about(answer), "input_tokens": answer.input_tokens, "estimated": answer.estimated})
    else:
        sys.stdout.write(f"{answer.input_tokens}\n")
    return 0


def _lines() -> list[str]:
    """Read the lines of standard input, where it is piped.

    Raises:
        InvalidInput: nothing is piped, or nothing is in it.
    """
    found = [] if sys.stdin.isatty() else [line for line in sys.stdin.read().splitlines() if line.strip()]
    if not found:
        raise InvalidInput("no text is given; write it behind the options, or pipe it in, one on a line")
    return found


def _about(answer: Response) -> dict[str, Any]:
    usage, cost = answer.usage, answer.cost
    known = cost is not None and cost.total is not None
    return {
        "provider": answer.provider,
        "model": answer.model,
        "usage": None if usage is None else dict(usage.counts),
        "cost": str(cost.total) if cost is not None and known else None,
        "adjustments": [f"{row.parameter}: {row.action}, {row.reason}" for row in answer.adjustments],
    }
