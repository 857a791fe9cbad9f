"""`mogulflow approvals` and `undo`."""

from typing import Annotated

import typer

from commands import terminal
from commands.terminal import console, settings

app = typer.Typer(help="Changes that wait for a person's decision.")

Reason = Annotated[str, typer.Option(help="Why, for whoever looks at it later")]
Plan = Annotated[str, typer.Option(help="Only if it would still do what `show` printed with that hash")]


@app.callback(invoke_without_command=True)
def alone(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        list_()


@app.command("list")
def list_() -> None:
    """List the changes that wait for a decision; `approvals` alone is short for it."""
    from commands.changes import print_waiting
    from operations.approvals import waiting

    print_waiting(terminal.run(waiting()), console)


@app.command()
def show(run: str) -> None:
    """Show what a change would do, or has done, and who decided on it."""
    from commands.changes import print_change
    from operations.approvals import shown

    print_change(terminal.run(shown(run)), console)


@app.command()
def approve(run: str, reason: Reason = "", plan: Plan = "") -> None:
    """Agree to a change: it is done unless the world has moved since it was shown."""
    _decide(run, reason, plan, approve=True)


@app.command()
def refuse(run: str, reason: Reason = "", plan: Plan = "") -> None:
    """Refuse a change: nothing is written."""
    _decide(run, reason, plan, approve=False)


def _decide(run: str, reason: str, plan: str, *, approve: bool) -> None:
    from commands.changes import print_change
    from operations.approvals import decided

    print_change(terminal.run(decided(settings(), run, reason, approve=approve, plan=plan)), console)


def undo(
    run: Annotated[str, typer.Argument(help="Id of the run whose effects are taken back")],
    reason: Annotated[str, typer.Option(help="Why, for whoever looks at it later")] = "undone by hand",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would come of it; no write")] = False,
    delete: Annotated[
        bool, typer.Option("--delete", help="Delete what was created where that can be done; else close it")
    ] = False,
    again: Annotated[bool, typer.Option("--again", help="Though it was asked for before")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Without a question")] = False,
) -> None:
    """Take back what a run has done, newest first; what a person changed since is left as it is."""
    from commands.changes import print_change
    from operations.undo import Wish
    from operations.undo import undo as operation

    wish = Wish(run, reason, delete, again)
    if dry_run or not yes:
        print_change(terminal.run(operation(settings(), wish, dry_run=True)), console)
    if dry_run or not (yes or typer.confirm("Take that back?")):
        raise typer.Exit(0)
    found = terminal.run(operation(settings(), wish, dry_run=False))
    print_change(found, console)
    if found.status.value in ("failed", "partial"):
        raise typer.Exit(1)
