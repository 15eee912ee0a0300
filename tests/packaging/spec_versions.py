"""Runs in an environment that has only what was installed: which versions of the hook specs work with this core."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pluggy

from jackfield import Boards, ChatRequest, Endpoint, HTTPRequest, PluginError, Response, hookimpl, hookspec
from jackfield.hookspecs import PROJECT, SPEC_VERSION
from jackfield.registration import compile_step

MAJOR, MINOR = SPEC_VERSION
REQUEST = ChatRequest(model="large", messages="Hi")
ENDPOINT = Endpoint("acme", "echo", "https://acme.invalid")


class Echo:
    """A dialect that names as few parameters as it can."""

    @hookimpl
    def translate_request(self) -> HTTPRequest:
        return HTTPRequest("POST", "https://acme.invalid", {}, {"say": "Hi"})

    @hookimpl
    def normalize_response(self) -> Response:
        return Response()


class Shout:
    """A provider that names one parameter of two."""

    SPEC_VERSION = SPEC_VERSION

    @hookimpl
    def translate_request(self, request: Any) -> HTTPRequest:
        return HTTPRequest("POST", "https://acme.invalid", {}, {"say": request.model})


class Newer(Shout):
    """Written for a later minor version, of which it uses nothing."""

    SPEC_VERSION = (MAJOR, MINOR + 1)


class NewerParameter(Newer):
    """Uses a parameter of a later minor version."""

    @hookimpl
    def normalize_headers(self, head: Any, budget: Any) -> Any: ...


class NewerHook(Newer):
    """Uses a hook of a later minor version."""

    @hookimpl
    def rank_answers(self, answers: Any) -> Any: ...


class NewerWherePossible(Newer):
    """Uses a hook of a later minor version where the core has it."""

    @hookimpl(optionalhook=True)
    def rank_answers(self, answers: Any) -> Any: ...


class Misspelt(Shout):
    """Names a parameter that was never there."""

    @hookimpl
    def normalize_headers(self, haed: Any) -> Any: ...


class NextMajor(Shout):
    """Written for the next major version."""

    SPEC_VERSION = (MAJOR + 1, 0)


class LastMajor(Shout):
    """Written for the major version before."""

    SPEC_VERSION = (MAJOR - 1, 4)


class NoVersion(Shout):
    """Says its version as no version is said."""

    SPEC_VERSION = f"{MAJOR}.{MINOR}"  # type: ignore[assignment]


WORKS = (Shout, Newer, NewerWherePossible)
REFUSED: dict[Any, str] = {
    NewerParameter: f"needs core >= the first release that speaks {MAJOR}.{MINOR + 1}",
    NewerHook: f"needs core >= the first release that speaks {MAJOR}.{MINOR + 1}",
    NextMajor: f"needs core >= the first release that speaks {MAJOR + 1}.0",
    LastMajor: "install a newer release of the plugin",
    Misspelt: "does not fit the hook specs",
    NoVersion: "it needs a major and a minor version",
}


def plugins_of_each_version() -> None:
    """Open a board with each."""
    for plugin in WORKS:
        assert _said(plugin()) == {"say": "large"}, plugin
    for plugin, remedy in REFUSED.items():
        refusal = _refusal(plugin())
        assert remedy in refusal, refusal
        assert "acme (provider, registered by hand)" in refusal, refusal


def a_spec_that_grows() -> None:
    """Register today's plugins on a spec with another parameter, as the next minor version may bring."""

    class Grown:
        @hookspec(firstresult=True)
        def translate_request(self, request: Any, endpoint: Any, budget: Any) -> Any: ...

    assert _step(Grown, Echo())(REQUEST, ENDPOINT, 7).body == {"say": "Hi"}
    assert _step(Grown, Shout())(REQUEST, ENDPOINT, 7).body == {"say": "large"}


def a_parameter_that_is_to_go() -> None:
    """Register a plugin that still names a parameter by its old name: it works, and is told."""

    class Renaming:
        old = DeprecationWarning("request is to be named asked; name that")

        @hookspec(firstresult=True, warn_on_impl_args={"request": old})
        def translate_request(self, asked: Any, request: Any, endpoint: Any) -> Any: ...

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        step = _step(Renaming, Shout())
    assert [str(warning.message) for warning in caught] == ["request is to be named asked; name that"]
    assert step(REQUEST, REQUEST, ENDPOINT).body == {"say": "large"}


def _said(plugin: Any) -> Any:
    boards = Boards(environ={"JACKFIELD_PLUGINS": ""})
    boards.register("dialect", "echo", Echo(), {})
    boards.register("provider", "acme", plugin, {"provider": {"name": "acme", "dialect": "echo", "base_url": "x"}})
    board = boards.open("acme")
    return board.translate_request(REQUEST, ENDPOINT, board.model("large")).body


def _refusal(plugin: Any) -> str:
    try:
        _said(plugin)
    except PluginError as error:
        return str(error)
    return "not refused"


def _step(specs: Any, plugin: Any) -> Callable[..., Any]:
    manager = pluggy.PluginManager(PROJECT)
    manager.add_hookspecs(specs)
    manager.register(plugin)
    return compile_step(manager.hook.translate_request)


def main() -> None:
    """Run all of it and say on which pluggy."""
    plugins_of_each_version()
    a_spec_that_grows()
    a_parameter_that_is_to_go()
    print("ok pluggy", version("pluggy"))


if __name__ == "__main__":
    main()
