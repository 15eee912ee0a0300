"""Boards: override chains, checks at registration, discovery that imports nothing, broken plugins that stay alone."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import types
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import jackfield
from jackfield import (
    Boards,
    ChatRequest,
    ChatResponse,
    Client,
    Endpoint,
    HTTPRequest,
    HTTPResponse,
    Message,
    PluginError,
    hookimpl,
)
from tests.core.conftest import acme
from tests.core.server import Server, completion, whole

ENDPOINT = Endpoint("acme", "echo", "https://acme.invalid")
REQUEST = ChatRequest(model="large", messages=(Message(role="user", parts="Hi"),))


class Echo:
    """The smallest dialect."""

    @hookimpl
    def translate_request(self, request: Any, endpoint: Any) -> HTTPRequest:
        return HTTPRequest("POST", endpoint.base_url, {}, {"say": request.messages[-1].text})

    @hookimpl
    def normalize_response(self, response: HTTPResponse) -> ChatResponse:
        return ChatResponse(id=response.body.decode())


def _boards(provider: Any = None, *extensions: Any, dialect: Any = None) -> Boards:
    boards = Boards(environ={})
    boards.register("dialect", "echo", dialect or Echo(), {})
    boards.register("provider", "acme", provider, {"provider": {"name": "acme", "dialect": "echo", "base_url": "x"}})
    for number, extension in enumerate(extensions):
        boards.register("extension", f"extension{number}", extension)
    return boards


def _translated(boards: Boards) -> Any:
    board = boards.open("acme")
    return board.translate_request(REQUEST, ENDPOINT, board.model("large")).body


def test_a_provider_without_code_is_its_dialect() -> None:
    assert _translated(_boards()) == {"say": "Hi"}


def test_a_provider_overrides_its_dialect_hook_by_hook_and_falls_through_with_none() -> None:
    class Shout:
        @hookimpl
        def translate_request(self, request: Any) -> HTTPRequest | None:
            return HTTPRequest("POST", "u", {}, {"say": "HI"}) if request.model == "loud" else None

    boards = _boards(Shout())
    board = boards.open("acme")
    assert _translated(boards) == {"say": "Hi"}
    loud = REQUEST.model_copy(update={"model": "loud"})
    assert board.translate_request(loud, ENDPOINT, board.model("loud")).body == {"say": "HI"}


def test_wrappers_bend_what_comes_out_extensions_outermost() -> None:
    def wrap(mark: str) -> Any:
        class Wrapper:
            @hookimpl(wrapper=True)
            def translate_request(self) -> Generator[None, HTTPRequest, HTTPRequest]:
                found = yield
                found.body["say"] += mark
                return found

        return Wrapper()

    assert _translated(_boards(wrap("1"), wrap("2"), wrap("3"))) == {"say": "Hi123"}


def test_an_extension_may_be_asked_last_where_nobody_else_has_an_answer() -> None:
    class Last:
        @hookimpl(trylast=True)
        def parse_request(self, route: Any) -> ChatRequest:
            return ChatRequest(model="last", messages="Hi")

        @hookimpl(trylast=True)
        def render_error(self) -> HTTPResponse:
            return HTTPResponse(418)

    board = _boards(None, Last()).open("acme")
    assert board.parse_request(HTTPRequest("POST", ""), {}).model == "last"
    assert board.render_error(jackfield.JackfieldError("x")).status == 500, "the core had an answer"


def test_each_observer_runs_though_another_raises(server: Server) -> None:
    seen: list[str] = []

    class Bad:
        @hookimpl
        def exchange_finished(self) -> None:
            raise RuntimeError("broken observer")

    class Good:
        @hookimpl
        def exchange_started(self, exchange: Any) -> None:
            seen.append(f"started {exchange.request.model}")

        @hookimpl
        def exchange_finished(self, response: Any, cost: Any) -> None:
            seen.append(f"finished {response.text} {cost.status}")

        @hookimpl
        def exchange_failed(self, error: Any) -> None:
            seen.append(f"failed {type(error).__name__}")

    boards = Boards(acme(server.url), environ={})
    boards.register("extension", "bad", Bad())
    boards.register("extension", "good", Good())
    server.answer(whole(completion("Hi")), whole({"error": "no"}, 403))
    with Client({"acme": {"api_key": "k"}}, boards=boards) as client:
        with pytest.warns(UserWarning, match="bad .*exchange_finished raised RuntimeError: broken observer"):
            client.chat("acme/large", "Hi")
        with pytest.raises(jackfield.PermissionDenied):
            client.chat("acme/large", "Hi")
    assert seen == ["started large", "finished Hi priced", "started large", "failed PermissionDenied"]


def test_an_extension_wraps_the_flow_of_an_exchange(server: Server) -> None:
    class Cache:
        @hookimpl
        def wrap_exchange(self, request: Any) -> Any:
            def wrapped(flow: Any) -> Any:
                flow.close()
                return ChatResponse(id=f"cached {request.model}")
                yield

            return wrapped if request.seed is None else None

    boards = Boards(acme(server.url), environ={})
    boards.register("extension", "cache", Cache())
    with Client({"acme": {"api_key": "k"}}, boards=boards) as client:
        assert client.chat("acme/large", "Hi").id == "cached large"
    assert not server.requests


def _plugin(source: str) -> Any:
    module = types.ModuleType("jackfield_bad")
    exec(textwrap.dedent("from jackfield import hookimpl\n") + textwrap.dedent(source), module.__dict__)  # noqa: S102
    return module


@pytest.mark.parametrize(
    ("kind", "source", "message"),
    [
        ("provider", "@hookimpl\ndef translate_requst(request): ...", "translate_requst is no hook"),
        ("provider", "@hookimpl\nasync def normalize_error(request): ...", "is async"),
        ("provider", "@hookimpl\ndef normalize_error(request=None): ...", "gives request a default"),
        ("provider", "@hookimpl\ndef normalize_error(requests): ...", "does not fit the hook specs"),
        ("provider", "@hookimpl\ndef normalize_error(request):\n  yield", "generator without wrapper=True"),
        ("provider", "@hookimpl(wrapper=True)\ndef authorize(endpoint):\n  yield", "cannot be wrapped"),
        ("provider", "@hookimpl(hookwrapper=True)\ndef normalize_error(request):\n  yield", "old-style wrapper"),
        ("provider", "SPEC_VERSION = (2, 0)", "install releases of the same major version"),
        ("extension", "@hookimpl\ndef normalize_error(request): ...", "only wrappers and observers"),
        ("dialect", "@hookimpl\ndef translate_request(request): ...", "a dialect needs"),
        ("dialect", "@hookimpl(wrapper=True)\ndef translate_request(request):\n  yield", "a dialect contains none"),
    ],
)
def test_a_plugin_that_breaks_the_contract_is_refused_by_name(kind: str, source: str, message: str) -> None:
    plugin = _plugin(source)
    boards = {
        "provider": lambda: _boards(plugin),
        "extension": lambda: _boards(None, plugin),
        "dialect": lambda: _boards(dialect=plugin),
    }[kind]()
    with pytest.raises(PluginError, match=message) as caught:
        boards.open("acme")
    assert "registered by hand" in caught.value.message


def test_an_exception_in_a_hook_names_the_plugin(server: Server) -> None:
    plugin = _plugin("@hookimpl\ndef usage_items(raw):\n  return 1 / 0")
    boards = Boards(acme(server.url), environ={})
    table = acme(server.url)["providers"]["acme"]
    boards.register("provider", "acme", plugin, table)
    server.answer(whole(completion()))
    with Client({"acme": {"api_key": "k"}}, boards=boards) as client, pytest.raises(PluginError) as caught:
        client.chat("acme/large", "Hi")
    assert "acme (provider, registered by hand): usage_items raised ZeroDivisionError" in caught.value.message
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_request_that_the_dialect_does_not_speak_is_an_unsupported_operation() -> None:
    class Silent(Echo):
        @hookimpl
        def translate_request(self, request: Any, endpoint: Any) -> HTTPRequest:
            return None  # type: ignore[return-value]

    with pytest.raises(jackfield.UnsupportedOperation, match="echo has no form for chat"):
        _translated(_boards(dialect=Silent()))


def _distribution(
    folder: Path, name: str, provider: str, code: str = '"""Nothing."""\n', data: str | None = None
) -> None:
    """Install a provider by hand: a package and its dist-info."""
    package = folder / name
    package.mkdir()
    (package / "__init__.py").write_text(code)
    catalog = f'[provider]\nname = "{provider}"\ndialect = "openai-chat"\nbase_url = "https://{provider}.invalid"\n'
    (package / "catalog.toml").write_text(catalog if data is None else data)
    info = folder / f"{name}-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text(f"[jackfield.providers]\n{provider} = {name}\n")


def _python(folder: Path, code: str, **environ: str) -> str:
    env = {"PYTHONPATH": str(folder), "PATH": "", **environ}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], env=env, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_hundred_plugins_cost_nothing_until_one_is_used(tmp_path: Path) -> None:
    for number in range(100):
        _distribution(tmp_path, f"jackfield_dummy{number}", f"dummy{number}", "raise SystemExit('imported')\n")
    _distribution(tmp_path, "jackfield_mine", "mine")
    found = _python(
        tmp_path,
        """
        import sys, jackfield
        class Memory:
            def send(self, request, timeout):
                body = b'{"choices": [{"message": {"content": "Hi"}, "finish_reason": "stop"}]}'
                return jackfield.Reply(200, {"content-type": "application/json"}, iter([body]), lambda: None)
        client = jackfield.Client({"mine": {"api_key": "k"}}, transport=Memory())
        assert client.chat("mine/large", "Hi").text == "Hi"
        print(len(client.boards.providers()), *sorted(name for name in sys.modules if name.startswith("jackfield_")))
        """,
        JACKFIELD_DISABLE="prices,otel",  # an extension is there to be used by every board
    )
    count, *modules = found.split()
    assert int(count) >= 101
    assert [name for name in modules if "." not in name] == ["jackfield_dialect_openai", "jackfield_mine"]


def test_two_distributions_that_claim_a_name_are_both_named(tmp_path: Path) -> None:
    _distribution(tmp_path, "jackfield_one", "twin")
    _distribution(tmp_path, "jackfield_two", "twin")
    code = """
        from jackfield import Boards, ConfigurationError
        try:
            Boards().info("twin")
        except ConfigurationError as error:
            print(error)
    """
    assert "jackfield-one 1.2.3 and jackfield-two 1.2.3 both claim the name 'twin'" in _python(tmp_path, code)


def test_a_broken_plugin_is_named_and_breaks_nothing_else(tmp_path: Path) -> None:
    _distribution(tmp_path, "jackfield_bad", "bad", "import nowhere_to_be_found\n")
    _distribution(tmp_path, "jackfield_worse", "worse", data="[provider\n")
    _distribution(tmp_path, "jackfield_other", "other", data='[provider]\nname = "another"\n')
    code = """
        from jackfield import Boards, JackfieldError
        boards = Boards()
        assert {"bad", "worse", "other", "openai"} <= set(boards.providers())
        boards.open("openai")
        for name in ("bad", "worse", "other"):
            try:
                boards.open(name)
            except JackfieldError as error:
                print(error)
    """
    bad, worse, other = _python(tmp_path, code).splitlines()
    assert "jackfield-bad 1.2.3" in bad
    assert "No module named 'nowhere_to_be_found'" in bad
    assert "JACKFIELD_DISABLE=bad" in bad
    assert "jackfield_worse/catalog.toml cannot be read" in worse
    assert "names itself 'another', its entry point 'other'" in other


def test_plugins_are_admitted_and_left_out_by_name(tmp_path: Path) -> None:
    _distribution(tmp_path, "jackfield_mine", "mine")
    code = "from jackfield import Boards; print(*Boards().providers())"
    assert "mine" in _python(tmp_path, code)
    assert _python(tmp_path, code, JACKFIELD_PLUGINS="mine") == "mine"
    assert "mine" not in _python(tmp_path, code, JACKFIELD_DISABLE="mine").split()


def test_an_extension_that_cannot_be_imported_is_named_and_breaks_no_board(tmp_path: Path) -> None:
    _distribution(tmp_path, "jackfield_ext", "unused", "import nowhere_to_be_found\n")
    entry_points = tmp_path / "jackfield_ext-1.2.3.dist-info" / "entry_points.txt"
    entry_points.write_text("[jackfield.extensions]\nbroken = jackfield_ext\n")
    code = """
        import warnings
        from jackfield import Boards
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            Boards().open("openai")
        print(caught[0].message)
    """
    assert "jackfield-ext 1.2.3 (broken) cannot be imported" in _python(tmp_path, code)


def test_a_provider_answers_to_its_aliases() -> None:
    boards = Boards(environ={})
    assert boards.resolve("together_ai/some/model") == ("together", "some/model")
    assert boards.resolve("perplexityai/sonar") == ("perplexity", "sonar")
    with pytest.raises(jackfield.UnknownProvider):
        boards.resolve("nobody_ai/x")


def test_a_bare_name_means_who_makes_the_model_and_not_who_hosts_it() -> None:
    model = {"models": [{"id": "large"}]}
    tables: dict[str, Any] = {
        "maker": {"provider": {"dialect": "openai-chat"}, **model},
        "host": {"provider": {"dialect": "openai-chat", "hosts": True}, **model},
        "another": {"provider": {"dialect": "openai-chat", "hosts": True}, **model},
    }
    environ = {"JACKFIELD_PLUGINS": ""}
    assert Boards({"providers": tables}, environ).resolve("large") == ("maker", "large")
    del tables["maker"]
    with pytest.raises(jackfield.InvalidInput, match="another and host both have large; write another/large"):
        Boards({"providers": tables}, environ).resolve("large")
    del tables["another"]
    assert Boards({"providers": tables}, environ).resolve("large") == ("host", "large")


def test_a_dialect_alone_still_says_what_it_cannot() -> None:
    board = Boards(environ={}).dialect("openai-chat")
    request = jackfield.ChatRequest(model="any", messages="hi", top_k=5)
    endpoint = jackfield.Endpoint("any", "openai-chat", "https://any.invalid")
    exchange = jackfield.Exchange(board, request, endpoint, datetime.now(UTC))
    assert [adjustment.parameter for adjustment in exchange.adjustments] == ["top_k"]
    assert exchange.http_request.json() == {"model": "any", "messages": [{"role": "user", "content": "hi"}]}


@pytest.mark.parametrize("model", ["../../user/tokens", "a/./b", "..", "a\\..\\b"])
def test_a_model_whose_name_leads_out_of_the_address_is_refused(model: str) -> None:
    board = Boards(environ={}).open("google")
    request = jackfield.ChatRequest(model=model, messages="hi")
    with pytest.raises(jackfield.InvalidInput, match="a step of dots"):
        board.translate_request(request, ENDPOINT, board.model(model))


def test_dots_within_a_name_are_part_of_it() -> None:
    board = Boards(environ={}).open("openai")
    request = jackfield.ChatRequest(model="gpt-5.1", messages="hi")
    assert board.translate_request(request, ENDPOINT, board.model("gpt-5.1")).body["model"] == "gpt-5.1"
