"""`schedules apply`: what was done to each schedule, or would be."""

from collections.abc import Sequence

from rich.console import Console

import operations.schedules as operation
from commands.show import folding
from commands.texts import escape
from models.bounds import few
from operations.errors import Stopped
from operations.schedules import Step, What
from settings import Settings

_DONE = {What.CREATE: "created", What.UPDATE: "updated", What.PRUNE: "pruned"}
_COLOURS = {What.CREATE: "green", What.UPDATE: "yellow", What.PRUNE: "red", What.FOREIGN: "bold red"}


async def apply(settings: Settings, *, dry_run: bool, prune: bool, console: Console) -> None:
    """Raises Stopped where a schedule of that id is not ours."""
    steps = await operation.apply(settings, dry_run=dry_run, prune=prune)
    _print(steps, dry_run, console)
    if foreign := [step.id for step in steps if step.what is What.FOREIGN]:
        raise Stopped(f"Somebody else has a schedule {', '.join(foreign)}. Delete or rename it.")


def _print(steps: Sequence[Step], dry_run: bool, console: Console) -> None:
    """A line each; before anything is written in full, with the reasons."""
    table = folding("schedule", "", "what", *(["why"] if dry_run else []), lines=dry_run)
    for step in steps:
        would = f"would {step.what}" if dry_run else _DONE.get(step.what, step.what)
        said = would if step.what in _DONE else step.what
        row = (_in_full(step), step.why) if dry_run else (_in_short(step),)
        table.add_row(step.id, f"[{_COLOURS.get(step.what, 'dim')}]{said}[/]", *map(escape, row))
    console.print(table)


def _in_full(step: Step) -> str:
    return "\n".join(filter(None, [*step.details, step.paused]))


def _in_short(step: Step) -> str:
    """On a line: when a new one runs, or what changes."""
    first = step.details[:1] if step.what is What.CREATE else step.details
    return "; ".join(filter(None, [few(first), step.paused]))
