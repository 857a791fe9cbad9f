"""What runs when."""

from typing import Annotated

import typer

from commands import terminal
from commands.terminal import console


def apply(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the difference, write nothing")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Delete ours that are no longer declared")] = False,
) -> None:
    """Bring Temporal's schedules in line with the settings. A pause and its note stay."""
    from commands.schedules import apply

    terminal.run(apply(terminal.settings(), dry_run=dry_run, prune=prune, console=console))
