"""What the groups of the command have in common: settings, where words go, what stops a command."""

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape
from temporalio.service import RPCError, RPCStatusCode

from commands.events import Stopped
from config_files import BadConfig
from settings import Settings
from temporal import BadConnection

T = TypeVar("T")

Account = Annotated[str, typer.Option(help="ChartMogul account, by its name in the settings")]

console = Console()
errors = Console(stderr=True)


def settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for each in error.errors(include_input=False, include_url=False):
            name = "__".join(str(part).upper() for part in each["loc"])
            say(f"{name}: {each['msg']}" if name else each["msg"])
    except SettingsError as error:
        say(f"{error}; one variable sets one value, such as SLACK__BOT_TOKEN")
    errors.print("Set these in the environment or in .env; .env.example describes each.")
    raise typer.Exit(2)


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
    except BadConnection as error:
        say(str(error))
        raise typer.Exit(2) from None
    except (Stopped, BadConfig) as error:
        say(str(error))
        raise typer.Exit(1) from None
    except RPCError as error:
        say(f"Temporal: {error.message}")
        if error.status is not RPCStatusCode.INVALID_ARGUMENT:  # what was asked for is wrong, not a setting
            errors.print("`mogulflow doctor` says what to do.")
        raise typer.Exit(1) from None
    except RuntimeError as error:
        say(f"Temporal: {error}")
        errors.print("`mogulflow doctor` says what to do.")
        raise typer.Exit(1) from None
