"""`mogulflow export` and `preview warehouse`."""

from typing import Annotated

import typer

from commands.terminal import Account, console, run, settings, told

app = typer.Typer(no_args_is_help=True, help="ChartMogul's streams in the warehouse.")

Streams = Annotated[list[str] | None, typer.Option(help="Only this one; may be repeated")]


@app.command("run")
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
    from operations.exports import Wish

    wish = Wish(account, stream or (), night, full, accept_missing)
    if not run(command.run(settings(), wish, console)):
        raise typer.Exit(1)


@app.command("status")
def export_status(account: Account = "default") -> None:
    """Follow the export that runs, or show what the last one came to. Exits 1 where a stream failed."""
    import commands.exports as command

    if not run(command.status(settings(), account, console)):
        raise typer.Exit(1)


@app.command("history")
def export_history(
    account: Account = "default", limit: Annotated[int, typer.Option(min=1, max=10_000)] = 40
) -> None:
    """List the loads there were, as the warehouse's own ledger tells."""
    import commands.exports as command

    told(lambda: command.history(settings(), account, limit, console))


def preview_warehouse(account: Account = "default", stream: Streams = None) -> None:
    """Show what tonight's export would change: definitions, counts, ten rows before and after."""
    from commands.preview_warehouse import preview

    run(preview(settings(), account, stream or (), console))
