"""What the groups of the command have in common: settings, where words go, what stops a command.

Each command imports this, also where only its help is shown: what takes a while is imported when needed.
"""

import asyncio
import os
import sys
from collections.abc import Callable, Collection, Coroutine
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from commands.texts import escape

if TYPE_CHECKING:
    from settings import Settings

T = TypeVar("T")

Account = Annotated[str, typer.Option(help="ChartMogul account, by its name in the settings")]

NOT_ASKED = 2
"""Exit code: no answer, because of a setting, or because Temporal cannot be asked. 1 is an answer."""

console = Console()
errors = Console(stderr=True)


def settings(*, hints: bool = True) -> "Settings":
    """`hints` on variables that nothing reads; without, the caller gives them."""
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    from configuration.environment import near_misses, problems, unreadable, unusable_proxies
    from settings import Settings

    misses = near_misses(os.environ)
    try:
        found = Settings()
    except ValidationError as error:
        refused = problems(error)
    except SettingsError as error:
        refused = [unreadable(error)]
    else:
        refused = unusable_proxies()
        if not refused:
            for miss in misses if hints else []:
                errors.print(f"[yellow]{escape(miss)}[/]", soft_wrap=True)
            return found
    for problem in (*refused, *misses):
        say(problem)
    errors.print("Set these in the environment or in .env; .env.example describes each.")
    raise typer.Exit(NOT_ASKED)


def run_app(app: Callable[..., object]) -> None:
    """The whole command, as the one thing that this process does."""
    try:
        app(prog_name="mogulflow")
    except BaseException as end:
        if "temporalio" in sys.modules:
            _leave(end)
        raise


def _leave(end: BaseException) -> NoReturn:
    """As it says, once there may be a thread of Temporal's."""
    from temporal import leave_after

    def again() -> NoReturn:
        raise end

    leave_after(again)


def is_simulated(found: Collection[str]) -> bool:
    """Whether a file of settings is one that `demo` or `dev` has written."""
    if not found:
        return False
    from configuration.environment import SIMULATED

    return SIMULATED in found


def say(problem: str) -> None:
    errors.print(f"[red]{escape(problem)}[/]", soft_wrap=True)


def asked(question: str) -> bool:
    """What a person at the terminal says. Where there is none, no."""
    return sys.stdin.isatty() and typer.confirm(question)


def run(job: Coroutine[Any, Any, T]) -> T:
    return told(lambda: asyncio.run(job))


def told(job: Callable[[], T]) -> T:
    """Say in words what stops a command, instead of a stack trace."""
    try:
        return job()
    except (typer.Exit, typer.Abort):  # RuntimeErrors, which have been told or are typer's to tell
        raise
    except Exception as error:
        from commands.stopping import exit_code

        if (code := exit_code(error)) is None:
            raise
        raise typer.Exit(code) from None
