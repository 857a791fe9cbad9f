"""The `mogulflow` command."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from dotenv import load_dotenv
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape
from temporalio.service import RPCError
from typer.core import TyperGroup

from commands.events import Stopped
from config_files import BadConfig
from models.movements import LONGEST_ACT_WITHIN_DAYS
from processes import leave_after
from settings import Settings
from temporal import BadConnection

T = TypeVar("T")

app = typer.Typer(
    help="Durable ChartMogul automations: what happens in ChartMogul becomes action, once.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
)
schedule_commands = typer.Typer(no_args_is_help=True, help="What runs when: polls and coverage reports.")
app.add_typer(schedule_commands, name="schedules")
export_commands = typer.Typer(no_args_is_help=True, help="ChartMogul's streams in the warehouse.")
app.add_typer(export_commands, name="export")


class _PreviewGroup(TyperGroup):
    """`preview FILE` is short for `preview event FILE`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        known = args and (args[0] in self.commands or args[0].startswith("-"))
        return super().resolve_command(ctx, args if known else ["event", *args])


preview_commands = typer.Typer(cls=_PreviewGroup, no_args_is_help=True, help="What would be done; no write.")
app.add_typer(preview_commands, name="preview")
console = Console()
errors = Console(stderr=True)

EventFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="JSON body of a ChartMogul webhook")
]
Account = Annotated[str, typer.Option(help="ChartMogul account, by its name in the settings")]
First = Annotated[str | None, typer.Option("--from", help="Date, or instant; UTC without an offset")]
Last = Annotated[str | None, typer.Option("--to", help="Likewise, not included")]
Streams = Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated")]


def _was_named(context: typer.Context, parameter: str) -> bool:
    source = context.get_parameter_source(parameter)
    return source is not None and source.name == "COMMANDLINE"


@app.callback()
def environment(
    context: typer.Context,
    env: Annotated[Path, typer.Option(help="File with settings; variables that are set already win")] = Path(
        ".env"
    ),
) -> None:
    if not env.exists() and _was_named(context, "env"):
        _say(f"There is no file {env}.")
        raise typer.Exit(2)
    try:
        load_dotenv(env)
    except UnicodeDecodeError:
        _say(f"{env} is not UTF-8.")
        raise typer.Exit(2) from None


@app.command()
def demo(
    once: Annotated[bool, typer.Option(help="Check every claim, stop, and exit 0 or 1")] = False,
) -> None:
    """Show the main job on this machine: simulators, Temporal with its Web UI, ingress and worker."""
    from commands.demo import run_demo

    raise typer.Exit(run_demo(once=once, console=console))


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

    _told(lambda: send(_settings(), file, account, console))


@preview_commands.command("event")
def preview_event(file: EventFile, account: Account = "default") -> None:
    """Show what an event would do, field by field: every read, no write."""
    from commands.events import preview

    _run(preview(_settings(), file, account, console))


@preview_commands.command("warehouse")
def preview_warehouse(account: Account = "default", stream: Streams = None) -> None:
    """Show what tonight's export would change: definitions, counts, ten rows before and after."""
    from commands.preview_warehouse import preview

    _run(preview(_settings(), account, stream or (), console))


