"""What is listed, movements and failed payments, against the runs."""

from typing import Annotated

import typer

from commands import terminal
from commands.terminal import Account, console
from models.bounds import LONGEST_ACT_WITHIN_DAYS

First = Annotated[str | None, typer.Option("--from", help="Date, or instant; UTC without an offset")]
Last = Annotated[str | None, typer.Option("--to", help="Likewise, not included")]


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
            help="Act on events as old as this; by default as their routes say",
        ),
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(help="Only mrr_movement or failed_payment; by default those that routes take"),
    ] = None,
    attach: Annotated[bool, typer.Option("--attach", help="Follow the one that runs")] = False,
) -> None:
    """Go through a time span of what is listed and start what has no run. Exits 1 where a list could not be
    asked. Ctrl-C leaves it running."""
    import commands.backfill as command
    from operations.backfill import Wish

    if attach:
        done = terminal.run(command.attach(terminal.settings(), account, console))
    else:
        wish = Wish(account, first, last, preview, template or (), act_within, kind or ())
        done = terminal.run(command.backfill(terminal.settings(), wish, console))
    if not done:
        raise typer.Exit(1)


def coverage(
    first: First = None,
    last: Last = None,
    account: Account = "default",
    lists: Annotated[
        bool, typer.Option("--list", help="Name each event that was not acted on, and why")
    ] = False,
) -> None:
    """Is every event of the last 3 days, or of a time span, accounted for? Exits 1 where not, or where a
    list could not be asked."""
    from commands.coverage import coverage

    if not terminal.run(coverage(terminal.settings(), account, first, last, console, lists=lists)):
        raise typer.Exit(1)
