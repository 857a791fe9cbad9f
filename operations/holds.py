"""A route's brake is decided on; the rest is paused and resumed."""

import asyncio
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import get_args

from temporalio.client import Client

import temporal
from dispatch.holdings import held_by, holdings, with_count
from dispatch.holds import KNOWN_WITHIN_SECONDS, open_hold
from models.holds import (
    LONGEST_PAUSE,
    Decision,
    Holding,
    HoldOn,
    Scope,
    Verdict,
    brake_on,
    route_of,
)
from models.routes import TemplateName
from operations.dates import in_words
from operations.errors import Stopped
from operations.person import who
from operations.waiting import LOOK_SECONDS, nobody_takes
from settings import Settings
from systems import SYSTEMS

PAUSABLE = (*(system.name for system in SYSTEMS), "warehouse")
"""What can be paused alone."""

LIST_SECONDS = 60
"""Temporal's list of runs is that far behind at most."""

SHORTEST_PAUSE = timedelta(minutes=2)
"""Longer than it may take until it is held: one that is over before it is on would stop nothing."""

MOST_WORDS = 300
"""Characters of a reason."""

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


async def decide(route: str, verdict: Verdict, why: str) -> int:
    """Let go, or drop, what the brake of the route holds: how many runs. The brake's run does it, whatever
    becomes of us. Raises Stopped."""
    decision = Decision(verdict=verdict, why=_reason(why), by=who())
    client = await temporal.connect()
    name = brake_on(route)
    hold = await _hold_that_matters(client, name)
    if hold is None:
        raise Stopped(f"No brake is on for a route {route}. {await _brakes(client)}")
    await _decide(client, name, decision)
    return hold.count


@dataclass(frozen=True)
class Pause:
    """One that is on in Temporal; processes hold it once they have read of it there."""

    client: Client
    scope: Scope
    holding: Holding
    until: datetime


async def pause(settings: Settings, scope: Scope, length: str, why: str) -> Pause:
    """`length` such as 1h30m. Raises Stopped, and RPCError: where that is one of NOT_NOW, the pause may be on
    all the same."""
    _check(settings, scope)
    lasts, reason = _length(length), _reason(why)
    client = await temporal.connect()
    until = datetime.now(UTC) + lasts
    holding = await open_hold(client, scope.hold, HoldOn(why=reason, by=who(), until=until))
    return Pause(client, scope, holding, until)


async def until_held(pause: Pause) -> bool:
    """Returns once each process that reaches Temporal has read of it: whether a worker is there, which the
    pause of schedules needs. To end the waiting does not end the pause. Raises Stopped and RPCError.

    Processes read Temporal's list of runs: it must have the pause, and each must have read it since."""
    try:
        async with asyncio.timeout(LIST_SECONDS):
            while not await is_listed(pause.client, pause.holding):
                await asyncio.sleep(LOOK_SECONDS)
    except TimeoutError:
        raise Stopped(
            f"The pause of {pause.scope.words} is on, but Temporal's list of runs does not show it yet, and"
            " processes hold it only then. `mogulflow attention` says when it does."
        ) from None
    await asyncio.sleep(KNOWN_WITHIN_SECONDS)
    return not await _waits_for_a_worker(pause.client, pause.scope.hold)


async def is_listed(client: Client, pause: Holding) -> bool:
    """Whether the list has this pause, and not only one before it that the list shows still. Its end tells
    it apart, which no other has: where it was on already its run stays, and where one before it was just
    ending another run goes on. With no worker to note a new end, its own run is enough. Raises RPCError."""
    listed = [each for each in await holdings(client) if each.name == pause.name and each.is_open]
    if any(each.until == pause.until for each in listed):
        return True
    is_ours = any(each.run_id == pause.run_id for each in listed)
    return is_ours and await _waits_for_a_worker(client, pause.name)


async def _waits_for_a_worker(client: Client, hold: str) -> bool:
    return nobody_takes(await client.get_workflow_handle(hold).describe())


