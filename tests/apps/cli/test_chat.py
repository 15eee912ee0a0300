"""`jackfield chat` in a pipe: what is sent, and what is printed where."""

import base64
import json
import re
from pathlib import Path

import pytest

from tests.apps.cli.processes import Command, Done, wait_for
from tests.apps.cli.server import Provider

ANSWER = "Hello, wörld 🌍\n"
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def test_an_answer_goes_to_standard_output_and_the_rest_to_standard_error(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/large", "Hi")
    assert (done.status, done.out) == (0, ANSWER), done.err
    assert re.fullmatch(r"acme/large: 11 tokens in, 5 out, 0\.0000315 USD, \d+\.\d s\n", done.err)


def test_the_request_streams_and_has_nothing_that_was_not_asked(jackfield: Command, provider: Provider) -> None:
    jackfield("chat", "-m", "acme/large", "Hi", "there")
    (sent,) = provider.requests
    assert sent.pop("stream") is True
    sent.pop("stream_options", None)
    assert sent == {"model": "large", "messages": [{"role": "user", "content": "Hi there"}]}


def test_without_streaming_the_answer_is_the_same(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "-m", "acme/large", "--no-stream", "Hi")
    assert (done.status, done.out) == (0, ANSWER), done.err
    assert "stream" not in provider.requests[0]


def test_a_price_that_nobody_knows_is_unknown(jackfield: Command) -> None:
    assert ", unknown cost, " in jackfield("chat", "-m", "acme/other", "Hi").err


def test_usage_that_nobody_states_is_unknown(jackfield: Command) -> None:
    assert ": unknown tokens, unknown cost, " in jackfield("chat", "-m", "acme/silent", "Hi").err


def test_an_answer_that_was_cut_off_by_its_limit_says_so(jackfield: Command) -> None:
    assert "; finish reason length" in jackfield("chat", "-m", "acme/short", "Hi").err


def test_json_is_the_whole_answer(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/large", "--json", "Hi")
    answer = json.loads(done.out)
    assert answer["choices"][0]["message"]["parts"][0]["text"] == ANSWER.rstrip("\n")
    assert answer["usage"]["counts"]["input"] == 11
    assert answer["cost"]["total"] == "0.0000315"


def test_the_prompt_may_come_from_standard_input(jackfield: Command, provider: Provider) -> None:
    assert jackfield("chat", "-m", "acme/large", stdin="Grüße\n").status == 0
    assert provider.requests[0]["messages"] == [{"role": "user", "content": "Grüße"}]


def test_the_argument_stands_before_standard_input(jackfield: Command, provider: Provider) -> None:
    jackfield("chat", "-m", "acme/large", "--system", "Be brief", "Sum up:", stdin="a text\n")
    assert provider.requests[0]["messages"] == [
        {"role": "system", "content": "Be brief"},
        {"role": "user", "content": "Sum up:\n\na text"},
    ]


def test_no_prompt_at_all_is_refused(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "-m", "acme/large")
    assert (done.status, done.out, provider.requests) == (2, "", [])
    assert done.err == "jackfield: nothing to say; give a prompt as an argument or on standard input\n"


def test_standard_input_that_is_no_text_is_refused(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/large", stdin=b"\xff\xfe\x00")
    assert done.status == 2
    assert "standard input is no text" in done.err


def test_files_are_sent_by_their_type(jackfield: Command, provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "dot.png").write_bytes(PNG)
    (tmp_path / "page.pdf").write_bytes(b"%PDF-1.4 plain")
    (tmp_path / "tone.wav").write_bytes(b"RIFF\0\0\0\0WAVE")
    (tmp_path / "code.ts").write_text("let a = 1")
    names = ("dot.png", "page.pdf", "tone.wav", "code.ts")
    files = [word for name in names for word in ("-f", str(tmp_path / name))]
    assert jackfield("chat", "-m", "acme/large", *files, "What?").status == 0
    (message,) = provider.requests[0]["messages"]
    assert [part["type"] for part in message["content"]] == ["image_url", "file", "input_audio", "text", "text"]
    assert message["content"][0]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert message["content"][1]["file"]["filename"] == "page.pdf"
    assert message["content"][3]["text"] == "code.ts:\n\nlet a = 1"
    assert message["content"][4]["text"] == "What?"


@pytest.mark.parametrize(("name", "data"), [("missing.txt", None), ("thing.zip", b"PK\x03\x04\0\0\xff")])
def test_a_file_that_cannot_be_sent_is_refused(
    jackfield: Command, provider: Provider, tmp_path: Path, name: str, data: bytes | None
) -> None:
    if data is not None:
        (tmp_path / name).write_bytes(data)
    done = jackfield("chat", "-m", "acme/large", "-f", str(tmp_path / name), "What?")
    assert (done.status, done.out, provider.requests) == (2, "", [])
    assert name in done.err
    assert done.err.count("\n") == 1


def test_options_become_parameters(jackfield: Command, provider: Provider) -> None:
    words = ["--temperature", "0.5", "--max-tokens", "9", "--stop", "END", "--stop", "FIN"]
    words += ["--seed", "7", "--top-p", "0.9", "--reasoning", "low", "-p", "frequency_penalty=0.25", "-p", 'user="me"']
    jackfield("chat", "-m", "acme/other", *words, "Hi")
    sent = provider.requests[0]
    assert (sent["temperature"], sent["max_tokens"], sent["stop"]) == (0.5, 9, ["END", "FIN"])
    assert (sent["seed"], sent["top_p"], sent["reasoning_effort"]) == (7, 0.9, "low")
    assert (sent["frequency_penalty"], sent["user"]) == (0.25, "me")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-p", "top_k"], "a parameter is written NAME=JSON"),
        (["-p", "verbosity=low"], """a text needs quotes: -p 'verbosity="low"'"""),
        (["-p", "stop=[1"], "check its brackets"),
        (["-p", "temprature=1"], "did you mean temperature?"),
        (["-p", 'temperature="warm"'], "temperature: input should be a valid number"),
        (["-p", 'model="x"'], "model is given by -m"),
        (["--seed", "1", "-p", "seed=2"], "seed is given twice"),
        (["--reasoning", "a-lot"], "reasoning"),
        (["--temperature", "warm"], "--temperature"),
        (["--timeout", "0"], "--timeout"),
        (["--unsupported", "maybe"], "--unsupported"),
    ],
)
def test_a_wrong_option_is_refused(jackfield: Command, provider: Provider, words: list[str], said: str) -> None:
    done = jackfield("chat", "-m", "acme/large", *words, "Hi")
    assert (done.status, done.out, provider.requests) == (2, "", [])
    assert said in done.err
    assert "Traceback" not in done.err


def test_an_adjustment_stands_in_the_summary(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "-m", "acme/large", "-p", "top_k=3", "Hi")
    assert "; top_k dropped: the model does not take it" in done.err
    assert done.err.count("\n") == 1
    assert "top_k" not in provider.requests[0]


def test_an_adjustment_can_be_an_error(jackfield: Command, provider: Provider) -> None:
    done = jackfield("chat", "-m", "acme/large", "-p", "top_k=3", "--unsupported", "error", "Hi")
    assert (done.status, provider.requests) == (2, [])
    assert "top_k" in done.err


def test_thinking_is_hidden_in_a_pipe(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/thinker", "Hi")
    assert (done.out, "think." in done.err) == (ANSWER, False)


def test_thinking_can_be_asked_for_in_a_pipe(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/thinker", "--thinking", "Hi")
    assert done.out == ANSWER
    assert done.err.startswith("Let me think.\nacme/thinker: ")


def test_a_tool_call_is_part_of_the_answer(jackfield: Command) -> None:
    done = jackfield("chat", "-m", "acme/caller", "Hi", "-p", 'tools=[{"name": "look"}]')
    assert done.out == 'look({"at": 1})\n'


def test_an_answer_is_printed_as_it_comes(jackfield: Command, provider: Provider) -> None:
    with jackfield.started("chat", "-m", "acme/stalling", "Hi") as process:
        assert process.read("Hello, ") == "Hello, "
        assert not provider.cancelled.is_set()


def test_an_interrupt_cancels_and_what_came_stays(jackfield: Command, provider: Provider) -> None:
    with jackfield.started("chat", "-m", "acme/stalling", "Hi") as process:
        assert process.read("Hello, ") == "Hello, "
        process.interrupt()
        assert process.end() == Done(status=130, out="\n", err="interrupted\n")
    assert wait_for(provider.cancelled.is_set)


def test_a_reader_that_goes_ends_it_quietly(jackfield: Command) -> None:
    with jackfield.started("chat", "-m", "acme/endless", "Hi") as process:
        assert process.read("\n") == "again\n"
        assert process.leave() == Done(status=0, out="", err="")
