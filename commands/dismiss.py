"""`dismiss`: what was closed, line by line."""

from rich.console import Console

import operations.dismiss as operation
from commands.texts import escape
from settings import Settings


async def dismiss(settings: Settings, run: str, why: str, all_like: bool, console: Console) -> None:
    async for closed in operation.dismiss(settings, run, why, all_like):
        console.print(escape(_said(closed)), soft_wrap=True, highlight=False)


def _said(closed: operation.Closed) -> str:
    if before := closed.before:
        return f"{closed.workflow_id} was dismissed before, by {before.who}: {before.why}"
    return f"{closed.workflow_id}: dismissed"