@export_commands.command("run")
def export_run(
    account: Account = "default",
    stream: Streams = None,
    night: Annotated[
        str | None, typer.Option(help="Make up for that night, such as 2026-11-20T04:15; by default now")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read all history")] = False,
    accept_missing: Annotated[
        bool, typer.Option("--accept-missing", help="So many rows are gone in ChartMogul too")
    ] = False,
) -> None:
    """Export now, and follow it. Ctrl-C leaves it running. Exits 1 where a stream failed."""
    import commands.exports as command

    wish = command.Wish(account, stream or (), night, full, accept_missing)
    if not _run(command.run(_settings(), wish, console)):
        raise typer.Exit(1)


@export_commands.command("status")
def export_status(account: Account = "default") -> None:
    """Follow the export that runs, or show what the last one came to. Exits 1 where a stream failed."""
    import commands.exports as command

    if not _run(command.status(_settings(), account, console)):
        raise typer.Exit(1)


@export_commands.command("history")
def export_history(
    account: Account = "default", limit: Annotated[int, typer.Option(min=1, max=10_000)] = 40
) -> None:
    """List the loads there were, as the warehouse's own ledger tells."""
    import commands.exports as command

    _told(lambda: command.history(_settings(), account, limit, console))


@app.command()
def runs(
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    query: Annotated[str, typer.Option(help="Temporal list filter, such as `Outcome = 'partial'`")] = "",
) -> None:
    """List the newest runs with headline and outcome."""
    from commands.runs import show_runs

    _run(show_runs(_settings(), limit, query, console))


@app.command()
def attention(
    check: Annotated[bool, typer.Option(help="Exit 1 where something waits for a person")] = False,
) -> None:
    """List what waits for a person: partial, failed, stuck and unreadable runs, and what to do."""
    from commands.attention import show_attention

    waits = _run(show_attention(_settings(), console))
    if check and waits:
        raise typer.Exit(1)


@app.command()
def retry(
    run: Annotated[str, typer.Argument(help="Workflow id, as `runs` and the Web UI show it")],
    reason: Annotated[str, typer.Option(help="Kept in the run's history")] = "run again by hand",
) -> None:
    """Run a workflow again from its first step. What worked is found, not done twice."""
    from commands.runs import retry

    _run(retry(_settings(), run, reason, console))


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
        _run(command.attach(_settings(), account, console))
    else:
        wish = command.Wish(account, first, last, preview, template or (), act_within)
        _run(command.backfill(_settings(), wish, console))


@app.command()
def coverage(first: First = None, last: Last = None, account: Account = "default") -> None:
    """Is every movement of the last 3 days, or of a time span, accounted for? Exits 1 where not."""
    from commands.coverage import coverage

    if not _run(coverage(_settings(), account, first, last, console)):
        raise typer.Exit(1)


@schedule_commands.command()
def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete ours that are no longer declared")] = False,
) -> None:
    """Bring Temporal's schedules in line with the settings. A pause and its note stay."""
    from commands.schedules import apply

    _run(apply(_settings(), dry_run=dry_run, prune=prune, console=console))


@app.command()
def replay(
    run: Annotated[list[str], typer.Argument(help="Workflow ids of deliveries that could not be read")],
    dismiss: Annotated[
        str | None, typer.Option(help="Close them without acting, for this reason, kept in the result")
    ] = None,
) -> None:
    """Read kept deliveries anew, after a fix, and act on them as if they had just come."""
    from commands.replay import replay

    _run(replay(_settings(), run, dismiss, console))


@app.command()
def prepare() -> None:
    """Give Temporal's namespace the retention and the search attributes that runs need."""
    from devserver import prepare_connected

    _run(prepare_connected())


@app.command()
def doctor() -> None:
    """Check settings, Temporal, each connection and each field; say what to do. Exits 1 on a fault."""
    from commands.doctor import examine

    if not asyncio.run(examine(_settings(), console)):
        raise typer.Exit(1)


def _serve(*, with_ingress: bool, with_worker: bool) -> None:
    import logs
    from commands.serve import new_event_loop, serve

    settings = _settings()
    logs.configure(settings.log_level)
    job = serve(settings, with_ingress=with_ingress, with_worker=with_worker)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        _told(lambda: runner.run(job))


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            name = "__".join(str(part).upper() for part in each["loc"])
            _say(f"{name}: {each['msg']}" if name else each["msg"])
    except SettingsError as error:
        _say(f"{error}; one variable sets one value, such as SLACK__BOT_TOKEN")
    errors.print("Set these in the environment or in .env; .env.example describes each.")
    raise typer.Exit(2)


def _say(problem: str) -> None:
    errors.print(f"[red]{escape(problem)}[/]", soft_wrap=True)


def _run(job: Coroutine[Any, Any, T]) -> T:
    return _told(lambda: asyncio.run(job))


def _told(job: Callable[[], T]) -> T:
    """Say in words what stops a command, instead of a stack trace."""
    try:
        return job()
    except BadConnection as error:
        _say(str(error))
        raise typer.Exit(2) from None
    except (Stopped, BadConfig) as error:
        _say(str(error))
        raise typer.Exit(1) from None
    except (RPCError, RuntimeError) as error:
        _say(f"Temporal: {error}")
        errors.print("`mogulflow doctor` says what to do.")
        raise typer.Exit(1) from None


if __name__ == "__main__":
    leave_after(lambda: app(prog_name="mogulflow"))