async def resume(scope: Scope, why: str) -> int:
    """How many runs it holds; they go on once a worker has taken this up. Raises Stopped."""
    decision = Decision(verdict=Verdict.RELEASED, why=_reason(why) if why else "", by=who())
    client = await temporal.connect()
    hold = await _hold_that_matters(client, scope.hold)
    if hold is None:
        raise Stopped(f"Nothing of that kind is paused: {scope.words}. {await _pauses(client)}")
    await _decide(client, scope.hold, decision)
    return hold.count


async def _hold_that_matters(client: Client, name: str) -> Holding | None:
    """One that is open, or one that somebody ended by force and that left runs waiting."""
    for hold in await holdings(client):
        if hold.name == name:
            if not hold.is_open:
                raise Stopped(f"{name} was ended before, and is just telling the runs that it holds.")
            return await with_count(client, hold)
    left = (await client.count_workflows(held_by(name))).count
    return Holding(name=name, run_id="", since=datetime.now(UTC), count=left) if left else None


async def _decide(client: Client, name: str, decision: Decision) -> None:
    """Where its run is gone, a new one does what is left to do."""
    await open_hold(client, name, HoldOn(why="ended by force before"), decision)


async def _brakes(client: Client) -> str:
    routes = [route for each in await holdings(client) if (route := route_of(each.name)) and each.is_open]
    return f"There is one for {', '.join(routes)}." if routes else "There is none for any route."


async def _pauses(client: Client) -> str:
    names = [each.name for each in await holdings(client) if not route_of(each.name) and each.is_open]
    said = [f"{Scope.of(name).words} (`mogulflow resume{Scope.of(name).options}`)" for name in names]
    return f"Paused are: {', '.join(said)}." if said else "Nothing is paused."


def _check(settings: Settings, scope: Scope) -> None:
    """Raises Stopped for a name that nothing has: a pause of it would stop nothing."""
    templates = [str(each) for each in get_args(TemplateName)]
    for option, value, known in (
        ("--template", scope.template, templates),
        ("--system", scope.system, list(PAUSABLE)),
        ("--account", scope.account, list(settings.chartmogul)),
    ):
        if value is not None and value not in known:
            raise Stopped(f"{option} {value}: there is none of that name. There is {', '.join(known)}.")


def scope_of(template: str | None, system: str | None, account: str | None) -> Scope:
    """Raises Stopped where more than one is named."""
    if sum(each is not None for each in (template, system, account)) > 1:
        raise Stopped("Name one of --template, --system and --account, or none for everything.")
    return Scope(template=template, system=system, account=account)


def _length(text: str) -> timedelta:
    """`90s`, `30m`, `1h`, `1h30m`, `2d`. Raises Stopped."""
    parts = re.findall(r"(\d{1,9})([smhd])", text.replace(" ", ""))
    if not parts or "".join(map("".join, parts)) != text.replace(" ", ""):
        raise Stopped(f"--for {text!r} is no length of time; write 30m, 1h, 1h30m or 2d.")
    seconds = sum(int(number) * _SECONDS[unit] for number, unit in parts)
    if not SHORTEST_PAUSE.total_seconds() <= seconds <= LONGEST_PAUSE.total_seconds():
        shortest = (
            f"at least {in_words(SHORTEST_PAUSE)}, for more than one may pass until each process holds it"
        )
        raise Stopped(f"--for {text[:40]} must be {shortest}, and at most {in_words(LONGEST_PAUSE)}.")
    return timedelta(seconds=seconds)


def _reason(why: str) -> str:
    """Raises Stopped where there is none: whoever reads it in a month has nothing else."""
    line = " ".join(why.split())
    if not line:
        raise Stopped("Say why: it is kept in the run, for whoever asks later.")
    if len(line) > MOST_WORDS:
        raise Stopped(f"The reason has {len(line)} characters; {MOST_WORDS} are kept.")
    return line
