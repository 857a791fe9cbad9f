"""What the groups of the command have in common: settings, where words go, what stops a command."""

import asyncio
import os
import sys
from collections.abc import Callable, Container, Coroutine
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape
from temporalio.service import RPCError, RPCStatusCode

from configuration.environment import SIMULATED, near_misses, problems, unreadable, unusable_proxies
from configuration.files import BadConfig
from operations.errors import Stopped
from settings import Settings
from temporal import BadConnection, leave_after, unprepared

T = TypeVar("T")

Account = Annotated[str, typer.Option(help="ChartMogul account, by its name in the settings")]

NOT_ASKED = 2
"""Exit code: no answer, because of a setting, or because Temporal cannot be asked. 1 is an answer."""

console = Console()
errors = Console(stderr=True)


def settings(*, hints: bool = True) -> Settings:
    """`hints` on variables that nothing reads; without, the caller gives them."""
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


def run_app(app: Callable[..., object]) -> NoReturn:
    """The whole command, as the one thing that this process does."""
    leave_after(lambda: app(prog_name="mogulflow"))


def is_simulated(found: Container[str]) -> bool:
    """Whether a file of settings is one that `demo` or `dev` has written."""
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
    except BadConnection as error:
        say(str(error))
        raise typer.Exit(NOT_ASKED) from None
    except (Stopped, BadConfig) as error:
        say(str(error))
        raise typer.Exit(1) from None
    except RPCError as error:
        if lacking := unprepared(error):
            say(f"Temporal's namespace is not prepared: it has no search attribute {lacking}.")
            errors.print("Run `mogulflow prepare` first.")
            raise typer.Exit(NOT_ASKED) from None
        say(f"Temporal: {error.message}")
        if error.status is RPCStatusCode.INVALID_ARGUMENT:  # what was asked for is wrong, not a setting
            raise typer.Exit(1) from None
        errors.print("`mogulflow doctor` says what to do.")
        raise typer.Exit(NOT_ASKED) from None
    except RuntimeError as error:
        say(f"Temporal: {error}")
        errors.print("`mogulflow doctor` says what to do.")
        raise typer.Exit(NOT_ASKED) from None
