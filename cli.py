"""The `mogulflow` command."""

import asyncio
import gc
import os
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import dotenv_values, load_dotenv
from typer.core import TyperGroup

from commands import terminal
from commands.groups import (
    agents,
    analytics,
    approvals,
    audit,
    connectors,
    crm,
    export,
    holds,
    movements,
    reconcile,
    runs,
    schedules,
    services,
)
from commands.terminal import console

gc.set_threshold(10_000)
"""Imports make hundreds of thousands of objects that stay, and runs leave small cycles by the thousand: at
Python's 700 the collector takes a tenth of a command's start, and a fiftieth of `serve`."""


class _Group(TyperGroup):
    """`--env FILE` may stand anywhere: people add it where they notice that it is missing."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        return super().parse_args(ctx, env_first(args))


def env_first(args: list[str]) -> list[str]:
    """What is behind `--` is not ours to move."""
    ours, rest = (args[: args.index("--")], args[args.index("--") :]) if "--" in args else (args, [])
    moved: list[str] = []
    left: list[str] = []
    words = iter(ours)
    for word in words:
        if word == "--env":
            moved += [word, *([value] if (value := next(words, None)) is not None else [])]
        elif word.startswith("--env="):
            moved.append(word)
        else:
            left.append(word)
    return [*moved, *left, *rest]


def _say_version(wished: bool) -> None:
    if wished:
        pyproject = tomllib.loads((Path(__file__).parent / "pyproject.toml").read_text(encoding="utf-8"))
        console.print(f"mogulflow {pyproject['project']['version']}", highlight=False)
        raise typer.Exit


app = typer.Typer(
    cls=_Group,
    help="Durable ChartMogul automations: what happens in ChartMogul becomes action, once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
schedule_commands = typer.Typer(no_args_is_help=True, help="What runs when: polls, exports, syncs, reports.")
app.add_typer(schedule_commands, name="schedules")
app.add_typer(export.app, name="export")
app.add_typer(audit.app, name="audit")
app.add_typer(crm.app, name="crm")
app.add_typer(connectors.app, name="connector")
app.add_typer(approvals.app, name="approvals")
app.add_typer(agents.app, name="agents")
app.add_typer(analytics.app, name="analytics")
app.add_typer(reconcile.app, name="reconcile")


class _PreviewGroup(TyperGroup):
    """`preview FILE` is short for `preview event FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if known else ["event", *args])


preview_commands = typer.Typer(cls=_PreviewGroup, no_args_is_help=True, help="What would be done; no write.")
app.add_typer(preview_commands, name="preview")


def _was_named(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


@app.callback()
def environment(
    context: typer.Context,
    env: Annotated[Path, typer.Option(help="File with settings; variables that are set already win")] = Path(
        ".env"
    ),
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_say_version, help="Say which one this is")
    ] = False,
) -> None:
    named = _was_named(context, "env")
    if not env.exists() and named:
        terminal.say(f"There is no file {env}.")
        raise typer.Exit(2)
    if context.invoked_subcommand == "demo" and not named:
        return  # it has connections of its own, and must not find the Temporal of a user's `.env`
    try:
        found = dotenv_values(env)
        if context.invoked_subcommand == "dev":
            context.obj = found  # likewise; it takes from it what connects to nothing
        elif terminal.is_simulated(found):
            from local.simulated import load_simulated

            load_simulated(found)
        else:
            load_dotenv(env)
    except UnicodeDecodeError:
        terminal.say(f"{env} is not UTF-8.")
        raise typer.Exit(2) from None


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="Check every claim, stop, and exit 0 or 1")] = False,
) -> None:
    """Show the main job on this machine: simulators, Temporal with its Web UI, ingress and worker."""
    from local.demo.demo import run_demo

    raise typer.Exit(run_demo(once=once, console=console))


@app.command()
def dev(context: typer.Context) -> None:
    """Run your own routes and settings on this machine, against simulators: no real system is reached."""
    from local.dev import run_dev

    raise typer.Exit(terminal.told(lambda: run_dev(context.obj, console)))


def _add(*commands: Callable[..., None]) -> None:
    for each in commands:
        app.command()(each)


_add(services.serve, services.worker, services.ingress, runs.send)
preview_commands.command("event")(runs.preview_event)
preview_commands.command("warehouse")(export.preview_warehouse)
preview_commands.command("crm")(crm.preview_crm)
_add(
    runs.runs, audit.history, runs.attention, runs.retry, runs.dismiss, movements.backfill, movements.coverage
)
schedule_commands.command()(schedules.apply)
_add(approvals.undo)
_add(runs.replay, holds.release, holds.drop, holds.pause, holds.resume, services.prepare, services.doctor)


THEIRS: dict[str, Any] = {
    "ignore_unknown_options": True,
    "allow_extra_args": True,
    "allow_interspersed_args": False,
    "help_option_names": [],
}
"""Every word after the command is for somebody else."""


@app.command("temporal", context_settings=THEIRS)
def temporal_command(context: typer.Context) -> None:
    """Temporal's own command, with the address and namespace of the settings."""
    from local.builds import NoTemporal
    from local.temporal_cli import find_cli

    try:
        cli = str(asyncio.run(find_cli()))
    except NoTemporal as error:
        terminal.say(str(error))
        raise typer.Exit(1) from None
    os.execv(cli, [cli, *context.args])


if __name__ == "__main__":
    terminal.run_app(app)
