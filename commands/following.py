"""A long run on the terminal: its link, what it does, and how to see it again."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import BaseModel
from rich.console import Console, RenderableType
from rich.live import Live

from operations.dates import shown
from operations.following import Followed, Look, Step

R = TypeVar("R", bound=BaseModel)
Render = Callable[[Sequence[Step]], RenderableType]


async def follow(followed: Followed[R], console: Console, render: Render, *, again: str) -> R:
    """What it came to. Ctrl-C leaves it running, and `again` shows it. Raises Stopped where it failed."""
    console.print(f"Run: {followed.link}", soft_wrap=True)
    if followed.since:
        console.print(f"It runs since {shown(followed.since)}, with what it was asked for then.")
    try:
        with Live(console=console, transient=True) as live:
            async for look in followed.looks():
                live.update(_doing(look, render))
        return await followed.result()
    except asyncio.CancelledError:
        console.print(f"It goes on. `{again}` shows how far it is.")
        raise


def _doing(look: Look, render: Render) -> RenderableType:
    if not look.has_worker:
        return "No worker takes it. Start `mogulflow serve`; it goes on by itself then."
    return render(look.steps) if look.steps else "Working"
