"""The command line as Typer sees it: names, options and help. What a command does is imported when it runs."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn

import typer
from typer.core import TyperCommand, TyperGroup

from ._failures import guarded

Policy = Literal["warn", "error", "pass"]


class Commands(TyperGroup):
    """Our own commands, and in the help those of plugins, which are not imported for it."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Name our own commands first."""
        from ._plugins import plugin_commands

        return [*super().list_commands(ctx), *sorted(plugin_commands())]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Return one of our own commands, or what stands in the help for one of a plugin."""
        if (own := super().get_command(ctx, cmd_name)) is not None:
            return own
        from ._plugins import plugin_commands

        who = plugin_commands().get(cmd_name)
        return who and TyperCommand(cmd_name, help=f"From {who}.", rich_help_panel="Commands of plugins")


def make_app() -> typer.Typer:
    """Make the application; its help has colours and boxes on a terminal only, so that Rich is not loaded otherwise."""
    fancy = sys.stdout.isatty() and sys.stderr.isatty()
    app = typer.Typer(
        cls=Commands,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich" if fancy else None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(jackfield)
    for command in (chat, embed, rerank, tokens, providers, models, cost, doctor, completion):
        app.command()(command)
    plugins = typer.Typer(help="Look after what is installed.", no_args_is_help=True)
    plugins.command()(verify)
    app.add_typer(plugins, name="plugins")
    return app


def _version(wanted: bool) -> None:
    if wanted:
        from ._versions import show_version

        _finish(show_version)


def jackfield(
    version: Annotated[
        bool, typer.Option("--version", help="Say which version this is.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Plug into any provider of large language models."""


def _models_like(incomplete: str) -> list[str]:
    from ._completion import models_like

    return models_like(incomplete)


