"""`replay`: what became of each delivery that could not be read."""

from collections.abc import AsyncIterator, Iterator

from rich.console import Console

import operations.replay as operation
from commands.texts import escape
from dispatch.dispatcher import Dispatched
from operations.errors import Stopped
from operations.replay import Seen
from settings import Settings


async def replay(settings: Settings, runs: list[str], dismiss: str | None, console: Console) -> None:
    """Raises Stopped where one is left as it was."""
    left = 0
    async for seen in _each(settings, runs, dismiss):
        left += bool(seen.problem)
        for line in _lines(seen):
            console.print(line, soft_wrap=True)
    if left:
        raise Stopped(f"{left} of {len(runs)} left as {'it was' if left == 1 else 'they were'}.")


def _each(settings: Settings, runs: list[str], dismiss: str | None) -> AsyncIterator[Seen]:
    if dismiss is None:
        return operation.replay(settings, runs)
    return operation.dismiss(runs, dismiss)


def _lines(seen: Seen) -> Iterator[str]:
    if seen.problem:
        yield f"[red]{escape(seen.problem)}[/]"
    elif seen.event is None:
        yield f"{escape(seen.workflow_id)}: dismissed"
    else:
        yield f"{escape(seen.workflow_id)}: replayed as event {seen.event.event_id}"
        yield from (f"  {_said(run)}: {run.link}" for run in seen.runs)
        if not seen.runs:
            yield f"  no route takes this {seen.event.in_words}"


def _said(run: Dispatched) -> str:
    if run.held_by:
        return f"{run.workflow_id} started, held by {run.held_by}"
    return f"{run.workflow_id} {'started' if run.new else 'was known'}"
