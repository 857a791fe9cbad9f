"""What is held, and how that ends."""

from typing import Annotated

import typer

from commands import terminal
from commands.terminal import console

Route = Annotated[str, typer.Argument(help="Name of a route, as `attention` shows it")]
Why = Annotated[str, typer.Argument(help="The reason, kept in the run")]
OneTemplate = Annotated[str | None, typer.Option("--template", help="Only this template")]
OneSystem = Annotated[str | None, typer.Option("--system", help="Only this system, such as slack")]
OneAccount = Annotated[str | None, typer.Option("--account", help="Only this ChartMogul account")]


def release(route: Route, why: Why) -> None:
    """Let go what the brake of a route holds, oldest first. The brake is off afterwards."""
    _decide(route, why, released=True)


def drop(route: Route, why: Why) -> None:
    """End what the brake of a route holds, without any effect. The brake is off afterwards."""
    _decide(route, why, released=False)


def _decide(route: str, why: str, *, released: bool) -> None:
    from commands.holds import decide
    from models.holds import Verdict

    verdict = Verdict.RELEASED if released else Verdict.DROPPED
    terminal.run(decide(route, verdict, why, console))


def pause(
    why: Why,
    length: Annotated[str, typer.Option("--for", help="30m, 1h, 1h30m, 2d; 2 minutes to 30 days")] = "1h",
    template: OneTemplate = None,
    system: OneSystem = None,
    account: OneAccount = None,
) -> None:
    """Stop everything for a while, or one template, system or account. Nothing is lost, all goes on then."""
    from commands.holds import pause
    from operations.holds import scope_of

    scope = terminal.told(lambda: scope_of(template, system, account))
    terminal.run(pause(terminal.settings(), scope, length, why, console))


def resume(
    why: Annotated[str, typer.Argument(help="Kept in the pause's run")] = "",
    template: OneTemplate = None,
    system: OneSystem = None,
    account: OneAccount = None,
) -> None:
    """End a pause before its time, with the same options."""
    from commands.holds import resume
    from operations.holds import scope_of

    scope = terminal.told(lambda: scope_of(template, system, account))
    terminal.run(resume(scope, why, console))
