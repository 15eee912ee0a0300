"""What is said: the words of the command line, then standard input where it is piped, with files before both."""

from __future__ import annotations

import mimetypes
import os
import stat
import sys
from collections.abc import Sequence
from pathlib import Path

from jackfield import Bytes, Media, Message, Text
from jackfield.errors import InvalidInput
from jackfield.messages import MediaKind

_MEDIA: dict[str, MediaKind] = {"image": "image", "audio": "audio", "video": "video"}


def is_talk(words: Sequence[str], models: Sequence[str], as_json: bool) -> bool:
    """Tell whether a person at a terminal wants to talk: nothing is said yet, and one model at most is named."""
    try:
        at_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    except (AttributeError, ValueError):  # closed by whoever started us
        return False
    return at_terminal and not words and len(models) < 2 and not as_json


def messages_of(words: Sequence[str], files: Sequence[Path]) -> list[Message]:
    """Return what is said, as one message.

    Raises:
        InvalidInput: nothing is said, or a file cannot be sent.
    """
    text = "\n\n".join(piece for piece in (" ".join(words), _piped()) if piece)
    parts: list[Text | Media] = [part_of(file) for file in files]
    if text:
        parts.append(Text(text=text))
    if not parts:
        raise InvalidInput("nothing to say; give a prompt as an argument or on standard input")
    return [Message(role="user", parts=tuple(parts))]


def part_of(file: Path) -> Text | Media:
    """Return a file as a part: media by its type, anything else as text under its name.

    Raises:
        InvalidInput: it cannot be read, or is of a kind that no model takes.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}") from None
    mime = mimetypes.guess_type(file.name)[0] or ""
    if mime == "application/pdf":
        return Media(kind="document", source=Bytes(data=data), mime=mime, name=file.name)
    if (text := _as_text(data)) is not None:  # first: .ts is a video and .svg an image by name
        return Text(text=f"{file.name}:\n\n{text}")
    if (kind := _MEDIA.get(mime.partition("/")[0])) is not None:
        return Media(kind=kind, source=Bytes(data=data), mime=mime, name=file.name)
    what = mime or "of an unknown type"
    raise InvalidInput(f"{file} is {what} and no text; images, audio, video, PDF and text can be sent")


def _as_text(data: bytes) -> str | None:
    if b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _piped() -> str:
    """Read standard input, unless it is a terminal or another device: those are not meant for us, or have no end."""
    try:
        descriptor = sys.stdin.fileno()
        if stat.S_ISCHR(os.fstat(descriptor).st_mode):
            return ""
        data = sys.stdin.buffer.read()
    except (AttributeError, ValueError, OSError):  # closed by whoever started us
        return ""
    if (text := _as_text(data)) is None:
        raise InvalidInput("standard input is no text; give other content by --file")
    return text.rstrip("\n")
