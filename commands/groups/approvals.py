"""`mogulflow approvals` and `undo`."""

from typing import Annotated

import typer

from commands.terminal import console, run, settings

app = typer.Typer(help="Changes that wait for a person's decision.")

Reason = Annotated[str, typer.Option(help="Why, for whoever looks at it later")]
Plan = Annotated[str, typer.Option(help="Only if it would still do what `show` printed with that hash")]


@app.callback(invoke_without_command=True)
def waiting(context: typer.Context) -> None:
    """List changes that wait for a decision."""
    if context.invoked_subcommand is None:
        from commands.changes import print_waiting
        from operations.approvals import waiting as operation

        print_waiting(run(operation()), console)


@app.command()
def show(workflow: Annotated[str, typer.Argument(metavar="RUN")]) -> None:
    """Show what a change would do, or has done, and who decided on it."""
    from commands.changes import print_change
    from operations.approvals import shown

    print_change(run(shown(workflow)), console)


@app.command()
def approve(
    workflow: Annotated[str, typer.Argument(metavar="RUN")], reason: Reason = "", plan: Plan = ""
) -> None:
    """Agree to a change: it is done unless the world has moved since it was shown."""
    _decide(workflow, reason, plan, approve=True)


@app.command()
def refuse(
    workflow: Annotated[str, typer.Argument(metavar="RUN")], reason: Reason = "", plan: Plan = ""
) -> None:
    """Refuse a change: nothing is written."""
    _decide(workflow, reason, plan, approve=False)


def _decide(workflow: str, reason: str, plan: str, *, approve: bool) -> None:
    from commands.changes import print_change
    from operations.approvals import decided

    print_change(run(decided(settings(), workflow, reason, approve=approve, plan=plan)), console)


def undo(
    workflow: Annotated[
        str, typer.Argument(metavar="RUN", help="Id of the run whose effects are taken back")
    ],
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

    wish = Wish(workflow, reason, delete, again)
    if dry_run or not yes:
        print_change(run(operation(settings(), wish, dry_run=True)), console)
    if dry_run or not (yes or typer.confirm("Take that back?")):
        raise typer.Exit(0)
    found = run(operation(settings(), wish, dry_run=False))
    print_change(found, console)
    if found.status.value in ("failed", "partial"):
        raise typer.Exit(1)