def chat(
    model: Annotated[
        list[str] | None,
        typer.Option(
            "-m",
            "--model",
            help="PROVIDER/MODEL; several are asked side by side.",
            metavar="MODEL",
            autocompletion=_models_like,
        ),
    ] = None,
    prompt: Annotated[
        list[str] | None, typer.Argument(help="What to say; standard input follows it where it is piped.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    file: Annotated[
        list[Path] | None, typer.Option("-f", "--file", help="A file to send along: image, PDF, audio or text.")
    ] = None,
    resume: Annotated[
        bool, typer.Option("-c", "--continue", help="Go on with the last conversation, and with its model.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the whole answer as JSON.")] = False,
    stream: Annotated[bool, typer.Option(help="Print the answer as it comes.")] = True,
    demo: Annotated[bool, typer.Option("--demo", help="The sandbox answers for providers without a key.")] = False,
    thinking: Annotated[
        bool | None, typer.Option(help="Show how the model thinks, on standard error; so by default on a terminal.")
    ] = None,
    temperature: Annotated[float | None, typer.Option(help="How freely tokens are drawn.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="The most tokens to answer with.")] = None,
    reasoning: Annotated[
        str | None, typer.Option(help="An effort (none, low, medium, high ...), a budget in tokens, or on or off.")
    ] = None,
    stop: Annotated[list[str] | None, typer.Option(help="Text that ends the answer.")] = None,
    seed: Annotated[int | None, typer.Option(help="The same seed, about the same answer.")] = None,
    top_p: Annotated[float | None, typer.Option(help="Draw from the most likely tokens of this mass.")] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME=JSON", help="Any other parameter, as in -p top_k=40."),
    ] = None,
    unsupported: Annotated[
        Policy, typer.Option(help="What becomes of parameters that a model does not take.")
    ] = "warn",
    timeout: Annotated[float | None, typer.Option(min=0.001, help="Seconds for the whole answer.")] = None,
) -> None:
    """Ask one model, or several side by side; on a terminal and without a prompt, talk with it."""

    def action() -> int:
        from ._chat import Question, ask, talk_with
        from ._parameters import collect
        from ._prompt import is_talk, messages_of

        named = {
            "temperature": temperature,
            "max_tokens": max_tokens,
            "reasoning": reasoning,
            "stop": stop,
            "seed": seed,
            "top_p": top_p,
        }
        talks = is_talk(prompt or [], model or [], as_json)
        return (talk_with if talks else ask)(
            Question(
                models=model or [],
                messages=[] if talks else messages_of(prompt or [], file or []),
                files=file or [],
                resume=resume,
                system=system,
                parameters=collect(named, parameter or []),
                as_json=as_json,
                stream=stream and not as_json,
                thinking=thinking,
                demo=demo,
                unsupported=unsupported,
                timeout=timeout,
            )
        )

    _finish(action)


AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def providers(as_json: AsJson = False) -> None:
    """List the installed providers; no code of theirs runs."""

    def action() -> int:
        from ._providers import show_providers

        return show_providers(as_json)

    _finish(action)


def models(
    pattern: Annotated[str | None, typer.Argument(help="Part of a name, or a pattern such as 'openai/gpt-5*'.")] = None,
    provider: Annotated[str | None, typer.Option(help="Only the models of this provider.")] = None,
    live: Annotated[
        str | None, typer.Option(metavar="PROVIDER", help="Ask this provider which models it serves now.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the models of the catalogs.

    With what they cost today, in US dollars per million tokens.
    """

    def action() -> int:
        if live is not None:
            from ._live import show_live_models

            return show_live_models(live, pattern, as_json)
        from ._models import show_models

        return show_models(pattern, provider, as_json)

    _finish(action)


def cost(
    model: Annotated[list[str], typer.Argument(help="PROVIDER/MODEL; several are compared, the cheapest first.")],
    input_tokens: Annotated[
        int | None, typer.Option("--input", min=0, help="All input tokens, cached and written ones included.")
    ] = None,
    output_tokens: Annotated[
        int | None, typer.Option("--output", min=0, help="All output tokens, reasoning included.")
    ] = None,
    cached: Annotated[int | None, typer.Option(min=0, help="Input tokens that were read from a cache.")] = None,
    written: Annotated[int | None, typer.Option(min=0, help="Input tokens that were written to a cache.")] = None,
    reasoning: Annotated[int | None, typer.Option(min=0, help="Output tokens that were spent on thinking.")] = None,
    audio: Annotated[int | None, typer.Option(min=0, help="Input tokens that were sound.")] = None,
    searches: Annotated[int | None, typer.Option(min=0, help="Searches of the web that the provider ran.")] = None,
    at: Annotated[str | None, typer.Option(help="When the call was made; now, unless given.", metavar="TIME")] = None,
    tier: Annotated[str | None, typer.Option(help="The tier that was served: flex, priority, batch ...")] = None,
    region: Annotated[
        str | None, typer.Option(help="The region that served it, where prices differ by region.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a usage costs, line by line.

    By the prices of the catalogs, or of your own; of today, or of the day of the call.
    """

    def action() -> int:
        from ._cost import show_cost

        counts = {
            "input": input_tokens,
            "output": output_tokens,
            "input.cache_read": cached,
            "input.cache_write": written,
            "output.reasoning": reasoning,
            "input.audio": audio,
        }
        return show_cost(model, counts, searches, {"tier": tier, "region": region}, at, as_json)

    _finish(action)


def embed(
    model: Annotated[str, typer.Option("-m", "--model", help="PROVIDER/MODEL.", metavar="MODEL")],
    text: Annotated[
        list[str] | None, typer.Argument(help="Texts to embed; without them the lines of standard input are.")
    ] = None,
    input_type: Annotated[
        str | None, typer.Option("--type", help="What they are for: query, document, classification ...")
    ] = None,
    dimensions: Annotated[int | None, typer.Option(min=1, help="How long the vectors are to be.")] = None,
    as_json: AsJson = False,
) -> None:
    """Embed texts: one vector each."""

    def action() -> int:
        from ._ask import show_embeddings

        return show_embeddings(model, text or (), input_type, dimensions, as_json)

    _finish(action)


def rerank(
    model: Annotated[str, typer.Option("-m", "--model", help="PROVIDER/MODEL.", metavar="MODEL")],
    query: Annotated[str, typer.Argument(help="What the documents are to answer.")],
    document: Annotated[
        list[str] | None, typer.Argument(help="Documents; without them the lines of standard input are.")
    ] = None,
    top_n: Annotated[int | None, typer.Option(min=1, help="How many are wanted.")] = None,
    as_json: AsJson = False,
) -> None:
    """Put documents in the order in which they answer a query."""

    def action() -> int:
        from ._ask import show_ranking

        return show_ranking(model, query, document or (), top_n, as_json)

    _finish(action)


def tokens(
    model: Annotated[str, typer.Option("-m", "--model", help="PROVIDER/MODEL.", metavar="MODEL")],
    prompt: Annotated[
        list[str] | None, typer.Argument(help="What would be said; without it standard input is.")
    ] = None,
    system: Annotated[str | None, typer.Option(help="The system prompt.")] = None,
    as_json: AsJson = False,
) -> None:
    """Ask a provider how many tokens a prompt has; nothing is generated."""

    def action() -> int:
        from ._ask import show_tokens

        return show_tokens(model, prompt or (), system, as_json)

    _finish(action)


def doctor(as_json: AsJson = False) -> None:
    """Check whether every plugin can be read, imported and used."""

    def action() -> int:
        from ._doctor import examine

        return examine(as_json)

    _finish(action)


def completion(
    shell: Annotated[Literal["bash", "zsh", "fish"], typer.Argument(help="The shell that the script is for.")],
) -> None:
    """Print the completion script of a shell.

    For bash: eval "$(jackfield completion bash)" in .bashrc; for zsh the same in .zshrc; for fish: jackfield completion
    fish > ~/.config/fish/completions/jackfield.fish
    """

    def action() -> int:
        from ._completion import show_script

        return show_script(shell)

    _finish(action)


def verify(as_json: AsJson = False) -> None:
    """Compare the installed files with the hashes that their installer wrote down; no plugin's code runs.

    With every .pth file, which Python reads when it starts, and who brought it.
    """

    def action() -> int:
        from ._verify import show_verified

        return show_verified(as_json)

    _finish(action)


def _finish(action: Callable[[], int | None]) -> NoReturn:
    raise typer.Exit(guarded(action))
