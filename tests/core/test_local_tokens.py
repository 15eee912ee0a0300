"""Token counts without a provider: by a tokenizer that is made here, so that nothing is fetched."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import tiktoken

from jackfield import ConfigurationError, Media, Message, UnsupportedFeature
from jackfield.local_tokens import count_locally


@pytest.fixture(scope="module")
def letters() -> Any:
    """Count every byte as a token, and `ab` as one."""
    ranks = {bytes([number]): number for number in range(256)} | {b"ab": 256}
    return tiktoken.Encoding("letters", pat_str=r"\s+|\S+", mergeable_ranks=ranks, special_tokens={"<|end|>": 300})


@pytest.mark.parametrize(("text", "count"), [("abc", 2), ("", 0), ("ab ab", 3), ("ü", 2), ("<|end|>", 7)])
def test_text_is_counted_as_the_tokenizer_cuts_it(letters: Any, text: str, count: int) -> None:
    found = count_locally("openai/gpt-4o", text, encoding=letters)
    assert found.input_tokens - count_locally("openai/gpt-4o", "", encoding=letters).input_tokens == count
    assert found.estimated


def test_system_turns_and_tools_count(letters: Any) -> None:
    bare = count_locally("m/m", "abc", encoding=letters).input_tokens
    assert count_locally("m/m", "abc", system="abab", encoding=letters).input_tokens == bare + 2 + 3
    tools = [{"name": "weather", "parameters": {"type": "object"}}]
    assert count_locally("m/m", "abc", tools=tools, encoding=letters).input_tokens > bare + len("weather")


def test_what_is_no_text_is_refused(letters: Any) -> None:
    image = Message(role="user", parts=(Media(kind="image", source="https://a.invalid/b.png"),))
    with pytest.raises(UnsupportedFeature, match=r"tokens of a media cannot .*Client\.count_tokens"):
        count_locally("m/m", [image], encoding=letters)


def test_without_the_extra_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "tiktoken", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'jackfield\[tokenizers\]'"):
        count_locally("openai/gpt-4o", "Hi")


def test_the_tokenizer_is_not_imported_before_it_is_asked() -> None:
    code = "import sys, jackfield.local_tokens; sys.exit('tiktoken' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
