"""What a hold says of itself: to the ops channel, and in its run's details."""

from datetime import datetime

from models.holds import Decision, HeldNow, HoldInput, HoldOn, Scope, Verdict, route_of, title
from models.wording import clock, counted


def brake_text(given: HoldInput, since: datetime, now: HeldNow) -> str:
    """`since` is when the brake went on."""
    route = route_of(given.name)
    return (
        f"*The brake of route {route} is on*, since {clock(since)}: {given.open.why}. {counted(now.count)} "
        f"{_wait(now.count)}, and so does what comes next. Nothing is lost. {what_to_do(given.name)}\n"
        f"<{now.link}|Look at what waits>"
    )


def update_text(count: int, before: int) -> str:
    return f"{counted(count)} {_wait(count)} now, {before} before."


def end_text(decision: Decision, runs: int) -> str:
    said = f"{decision.words[:1].upper()}{decision.words[1:]}."
    if decision.verdict is Verdict.DROPPED:
        return f"{said} {counted(runs)} ended without any effect. New runs begin as ever."
    return f"{said} {counted(runs)} went on. New runs begin as ever."


def what_to_do(hold: str) -> str:
    route = route_of(hold)
    if route:
        return (
            f'`mogulflow release {route} "why"` lets them go, oldest first; `mogulflow drop {route} "why"` '
            f"ends them without any effect."
        )
    return f"It ends by itself; `mogulflow resume{Scope.of(hold).options}` ends it before."


def open_details(name: str, opened: HoldOn) -> str:
    by = f", by {opened.by}" if opened.by else ""
    until = f" Until {clock(opened.until)}, or:" if opened.until else ""
    return f"### {title(name)}\n\n{opened.why}{by}.{until} {what_to_do(name)}"


def ended_details(name: str, decision: Decision, runs: int) -> str:
    return f"### {title(name)}\n\n{end_text(decision, runs)}"


def _wait(count: int) -> str:
    return "waits" if count == 1 else "wait"
