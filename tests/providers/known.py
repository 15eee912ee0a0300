"""What is known of a provider, as the rows of a short table: out of its catalog and of what was recorded with it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jackfield import Boards, ChatRequest, EmbeddingRequest, ProviderInfo, RerankRequest
from tests.recordings import loader, test_cloudflare_run, test_crossing, test_hosts
from tests.recordings.suite import RecordedApi

__all__ = ["RECORDED", "recorded", "rows"]

RECORDED = "recorded chats"
#: Where the recordings of a provider lie, if not in the folder of its name: those of servers of one's own.
FOLDERS = {
    "llama-cpp": ("local-llamacpp",),
    "openai-compatible": ("gpustack", "local-litellm", "local-openai", "portkey-gateway"),
    "vertex": ("google",),
}


def rows(boards: Boards, provider: str) -> list[tuple[str, str]]:
    """Return what the catalog says, each row with its name."""
    info = boards.info(provider)
    table = [
        ("models", _models(info)),
        ("default model", _code(info.default_model) if info.default_model else ""),
        ("dialects", ", ".join(map(_code, _dialects(info)))),
        ("operations", ", ".join(info.operations)),
        ("keys", _keys(info)),
        *((_code(name), _setting(setting)) for name, setting in info.settings.items()),
        ("not taken", ", ".join(sorted(_not_taken(boards, info)))),
        ("bounded", ", ".join(sorted(_bounded(boards, info)))),
        ("checked against", info.verified),
    ]
    return [(name, text) for name, text in table if text]


def recorded(provider: str) -> str:
    """Count the recorded chats that the tests read, by the folder of their API."""
    return ", ".join(f"{count} in {_code(api)}" for api, count in sorted(_counted(provider)) if count) or "none"


def _models(info: ProviderInfo) -> str:
    models = [info.model(name) for name in info.model_names()]
    priced = sum(bool(model.rules) for model in models)
    said = [
        (priced, "priced"),
        (len(models) - priced, "of unknown cost"),
        (sum("memory" in (model.source or "") for model in models), "in part from memory"),
        (sum(model.retired is not None for model in models), "with the day of their end"),
    ]
    return f"{len(models)}: " + ", ".join(f"{count} {what}" for count, what in said if count) if models else "0"


def _dialects(info: ProviderInfo) -> list[str]:
    spoken = {info.model(name).dialect for name in info.model_names()} | set(info.table.get("dialects", {}))
    return [info.dialect, *sorted(spoken - {info.dialect})]


def _keys(info: ProviderInfo) -> str:
    ways = (" and ".join(", ".join(map(_code, names)) for names in way.values.values()) for way in info.auth)
    return "; or ".join(way or "none" for way in ways)


def _setting(setting: Any) -> str:
    default = "" if setting.default is None else _code(setting.default)
    others = f"what {' and '.join(map(_code, setting.cases))} asks for" if setting.cases else ""
    return ", or ".join(filter(None, [", ".join(map(_code, setting.env)), default, others]))


def _limits(boards: Boards, info: ProviderInfo) -> Any:
    """Return the limits of the provider for a model that no entry knows, in its main dialect, of what can be asked."""
    kinds = [kind for kind in (ChatRequest, EmbeddingRequest, RerankRequest) if kind.operation in info.operations]
    others = {name for kind in (EmbeddingRequest, RerankRequest) for name in kind.model_fields}
    idle = others.difference(*(kind.model_fields for kind in kinds)) - ChatRequest.model_fields.keys()
    if "chat" not in info.operations:
        idle |= ChatRequest.model_fields.keys() - {name for kind in kinds for name in kind.model_fields}
        idle.add("call_id")
    return {name: limit for name, limit in boards.open(info.name).model("?").limits.items() if name not in idle}


def _not_taken(boards: Boards, info: ProviderInfo) -> Iterator[str]:
    return (_code(name) for name, limit in _limits(boards, info).items() if not limit.taken)


def _bounded(boards: Boards, info: ProviderInfo) -> Iterator[str]:
    for name, limit in _limits(boards, info).items():
        if limit.range is not None:
            low, high = (f"{bound:.12g}" for bound in limit.range)
            what = " budget" if name == "reasoning" else ""
            yield f"{_code(name)}{what} {low}" + ("" if low == high else f" to {high}")
        elif limit.efforts and len(limit.efforts) == 1:
            yield f"{_code(name)} on or off"
        elif limit.max_items is not None:
            yield f"{_code(name)} up to {limit.max_items}"
        elif limit.allowed is not None or limit.efforts:
            yield f"{_code(name)} {'/'.join(map(str, limit.allowed or limit.efforts))}"
        elif limit.reasoning is not None:
            yield f"{_code(name)} at effort {limit.reasoning}"


def _counted(provider: str) -> Iterator[tuple[str, int]]:
    suites: list[tuple[type[RecordedApi], list[str]]] = [
        *test_crossing.SOURCES.values(),
        (test_hosts.TestHosts, test_hosts.HOSTS),
        (test_cloudflare_run.TestCloudflareRun, ["cloudflare"]),
    ]
    for suite, folders in suites:
        for folder in (name for name in folders if name in FOLDERS.get(provider, (provider,))):
            api, wanted = suite().api_of(folder), suite().wanted
            found = (row for row in loader.exchanges(folder, api) if wanted(row))
            if folder == "google":
                # two providers share this folder, and are told apart by their addresses
                found = (row for row in found if ("aiplatform" in row.url) == (provider == "vertex"))
            yield f"{folder}/{api}" if folder != provider else api, sum(1 for _ in found)


def _code(text: str) -> str:
    return f"`{text}`"
