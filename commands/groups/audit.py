"""`mogulflow audit` and `history`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import Account, console, run, settings, told

app = typer.Typer(no_args_is_help=True, help="Who asked for what, who decided, and what came of it.")


@app.command()
def show(
    account: Account = "default",
    last: Annotated[int, typer.Option(min=1, max=10_000, help="So many of the newest rows")] = 20,
) -> None:
    """List the newest rows: what was done, who asked, what it came to."""
    import commands.audit as command

    run(command.show(settings(), account, last, console))


@app.command()
def export(
    account: Account = "default",
    to: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write all rows to this new file instead")
    ] = None,
    accept_gap: Annotated[
        bool, typer.Option("--accept-gap", help="Rows that Temporal has forgotten are lost")
    ] = False,
) -> None:
    """Do what each night does, now, and follow it: rows to files, and to the warehouse. Exits 1 where that
    failed."""
    import commands.audit as command

    if to:
        run(command.export_to(settings(), account, to, console))
    elif not run(command.run(settings(), account, console, accept_gap=accept_gap)):
        raise typer.Exit(1)


@app.command()
def verify(
    files: Annotated[list[Path], typer.Argument(exists=True, dir_okay=False, help="Files of the audit")],
    head: Annotated[str, typer.Option(help="Hash that was posted: some row must have it")] = "",
) -> None:
    """Say whether a row was edited, is missing, is there twice or in another's place. Needs neither Temporal
    nor a network. Exits 1 where one is."""
    import commands.audit as command

    if not told(lambda: command.verify(files, head, console)):
        raise typer.Exit(1)


def history(
    customer: Annotated[str, typer.Argument(help="A customer's name, part of one, or ChartMogul's uuid")],
    limit: Annotated[int, typer.Option(min=1, max=2000, help="Runs that Temporal has")] = 200,
) -> None:
    """Say what was done to a customer, by which run, and who asked for it, oldest first."""
    from commands.history import show_history

    run(show_history(settings(), customer, limit, console))
