"""Conversation: a list of messages that is written as JSON and read again, whole: calls, media and opaque state too.

The file is for its owner alone (mode 600): a conversation may hold what nobody else shall read. It holds no key.
"""

from __future__ import annotations

import base64
import os
import re
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Self

from pydantic import ValidationError
from pydantic_core import from_json, to_json

from .errors import InvalidInput
from .messages import Message

_VERSION: Final = 1
#: How bytes inside opaque values are written: JSON has none.
_BYTES: Final = "$bytes"
#: A member that has such a name itself gets one sign more.
_MARK: Final = re.compile(r"\$+bytes")


class Conversation(list[Message]):
    """Messages, and `facts`: what else is kept with them, such as the model, as JSON values.

    Wherever messages are taken, a conversation is. A string becomes a user's message, a dict a message of its shape.

    Raises:
        InvalidInput: something in it is no message.
    """

    def __init__(self, messages: Iterable[Any] = (), facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(_message(message) for message in messages)
        self.facts: dict[str, Any] = dict(facts or {})

    def __repr__(self) -> str:
        return f"<Conversation of {len(self)} messages>"

    def to_json(self) -> bytes:
        """Return it as JSON.

        Raises:
            InvalidInput: an opaque value has no form in JSON.
        """
        rows = [_written(message.model_dump()) for message in self]
        try:
            return to_json(
                {"version": _VERSION, "facts": _written(self.facts), "messages": rows},
                inf_nan_mode="constants",
                indent=1,
            )
        except ValueError as error:
            raise InvalidInput(f"the conversation cannot be written as JSON: {error}") from None

    @classmethod
    def from_json(cls, data: bytes | str) -> Self:
        """Read what `to_json` wrote.

        Raises:
            InvalidInput: it is no JSON, of a later version, or holds something that is no message.
        """
        try:
            body = from_json(data)
        except ValueError as error:
            raise InvalidInput(f"the conversation is no JSON: {error}") from None
        if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
            raise InvalidInput("the JSON is no conversation; it needs a list `messages`")
        if body.get("version", _VERSION) != _VERSION:
            raise InvalidInput(f"the conversation is of version {body['version']!r:.20}; here {_VERSION} is read")
        facts = body.get("facts")
        try:
            rows = [_read(row) for row in body["messages"]]
        except ValueError as error:
            raise InvalidInput(f"the conversation holds broken base64: {error}") from None
        return cls(rows, _read(facts) if isinstance(facts, dict) else {})

    def save(self, path: str | Path) -> None:
        """Write it to a file that only its owner may read; what was there before stays whole until this is.

        Raises:
            InvalidInput: an opaque value has no form in JSON.
            OSError: the file cannot be written.
        """
        path, data = Path(path), self.to_json()
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mode 600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
            os.replace(name, path)
        except BaseException:
            os.unlink(name)
            raise

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """Read a file that `save` wrote.

        Raises:
            InvalidInput: it holds no conversation.
            OSError: it cannot be read.
        """
        return cls.from_json(Path(path).read_bytes())


def _message(value: Any) -> Message:
    if isinstance(value, Message):
        return value
    try:
        return Message(role="user", parts=value) if isinstance(value, str) else Message.model_validate(value)
    except ValidationError as error:
        row = error.errors(include_url=False)[0]
        place = ".".join(map(str, row["loc"]))
        raise InvalidInput(f"the conversation holds what is no message: {place}: {row['msg']}") from None


def _written(value: Any) -> Any:
    """Return a value as JSON has it; bytes are marked, so that they can be told from text."""
    if isinstance(value, bytes):
        return {_BYTES: base64.b64encode(value).decode("ascii")}
    if isinstance(value, Mapping):
        return {f"${name}" if _MARK.fullmatch(str(name)) else name: _written(row) for name, row in value.items()}
    return [_written(row) for row in value] if isinstance(value, list | tuple) else value


def _read(value: Any) -> Any:
    if isinstance(value, dict):
        if len(value) == 1 and isinstance(text := value.get(_BYTES), str):
            return base64.b64decode(text)
        return {name[1:] if _MARK.fullmatch(name) else name: _read(row) for name, row in value.items()}
    return [_read(row) for row in value] if isinstance(value, list) else value
