"""ChatJackfield: LangChain's interface of chat models, over a client of Jackfield in each colour."""

from __future__ import annotations

import weakref
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
from pydantic import ConfigDict, Field, SecretStr

from jackfield import AsyncClient, Boards, ChatRequest, Client
from jackfield.parsing import chat_request

from ._answers import chunk_of, last_chunk_of, result_of
from ._messages import messages_of


class ChatJackfield(BaseChatModel):
    """A chat model of any provider, by its name `provider/model`.

    `providers` is that of `jackfield.Client`; `api_key` is the key of the model's own provider. `model_kwargs` are
    further unified parameters. Errors are those of `jackfield.errors`.
    """

    model_config = ConfigDict(populate_by_name=True, ignored_types=(cached_property,))

    model: str = Field(alias="model_name")
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = Field(default=None, alias="stop_sequences")
    timeout: float | None = None
    max_retries: int = 2
    streaming: bool = False
    api_key: SecretStr | None = None
    providers: dict[str, dict[str, Any]] = Field(default_factory=dict, repr=False, exclude=True)
    model_kwargs: dict[str, Any] = Field(default_factory=dict)
    boards: Any = Field(default=None, repr=False, exclude=True)

    @property
    def _llm_type(self) -> str:
        return "jackfield"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, **self._parameters(None, {})}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        found = super()._get_ls_params(stop=stop, **kwargs)
        name = str(kwargs.get("model", self.model))
        provider, _, model = name.partition("/")
        found["ls_provider"], found["ls_model_name"] = provider, model or provider
        return found

    @cached_property
    def _options(self) -> dict[str, Any]:
        """What both clients are made of."""
        boards = self.boards or Boards.of(None)
        providers = {name: dict(values) for name, values in self.providers.items()}
        if self.api_key is not None:
            provider, _ = boards.resolve(self.model, providers)
            providers[provider] = {**providers.get(provider, {}), "api_key": self.api_key.get_secret_value()}
        return {"providers": providers, "boards": boards, "retries": self.max_retries, "timeout": self.timeout}

    @cached_property
    def _client(self) -> Client:
        client = Client(**self._options)
        weakref.finalize(self, client.close)  # LangChain closes no model
        return client

    def close(self) -> None:
        """Close the connections; the model opens new ones where it is asked again."""
        if (client := self.__dict__.pop("_client", None)) is not None:
            client.close()

    def _parameters(self, stop: list[str] | None, given: dict[str, Any]) -> dict[str, Any]:
        found = {
            "temperature": self.temperature,
            "max_tokens": self.max_tokens,
            "stop": stop or self.stop or None,
            **self.model_kwargs,
            **given,
        }
        return {name: value for name, value in found.items() if value is not None}

    def _request(
        self, messages: list[BaseMessage], stop: list[str] | None, given: dict[str, Any], stream: bool
    ) -> ChatRequest:
        parameters = self._parameters(stop, given)
        model = str(parameters.pop("model", self.model))
        return chat_request(model, messages_of(messages), None, parameters, stream)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return result_of(self._client.chat(self._request(messages, stop, kwargs, False)))

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        with self._client.stream(self._request(messages, stop, kwargs, True)) as deltas:
            for delta in deltas:
                if (chunk := chunk_of(delta)) is not None:
                    if run_manager is not None:
                        run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                    yield chunk
        yield last_chunk_of(deltas.response)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        async with AsyncClient(**self._options) as client:  # of this event loop: a model is used in several
            return result_of(await client.chat(self._request(messages, stop, kwargs, False)))

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        async with AsyncClient(**self._options) as client:
            async with client.stream(self._request(messages, stop, kwargs, True)) as deltas:
                async for delta in deltas:
                    if (chunk := chunk_of(delta)) is not None:
                        if run_manager is not None:
                            await run_manager.on_llm_new_token(chunk.text, chunk=chunk)
                        yield chunk
            yield last_chunk_of(deltas.response)

    def bind_tools(
        self,
        tools: Sequence[dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | dict[str, Any] | bool | None = None,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """Offer tools; `tool_choice` is `auto`, `none`, `any`, a name, or the dict that names one."""
        offered = [{**convert_to_openai_tool(tool)["function"], "strict": strict} for tool in tools]
        chosen = None if tool_choice is None or tool_choice is False else _choice(tool_choice)
        return self.bind(tools=offered, tool_choice=chosen, **kwargs)

    def with_structured_output(
        self,
        schema: dict[str, Any] | type,
        *,
        method: str = "json_schema",
        include_raw: bool = False,
        strict: bool | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, Any]:
        """Answer in the form of a schema: by the provider's own means, by a tool that must be called, or as any JSON.

        Raises:
            ValueError: the method is none of `json_schema`, `function_calling` and `json_mode`.
        """
        if method == "function_calling":
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        if method not in ("json_schema", "json_mode"):
            raise ValueError(f"method is {method!r}; it may be 'json_schema', 'function_calling' or 'json_mode'")
        form: Any = "json"
        if method == "json_schema":
            said = convert_to_json_schema(schema)
            form = {"schema": said, "name": said.get("title") or "output", "strict": strict}
        asked = self.bind(response_format=form, **kwargs)
        parser: Runnable[AIMessage, Any] = JsonOutputParser()
        if isinstance(schema, type) and is_basemodel_subclass(schema):
            parser = PydanticOutputParser(pydantic_object=schema)
        if not include_raw:
            return asked | parser
        read = RunnablePassthrough.assign(parsed=itemgetter("raw") | parser, parsing_error=lambda _: None)
        failed = RunnablePassthrough.assign(parsed=lambda _: None)
        return RunnableMap(raw=asked) | read.with_fallbacks([failed], exception_key="parsing_error")


def _choice(value: str | dict[str, Any] | bool) -> dict[str, Any]:
    if isinstance(value, dict):
        return {"name": value.get("function", value).get("name")}
    if value is True or value in ("any", "required"):
        return {"mode": "required"}
    return {"mode": value} if value in ("auto", "none") else {"name": value}
