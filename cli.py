"""The `mogulflow` command."""

import asyncio
import gc
import os
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer
from dotenv import dotenv_values, load_dotenv
from typer.core import TyperGroup

import cli_crm
import cli_export
import terminal
from configuration.environment import SIMULATED
from models.movements import LONGEST_ACT_WITHIN_DAYS
from temporal import leave_after
from terminal import Account, console

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
app.add_typer(cli_export.app, name="export")
app.add_typer(cli_crm.app, name="crm")


class _PreviewGroup(TyperGroup):
    """`preview FILE` is short for `preview event FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if known else ["event", *args])


preview_commands = typer.Typer(cls=_PreviewGroup, no_args_is_help=True, help="What would be done; no write.")
app.add_typer(preview_commands, name="preview")

EventFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="JSON body of a ChartMogul webhook")
]
First = Annotated[str | None, typer.Option("--from", help="Date, or instant; UTC without an offset")]
Last = Annotated[str | None, typer.Option("--to", help="Likewise, not included")]
Route = Annotated[str, typer.Argument(help="Name of a route, as `attention` shows it")]
Why = Annotated[str, typer.Argument(help="The reason, kept in the run")]
OneTemplate = Annotated[str | None, typer.Option("--template", help="Only this template")]
OneSystem = Annotated[str | None, typer.Option("--system", help="Only this system, such as slack")]
OneAccount = Annotated[str | None, typer.Option("--account", help="Only this ChartMogul account")]


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
        elif SIMULATED in found:
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


@app.command()
def serve() -> None:
    """Run ingress and workers in one process: the fastest way, and the simplest to operate."""
    _serve(with_ingress=True, with_worker=True)


@app.command()
def worker() -> None:
    """Run the workers alone."""
    _serve(with_ingress=False, with_worker=True)


@app.command()
def ingress() -> None:
    """Run the HTTP ingress alone."""
    _serve(with_ingress=True, with_worker=False)


@app.command()
def send(file: EventFile, account: Account = "default") -> None:
    """Post an event file through the ingress, as ChartMogul would."""
    from commands.events import send

    terminal.told(lambda: send(terminal.settings(), file, account, console))


@preview_commands.command("event")
def preview_event(file: EventFile, account: Account = "default") -> None:
    """Show what an event would do, field by field: every read, no write."""
    from commands.events import preview

    terminal.run(preview(terminal.settings(), file, account, console))


preview_commands.command("warehouse")(cli_export.preview_warehouse)
preview_commands.command("crm")(cli_crm.preview_crm)


@app.command()
def runs(
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    customer: Annotated[
        str, typer.Option(help="A customer's name, part of one, or ChartMogul's uuid of them")
    ] = "",
    only_open: Annotated[bool, typer.Option("--open", help="Only those that go on")] = False,
    template: Annotated[str, typer.Option(help="Such as churn_save")] = "",
    outcome: Annotated[str, typer.Option(help="Such as partial")] = "",
    query: Annotated[str, typer.Option(help="Temporal list filter, such as `Account = 'default'`")] = "",
) -> None:
    """List the newest runs: customer, what happened, what it came to, or what it waits for."""
    from commands.runs import Wanted, show_runs

    wanted = Wanted(limit, query, customer, only_open, template, outcome)
    terminal.run(show_runs(terminal.settings(), wanted, console))


@app.command()
def attention(
    check: Annotated[
        bool, typer.Option(help="Exit 1 where something waits for a person, 2 where Temporal cannot be asked")
    ] = False,
) -> None:
    """List what waits for a person: partial, failed, stuck and unreadable runs, and what to do."""
    from commands.attention import show_attention

    waits = terminal.run(show_attention(terminal.settings(), console))
    if check and waits:
        raise typer.Exit(1)


@app.command()
def retry(
    run: Annotated[str, typer.Argument(help="Workflow id, as `runs` and the Web UI show it")],
    reason: Annotated[str, typer.Option(help="Kept in the run's history")] = "run again by hand",
    current_route: Annotated[
        bool, typer.Option("--current-route", help="By the route as config/routes.yaml has it now")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Also a run that is open and has no trouble: it is begun anew")
    ] = False,
) -> None:
    """Run a workflow again from its first step. What worked is found, not done twice."""
    from commands.retry import Wish, retry

    wish = Wish(reason, current_route=current_route, sure=yes)
    terminal.run(retry(terminal.settings(), run, wish, console, terminal.asked))


@app.command()
def dismiss(
    run: Annotated[str, typer.Argument(help="Workflow id, as `attention` shows it")],
    why: Annotated[str, typer.Argument(help="Kept with who and when; `mogulflow runs` tells it")],
    all_like: Annotated[
        bool, typer.Option("--all-like", help="And all that failed in the same step by the same error")
    ] = False,
) -> None:
    """Say that nothing more is to be done about a run: `attention` lists it no more."""
    from commands.dismiss import dismiss

    terminal.run(dismiss(terminal.settings(), run, why, all_like, console))


@app.command()
def backfill(
    first: First = None,
    last: Last = None,
    account: Account = "default",
    preview: Annotated[bool, typer.Option("--preview", help="Count what it would start")] = False,
    template: Annotated[list[str] | None, typer.Option(help="Only for this one; may be repeated")] = None,
    act_within: Annotated[
        float | None,
        typer.Option(
            metavar="DAYS",
            min=0,
            max=LONGEST_ACT_WITHIN_DAYS,
            help="Act on movements as old as this; by default as their routes say",
        ),
    ] = None,
    attach: Annotated[bool, typer.Option("--attach", help="Follow the one that runs")] = False,
) -> None:
    """Go through a time span of ChartMogul's list and start what has no run. Ctrl-C leaves it running."""
    import commands.backfill as command

    if attach:
        terminal.run(command.attach(terminal.settings(), account, console))
    else:
        wish = command.Wish(account, first, last, preview, template or (), act_within)
        terminal.run(command.backfill(terminal.settings(), wish, console))


