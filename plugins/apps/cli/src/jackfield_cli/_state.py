"""What is kept between commands, for its owner alone, in the platform's folder for state."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_state_path

from jackfield import Conversation
from jackfield.errors import ConfigurationError, InvalidInput


def state_folder() -> Path:
    """Return the folder, which is there then.

    Raises:
        ConfigurationError: it cannot be made.
    """
    folder = user_state_path("jackfield", appauthor=False)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigurationError(f"{folder} cannot be made: {error.strerror}; set XDG_STATE_HOME") from None
    return folder


def last_conversation() -> Conversation:
    """Return the conversation that was kept last.

    Raises:
        InvalidInput: there is none, or it cannot be read.
    """
    path = _path()
    try:
        return Conversation.load(path)
    except FileNotFoundError:
        raise InvalidInput("there is no conversation to go on with; one is kept by `jackfield chat -m MODEL`") from None
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from None


def keep(conversation: Conversation) -> None:
    """Keep a conversation as the last one.

    Raises:
        ConfigurationError: it cannot be written.
    """
    try:
        conversation.save(_path())
    except OSError as error:
        raise ConfigurationError(f"the conversation cannot be kept: {error}") from None


def lines_path() -> Path:
    """Return the file of the lines that were typed; it is made for its owner alone."""
    path = state_folder() / "lines"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
    return path


def _path() -> Path:
    return state_folder() / "conversation.json"
