"""Runs: what there are, and what a person decides about them."""

from pathlib import Path
from typing import Annotated

import typer

from commands import terminal
from commands.terminal import Account, console

EventFile = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, help="JSON body of a ChartMogul webhook")
]


def send(file: EventFile, account: Account = "default") -> None:
    """Post an event file through the ingress, as ChartMogul would."""
    from commands.events import send

    terminal.told(lambda: send(terminal.settings(), file, account, console))


def preview_event(file: EventFile, account: Account = "default") -> None:
    """Show what an event would do, field by field: every read, no write."""
    from commands.events import preview

    terminal.run(preview(terminal.settings(), file, account, console))


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
    from commands.runs import show_runs
    from operations.runs import Wanted

    wanted = Wanted(limit, query, customer, only_open, template, outcome)
    terminal.run(show_runs(terminal.settings(), wanted, console))


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
    from commands.retry import retry
    from operations.retry import Wish

    wish = Wish(reason, current_route=current_route, sure=yes)
    terminal.run(retry(terminal.settings(), run, wish, console, terminal.asked))


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


def replay(
    run: Annotated[list[str], typer.Argument(help="Workflow ids of deliveries that could not be read")],
    dismiss: Annotated[
        str | None, typer.Option(help="Close them without acting, for this reason, kept in the result")
    ] = None,
) -> None:
    """Read dead letters anew, after a fix, and act on them as if they had just come."""
    from commands.replay import replay

    terminal.run(replay(terminal.settings(), run, dismiss, console))