@app.command()
def coverage(
    first: First = None,
    last: Last = None,
    account: Account = "default",
    lists: Annotated[
        bool, typer.Option("--list", help="Name each movement that was not acted on, and why")
    ] = False,
) -> None:
    """Is every movement of the last 3 days, or of a time span, accounted for? Exits 1 where not."""
    from commands.coverage import coverage

    if not terminal.run(coverage(terminal.settings(), account, first, last, console, lists=lists)):
        raise typer.Exit(1)


@schedule_commands.command()
def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete ours that are no longer declared")] = False,
) -> None:
    """Bring Temporal's schedules in line with the settings. A pause and its note stay."""
    from commands.schedules import apply

    terminal.run(apply(terminal.settings(), dry_run=dry_run, prune=prune, console=console))


@app.command()
def replay(
    run: Annotated[list[str], typer.Argument(help="Workflow ids of deliveries that could not be read")],
    dismiss: Annotated[
        str | None, typer.Option(help="Close them without acting, for this reason, kept in the result")
    ] = None,
) -> None:
    """Read dead letters anew, after a fix, and act on them as if they had just come."""
    from commands.replay import replay

    terminal.run(replay(terminal.settings(), run, dismiss, console))


@app.command()
def release(route: Route, why: Why) -> None:
    """Let go what the brake of a route holds, oldest first. The brake is off afterwards."""
    _decide(route, why, released=True)


@app.command()
def drop(route: Route, why: Why) -> None:
    """End what the brake of a route holds, without any effect. The brake is off afterwards."""
    _decide(route, why, released=False)


def _decide(route: str, why: str, *, released: bool) -> None:
    from commands.holds import decide
    from models.holds import Verdict

    verdict = Verdict.RELEASED if released else Verdict.DROPPED
    terminal.run(decide(route, verdict, why, console))


@app.command()
def pause(
    why: Why,
    length: Annotated[str, typer.Option("--for", help="30m, 1h, 1h30m, 2d; 2 minutes to 30 days")] = "1h",
    template: OneTemplate = None,
    system: OneSystem = None,
    account: OneAccount = None,
) -> None:
    """Stop everything for a while, or one template, system or account. Nothing is lost, all goes on then."""
    import commands.holds as command

    scope = terminal.told(lambda: command.scope_of(template, system, account))
    terminal.run(command.pause(terminal.settings(), scope, length, why, console))


@app.command()
def resume(
    why: Annotated[str, typer.Argument(help="Kept in the pause's run")] = "",
    template: OneTemplate = None,
    system: OneSystem = None,
    account: OneAccount = None,
) -> None:
    """End a pause before its time, with the same options."""
    import commands.holds as command

    scope = terminal.told(lambda: command.scope_of(template, system, account))
    terminal.run(command.resume(scope, why, console))


@app.command()
def prepare() -> None:
    """Give Temporal's namespace the retention and the search attributes that runs need."""
    from namespace import prepare_connected

    namespace = terminal.run(prepare_connected())
    console.print(f"Namespace {namespace} is prepared: 30 days of retention and all search attributes.")


@app.command()
def doctor() -> None:
    """Check settings, Temporal, each connection and each field; say what to do. Exits 1 on a fault."""
    from commands.doctor import examine

    if not asyncio.run(examine(terminal.settings(hints=False), console)):
        raise typer.Exit(1)


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


def _serve(*, with_ingress: bool, with_worker: bool) -> None:
    import logs
    from commands.serve import new_event_loop, serve

    settings = terminal.settings(hints=False)
    logs.configure(settings.log_level)
    job = serve(settings, with_ingress=with_ingress, with_worker=with_worker)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        terminal.told(lambda: runner.run(job))


if __name__ == "__main__":
    leave_after(lambda: app(prog_name="mogulflow"))
