"""`multimodal/chat` and `text/chat`: one or many providers side by side, each with an entry of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from jackfield import ChatRequest, ChatResponse, Fallback, InvalidInput, JackfieldError, Message
from jackfield.fetching import Room, fetch_async
from jackfield_gateway._call import Asker, Call, Header
from jackfield_gateway._panel import Panel
from jackfield_gateway._written import marks

from ._conversations import echoed, items_of, of_items, of_text, spoken, tools_of
from ._entries import Entries
from ._refusals import Refused, read
from ._requests import MultimodalChat, Shared, TextChat
from ._targets import Target, by_answer, targets

#: Writes the members of an entry that belong to the feature.
Said = Callable[[ChatResponse], Mapping[str, Any]]


class Chats:
    """Answers both."""

    def __init__(self, panel: Panel) -> None:
        self._panel = panel

    async def multimodal(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `multimodal/chat`."""
        body = read(MultimodalChat, await call.body())
        first, others = self._asked(call, body, "multimodal")
        rows = items_of(body)
        entries = Entries(self._panel.boards, body)
        try:
            fetch = partial(self._fetch, Room(self._panel.media.total))
            messages = await call.unless_gone(of_items(rows, body.chatbot_global_action, fetch))
        except InvalidInput as error:
            raise Refused.of("messages", error.message) from None
        except JackfieldError as error:
            for target in first:
                entries.failed(target, error)
            await call.reply(entries.rendered())
            return
        request = ChatRequest(
            model="",
            messages=messages,
            temperature=body.temperature,
            max_tokens=body.max_tokens,
            stop=tuple(body.stop_sequences) or None,
            top_k=body.top_k,
            top_p=body.top_p,
            reasoning=body.reasoning_effort,
            tools=(tools := tools_of(body.available_tools)),
            tool_choice=body.tool_choice if tools else None,
            response_format=_format(body.response_format),
            suggested=body.unwritten("temperature", "max_tokens", "tool_choice"),
        )

        def said(response: ChatResponse) -> Mapping[str, Any]:
            answer = spoken(response.text)
            if response.tool_calls:
                answer["tool_calls"] = calls_of(response)
            return {"messages": [*echoed(rows, body.show_base_64), answer]}

        await self._answer(call, body, request, (first, others), entries, said, "multimodal__chat")

    async def text(self, call: Call, _: Mapping[str, str]) -> None:
        """Answer `text/chat`."""
        body = read(TextChat, await call.body())
        first, others = self._asked(call, body, "text")

        def said(response: ChatResponse) -> Mapping[str, Any]:
            tools = [tool.model_dump(include={"name", "description", "parameters"}) for tool in body.available_tools]
            asked = {"role": "user", "message": body.text or "", "tools": tools or None, "tool_calls": None}
            answer = {"role": "assistant", "message": response.text, "tools": None, "tool_calls": calls_of(response)}
            return {"message": [asked, answer]}

        entries = Entries(self._panel.boards, body)
        await self._answer(call, body, text_request(body), (first, others), entries, said, "text__chat")

    def _asked(self, call: Call, body: Shared, feature: str) -> tuple[list[Target], list[Target]]:
        """Return whom a body asks, and check that the key may, before anything is fetched for it."""
        first, others = targets(self._panel.boards, body, feature)
        self._panel.admit(call.asker(f"{feature}__chat"), [target.model for target in (*first, *others)])
        return first, others

    async def _fetch(self, room: Room, url: str) -> tuple[bytes, str | None]:
        found = await fetch_async(url, self._panel.media, room=room)
        return found.data, found.mime

    async def _answer(
        self,
        call: Call,
        body: Shared,
        request: ChatRequest,
        asked: tuple[list[Target], list[Target]],
        entries: Entries,
        said: Said,
        route: str,
    ) -> None:
        first, others = asked
        asker = call.asker(route)
        if others:
            heads = await call.unless_gone(self._in_turn(asker, request, [*first, *others], entries, said))
        else:
            heads = await call.unless_gone(self._side_by_side(asker, request, first, entries, said))
        await call.reply(entries.rendered(), heads)

    async def _in_turn(
        self, asker: Asker, request: ChatRequest, asked: list[Target], entries: Entries, said: Said
    ) -> list[Header]:
        """Ask the one provider, and the others in its place; who failed stands before the one that answered."""
        request = request.model_copy(update={"model": asked[0].model})
        try:
            response = await self._panel.chat(asker, request, Fallback(tuple(target.model for target in asked[1:])))
        except JackfieldError as error:
            if error.attempts:
                entries.attempted(asked, error.attempts, last_is_answer=False)
            else:
                entries.failed(asked[0], error)
            return []
        entries.attempted(asked, response.attempts, last_is_answer=True)
        last = response.attempts[-1]
        entries.succeeded(by_answer(asked, last.provider, last.model), request, response, said(response))
        return marks(response.sandboxed, response.adjustments)

    async def _side_by_side(
        self, asker: Asker, request: ChatRequest, asked: list[Target], entries: Entries, said: Said
    ) -> list[Header]:
        """Ask every provider at once."""
        heads: list[Header] = []
        legs = await self._panel.beside(asker, request, [target.model for target in asked])
        for target, leg in zip(asked, legs, strict=True):
            if isinstance(leg, JackfieldError):
                entries.failed(target, leg)
            else:
                entries.succeeded(target, request.model_copy(update={"model": target.model}), leg, said(leg))
                heads += [mark for mark in marks(leg.sandboxed, leg.adjustments) if mark not in heads]
        return heads


def text_request(body: TextChat) -> ChatRequest:
    """Return what `text/chat` asks of a model, whose name comes later.

    Raises:
        Refused: the conversation is wrong.
    """
    tools = tools_of(body.available_tools)
    # with results the tools are declared still, as several hosts ask for it, and none may be called: see seed-choices
    choice = "none" if body.tool_results else body.tool_choice
    suggested = body.unwritten("temperature", "max_tokens", "tool_choice")
    if body.tool_results:
        suggested |= {"tool_choice"}
    messages: tuple[Message, ...] = of_text(body)
    return ChatRequest(
        model="",
        messages=messages,
        temperature=body.temperature,
        max_tokens=body.max_tokens,
        reasoning=body.reasoning_effort,
        tools=tools,
        tool_choice=choice if tools else None,
        suggested=suggested,
    )


def calls_of(response: ChatResponse) -> list[dict[str, Any]]:
    """Write the calls that an answer asks for."""
    return [{"id": call.id, "name": call.name, "arguments": call.arguments} for call in response.tool_calls]


def _format(value: Mapping[str, Any] | None) -> Any:
    """Read a response format, which public clients send as OpenAI writes it."""
    match value:
        case None | {"type": "text"}:
            return None
        case {"type": "json_object"}:
            return "json"
        case {"type": "json_schema", "json_schema": {"schema": schema, **more}} if isinstance(schema, Mapping):
            name, strict = more.get("name"), more.get("strict")
            if isinstance(name, str | None) and isinstance(strict, bool | None):
                return {"schema": schema, "name": name, "strict": strict}
    raise Refused.of("response_format", "text, json_object or json_schema with its json_schema is needed.")
