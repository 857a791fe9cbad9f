"""`retry`: a run again, and a word where its route has been changed since."""

from rich.console import Console

import operations.retry as operation
from commands.texts import escape
from operations.retry import Ask, Wish
from settings import Settings


async def retry(settings: Settings, workflow_id: str, wish: Wish, console: Console, ask: Ask) -> None:
    retried = await operation.retry(settings, workflow_id, wish, ask)
    console.print(f"Running again: {retried.link}", soft_wrap=True)
    if retried.outdated_route is not None:
        console.print(
            f"It goes by its route {escape(retried.outdated_route)} as it was then; "
            f"{escape(settings.routes_file)} says otherwise now. To go by that: "
            f"`mogulflow retry {escape(workflow_id)} --current-route`.",
            soft_wrap=True,
        )
