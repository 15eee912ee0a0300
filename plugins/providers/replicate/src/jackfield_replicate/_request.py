"""Translate: a chat as the input of a prediction. Each vendor's models name the members of their input themselves."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Final

from jackfield import ChatRequest, Endpoint, HTTPRequest, Media, Message, Request, Text, UnsupportedFeature, hookimpl

__all__ = ["translate_request"]

#: Seconds that Replicate holds the connection for an answer; the flow asks again afterwards.
_WAIT: Final = "wait=60"
#: Members of a chat that models take under the same name; the catalog says which of them a model has.
_SAME: Final = ("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "seed",
                "reasoning_effort", "verbosity")  # fmt: skip
_MOST: Final[Mapping[str, str]] = {"openai": "max_completion_tokens"}


@hookimpl(wrapper=True)
def translate_request(request: Request, endpoint: Endpoint) -> Generator[Any, HTTPRequest | None, HTTPRequest | None]:
    """Ask for a prediction of a model, of one of its versions (`owner/name:version`), or of a deployment.

    Raises:
        UnsupportedFeature: the model takes no such conversation.
    """
    found = yield
    if found is None or not isinstance(request, ChatRequest):
        return found
    body: dict[str, Any] = {"input": _input(request, found.body)}
    kind, _, name = request.model.partition("/")
    if kind == "deployments":
        found.url = f"{endpoint.base_url}/deployments/{name}/predictions"
    else:
        found.url = f"{endpoint.base_url}/predictions"
        body["version"] = request.model
    if request.stream:
        body["stream"] = True
    else:
        found.headers["prefer"] = _WAIT
    found.body = body
    return found


def _input(request: ChatRequest, wire: Mapping[str, Any]) -> dict[str, Any]:
    vendor = request.model.partition("/")[0]
    written = {name: wire[name] for name in _SAME if name in wire}
    if request.max_tokens is not None:
        written[_MOST.get(vendor, "max_tokens")] = request.max_tokens
    if request.stop:
        if any("," in text for text in request.stop):
            raise UnsupportedFeature("stop: commas separate the texts here, so none may have one", param="stop")
        written["stop_sequences"] = ",".join(request.stop)
    system = [message for message in request.messages if message.role in ("system", "developer")]
    turns = [message for message in request.messages if message.role not in ("system", "developer")]
    if [message.role for message in turns] == ["user"]:
        written["prompt"] = _said(turns[0])
        if images := [_url(part) for part in turns[0].parts if isinstance(part, Media)]:
            written["image_input"] = images
        if system:
            written["system_prompt"] = "\n\n".join(map(_said, system))
        return written
    if vendor != "openai":
        raise UnsupportedFeature(
            f"messages: {vendor}'s models take one turn of the user here, not {len(turns)} turns; say what came before "
            "in that turn, or choose a model of openai/ or another provider",
            param="messages",
        )
    written["messages"] = [{"role": message.role, "content": _said(message)} for message in request.messages]
    if any(isinstance(part, Media) for message in turns for part in message.parts):
        raise UnsupportedFeature("messages: images go with one turn of the user alone here", param="messages")
    return written


def _said(message: Message) -> str:
    texts = []
    for part in message.parts:
        if isinstance(part, Text):
            texts.append(part.text)
        elif not isinstance(part, Media):
            raise UnsupportedFeature(f"messages: a prediction takes no {part.type}; take it out", param="messages")
    return "\n\n".join(texts)


def _url(part: Media) -> str:
    from jackfield import Bytes, Url
    from jackfield.messages import encode_data_url

    match part.kind, part.source:
        case "image", Url(url=url):
            return url
        case "image", Bytes(data=data):
            return encode_data_url(part.mime or "image/png", data)
        case _:
            raise UnsupportedFeature(f"messages: a prediction takes no {part.kind} in this form", param="messages")
