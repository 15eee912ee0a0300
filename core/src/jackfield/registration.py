"""What is checked of a plugin before it is registered, beyond pluggy's own checks; each failure names the remedy."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal

import pluggy

from . import hookspecs
from .errors import PluginError

Kind = Literal["dialect", "provider", "extension"]

OBSERVERS: Final = frozenset({"exchange_started", "exchange_finished", "exchange_failed", "wrap_exchange"})
#: Steps of an exchange or of the serving side: one answer each.
STEPS: Final = tuple(
    name
    for name, value in vars(hookspecs).items()
    if (getattr(value, f"{hookspecs.PROJECT}_spec", None) or {}).get("firstresult")
)
_FLOWS: Final = frozenset({"authorize", "wrap_exchange"})
_REQUIRED: Final = ("translate_request", "normalize_response")
_NAMES: Final = frozenset(
    name for name, value in vars(hookspecs).items() if hasattr(value, f"{hookspecs.PROJECT}_spec")
)
#: What a plugin speaks that does not say: never the version of the installed core, which it would always agree with.
_FIRST: Final = (1, 0)
_SPOKEN: Final = ".".join(map(str, hookspecs.SPEC_VERSION))
_NEWER_CORE: Final = "needs core >= the first release that speaks {}, pip install --upgrade jackfield"


def check_plugin(plugin: Any, kind: Kind, who: str) -> None:
    """Check the hook implementations of a plugin; `who` is its distribution and version.

    Raises:
        PluginError: a rule of the contract is broken.
    """
    found = {}
    for name in dir(plugin):
        value = inspect.getattr_static(plugin, name)
        options = getattr(value, f"{hookspecs.PROJECT}_impl", None)
        if options is not None:
            found[options.get("specname") or name] = (getattr(plugin, name), options)
    version = spec_version(plugin, who)
    for name, (function, options) in found.items():
        if name not in _NAMES and options.get("optionalhook"):
            continue
        if name not in _NAMES and version > hookspecs.SPEC_VERSION:
            raise refuse_names(f"{name} is no hook yet", plugin, who)
        _check_one(name, function, options, kind, who)
    if kind == "dialect":
        for name in _REQUIRED:
            if name not in found:
                raise PluginError(f"{who} has no {name}; a dialect needs {' and '.join(_REQUIRED)}")


def spec_version(plugin: Any, who: str) -> tuple[int, int]:
    """Return the version of the hook specs that a plugin says it was written for; 1.0 where it says nothing.

    Raises:
        PluginError: it is no version, or of another major version than the core's.
    """
    version = getattr(plugin, "SPEC_VERSION", _FIRST)
    if not (isinstance(version, tuple) and len(version) == 2 and all(type(number) is int for number in version)):
        raise PluginError(f"{who}: SPEC_VERSION is {version!r:.60}; it needs a major and a minor version, as (1, 0)")
    major, minor = version
    if major != hookspecs.SPEC_VERSION[0]:
        remedy = _NEWER_CORE if major > hookspecs.SPEC_VERSION[0] else "install a newer release of the plugin"
        raise PluginError(
            f"{who} was written for version {major} of the hook specs, the core speaks {_SPOKEN}: "
            f"{remedy.format(f'{major}.{minor}')}, or install releases of the same major version"
        )
    return major, minor


def refuse_names(problem: object, plugin: Any, who: str) -> PluginError:
    """Make the error for names that the specs do not have: a newer plugin needs a newer core, others are misspelt."""
    version = spec_version(plugin, who)
    if version <= hookspecs.SPEC_VERSION:
        return PluginError(f"{who} does not fit the hook specs: {problem}")
    wanted = ".".join(map(str, version))
    return PluginError(
        f"{who} was written for {wanted} of the hook specs, the core speaks {_SPOKEN}: {_NEWER_CORE.format(wanted)}; "
        f"{problem}"
    )


def _check_one(name: str, function: Any, options: Any, kind: Kind, who: str) -> None:
    where = f"{who}: {name}"
    if name not in _NAMES:
        raise PluginError(f"{where} is no hook; the hooks are {', '.join(sorted(_NAMES))}")
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        raise PluginError(f"{where} is async; hooks are pure functions, I/O belongs into the effects of a flow")
    for parameter in inspect.signature(function).parameters.values():
        if parameter.default is not inspect.Parameter.empty:
            raise PluginError(f"{where} gives {parameter.name} a default; name the parameter or leave it out")
    wrapper = options.get("wrapper", False)
    if options.get("hookwrapper"):
        raise PluginError(f"{where} is an old-style wrapper; write wrapper=True")
    if wrapper and name in _FLOWS:
        raise PluginError(f"{where} cannot be wrapped: a wrapper ends before a flow runs; use wrap_exchange's flow")
    if inspect.isgeneratorfunction(function) and not wrapper and name not in _FLOWS:
        raise PluginError(f"{where} is a generator without wrapper=True; return a value or wrap")
    if kind == "dialect" and wrapper:
        raise PluginError(f"{where} is a wrapper; a dialect contains none, a provider or an extension may")
    if kind == "extension" and not wrapper and not options.get("trylast") and name not in OBSERVERS:
        raise PluginError(
            f"{where} would replace every provider's; an extension has only wrappers and observers, or is asked last "
            "(trylast=True)"
        )


def compile_step(hook: Any) -> Callable[..., Any]:
    """Return a step's implementations as one function of its spec's parameters, in the order of the spec.

    It calls them directly, last registered first, until one does not answer None, and puts the wrappers around that,
    the last registered outermost: what pluggy does, without its price.
    """
    names = hook.spec.argnames
    impls = hook.get_hookimpls()
    functions = [_positional(impl.function, impl.argnames, names) for impl in reversed(impls) if not impl.wrapper]

    def first_answer(*values: Any) -> Any:
        for function in functions:
            if (answer := function(*values)) is not None:
                return answer
        return None

    step: Callable[..., Any] = functions[0] if len(functions) == 1 else first_answer
    for impl in impls:
        if impl.wrapper:
            step = _wrapped(_positional(impl.function, impl.argnames, names), step)
    return step


def _wrapped(wrapper: Callable[..., Any], inner: Callable[..., Any]) -> Callable[..., Any]:
    """Put a wrapper, a generator that yields once, around a step."""

    def call(*values: Any) -> Any:
        around = wrapper(*values)
        next(around)
        try:
            try:
                answer = inner(*values)
            except BaseException as error:
                around.throw(error)
            else:
                around.send(answer)
        except StopIteration as stop:
            return stop.value
        around.close()
        raise PluginError(f"{getattr(wrapper, '__module__', wrapper)} is a wrapper that yields more than once")

    return call


def _positional(function: Callable[..., Any], wanted: Sequence[str], given: Sequence[str]) -> Callable[..., Any]:
    """Prune and reorder the parameters of an implementation."""
    if tuple(wanted) == tuple(given):
        return function
    places = [given.index(name) for name in wanted]
    return lambda *values: function(*[values[place] for place in places])


def new_manager() -> pluggy.PluginManager:
    """Make a plugin manager that knows every hook."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager
