"""`mogulflow reconcile`."""

from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import console, settings, told

app = typer.Typer(no_args_is_help=True, help="Month-end reconciliation: why figures differ, and the proof.")


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="A pack, or a folder of packs")],
    key: Annotated[
        str, typer.Option(help="Public key that you know, or a file with it; this installation's by default")
    ] = "",
    head: Annotated[str, typer.Option(help="Hash that was posted: some pack must have it")] = "",
) -> None:
    """Say whether a file of a pack was changed, added or removed, whether the signature is right, and whether
    a month is missing. Needs neither Temporal nor a network. Exits 1 where something is wrong."""
    import commands.reconcile as command

    if not told(lambda: command.verify(settings, pack, key, head, console)):
        raise typer.Exit(1)


@app.command("key")
def new_key() -> None:
    """Make the key that signs packs, and show its public half, which others verify with."""
    import commands.reconcile as command

    found = settings()
    told(lambda: command.new_key(found, console))
