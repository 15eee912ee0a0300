"""Models of llm that ask a provider of Jackfield, in both colours."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from functools import cache, cached_property
from typing import Any

import llm
from llm.parts import StreamEvent
from pydantic import Field

from jackfield import AsyncClient, Boards, ChatResponse, Client, JackfieldError, ModelInfo, ProviderInfo
from jackfield.endpoints import has_credential

from ._events import Events
from ._messages import asked

_TYPES: Mapping[str, frozenset[str]] = {
    "image": frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"}),
    "audio": frozenset({"audio/wav", "audio/mpeg"}),
    "video": frozenset({"video/mp4"}),
    "document": frozenset({"application/pdf"}),
}


@llm.hookimpl
def register_models(register: Any) -> None:
    """Register the models of every provider that has a key, and one for each provider's default."""
    boards, stored = _boards(), _stored_keys()
    for name in boards.providers():
        try:
            info = boards.info(name)
            if not has_credential(info, stored.get(name, {}), os.environ):
                continue
            models = [f"{name}/{model}" for model in info.model_names() if _chats(info, model)]
        except JackfieldError:
            continue  # a broken plugin breaks nothing else; `jackfield doctor` names it
        for model in [*([name] if info.default_model else []), *models]:
            register(Sync(model), Async(model))


def _chats(info: ProviderInfo, model: str) -> bool:
    operations = info.model(model).operations
    return not operations or "chat" in operations


class Options(llm.Options):
    """What `-o` takes."""

    model: str | None = Field(default=None, description="Another model of the provider")
    temperature: float | None = Field(default=None, description="How freely tokens are drawn")
    top_p: float | None = Field(default=None, description="Draw from the most likely tokens of this mass")
    max_tokens: int | None = Field(default=None, ge=1, description="The most tokens to answer with")
    seed: int | None = Field(default=None, description="The same seed, about the same answer")
    reasoning: str | int | None = Field(default=None, description="An effort, a budget in tokens, or off")


class _Facts:
    """What llm wants to know of a model, read from the catalog when it asks."""

    can_stream = True
    needs_key = None

    def __init__(self, name: str) -> None:
        self.name = name
        self.model_id = f"jackfield/{name}"

    @cached_property
    def _info(self) -> ModelInfo:
        provider, model = _boards().resolve(self.name)
        return _boards().info(provider).model(model)

    @property
    def attachment_types(self) -> frozenset[str]:
        """The media types that the model takes; all that there are, where no catalog says."""
        media = self._info.media
        kinds = _TYPES if media is None else media.keys() & _TYPES.keys()
        return frozenset().union(*(_TYPES[kind] for kind in kinds))

    @property
    def supports_schema(self) -> bool:
        """Whether the model takes a schema; true where no catalog says."""
        return self._can("json_schema")

    @property
    def supports_tools(self) -> bool:
        """Whether the model calls tools; true where no catalog says."""
        return self._can("tools")

    def _can(self, what: str) -> bool:
        known = self._info.capabilities
        return known is None or what in known


class Sync(_Facts, llm.Model):  # type: ignore[misc, override]
    """A model that llm asks and waits for."""

    Options = Options  # type: ignore[assignment]

    def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Iterator[str | StreamEvent]:
        """Ask, and give events as they come.

        Raises:
            llm.ModelError: the provider, the network or the request is at fault; the message says which.
        """
        events = Events(response)
        try:
            request = asked(self.name, prompt, stream)
            if not stream:
                yield from events.whole(_client().chat(request))
                return
            with _client().stream(request) as deltas:
                for delta in deltas:
                    yield from events.of(delta)
            yield from events.end(deltas.response)
        except JackfieldError as error:
            raise llm.ModelError(str(error)) from error


class Async(_Facts, llm.AsyncModel):  # type: ignore[misc, override]
    """A model that llm awaits."""

    Options = Options  # type: ignore[assignment]

    async def execute(
        self, prompt: Any, stream: bool, response: Any, conversation: Any
    ) -> AsyncGenerator[str | StreamEvent, None]:
        """Ask, and give events as they come. See `Sync.execute`."""
        events = Events(response)
        try:
            request = asked(self.name, prompt, stream)
            async with AsyncClient(_stored_keys(), boards=_boards()) as client:
                if not stream:
                    answer: ChatResponse = await client.chat(request)
                    for event in events.whole(answer):
                        yield event
                    return
                async with client.stream(request) as deltas:
                    async for delta in deltas:
                        for event in events.of(delta):
                            yield event
                for event in events.end(deltas.response):
                    yield event
        except JackfieldError as error:
            raise llm.ModelError(str(error)) from error


@cache
def _boards() -> Boards:
    return Boards.of(None, os.environ)


@cache
def _client() -> Client:
    return Client(_stored_keys(), boards=_boards())


def _stored_keys() -> dict[str, dict[str, str]]:
    """Return the keys that llm keeps under a provider's name."""
    known = set(_boards().providers())
    stored: dict[str, str] = llm.load_keys()  # type: ignore[no-untyped-call]
    return {name: {"api_key": key} for name, key in stored.items() if name in known}
