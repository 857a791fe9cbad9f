"""What a scan notes of an event and a template: its run, or why it has none. Pure functions."""

from datetime import datetime, timedelta

from temporalio.common import Priority

import temporal
from dispatch.book import Entry
from dispatch.dispatcher import Dispatched
from dispatch.known_runs import KnownRun
from models.effects import Mode
from models.event import Event, EventSource
from models.movements import Found, Scan
from models.routes import Route
from models.runs import Outcome

STUCK_AFTER = timedelta(hours=1)

BY_OUTCOME = {Outcome.HELD.value: Found.HELD, Outcome.DROPPED.value: Found.DROPPED}
"""Of these it says more than how we learned of the event."""


def acted(template: str, run: KnownRun) -> Entry:
    if not run.shadow_of:
        return Entry(template, BY_OUTCOME.get(run.outcome) or Found(run.source.value), run=run)
    said = ", ".join([run.outcome, *sorted(run.would)])
    return Entry(template, Found.SHADOWED, f"route {run.shadow_of} was in preview: {said}", run)


def why_missing(scan: Scan, template: str, route: Route | None, event: Event, now: datetime) -> Entry:
    found = suppressed(scan, route, event, now)
    if route is None:
        return Entry(template, Found.UNROUTED)
    if found is Found.TOO_OLD:
        days = f"{route.act_within_days:g} days"
        return Entry(template, found, f"route {route.name} acts within {days}, and it has no run")
    if found:
        return Entry(template, found)
    if event.occurred_at > now:
        return Entry(template, Found.FUTURE, f"lies ahead; route {route.name} will take it")
    return Entry(template, Found.UNACCOUNTED, f"route {route.name} takes it, and it has no run")


def suppressed(scan: Scan, route: Route | None, event: Event, now: datetime) -> Found | None:
    """Why nothing is done about it, where that is so."""
    if route is None:
        return Found.UNROUTED
    if scan.fresh_after and scan.fresh_after <= event.occurred_at <= now:
        return Found.FRESH
    days = route.act_within_days if scan.act_within_days is None else scan.act_within_days
    if event.occurred_at < now - timedelta(days=days):
        return Found.TOO_OLD
    return None


def priority_of(scan: Scan) -> Priority:
    """A backfill goes below live traffic."""
    return temporal.BULK if scan.source is EventSource.BACKFILL else temporal.LIVE


def begun(run: Dispatched, route: Route) -> Found:
    """What a scan has done by its start."""
    if not run.new:
        return Found.KNOWN
    if run.held_by:
        return Found.HELD
    return Found.STARTED if route.mode is Mode.LIVE else Found.SHADOWED


def would_begin(route: Route) -> Found:
    """What it would have done, in a preview."""
    return Found.WOULD_START if route.mode is Mode.LIVE else Found.SHADOWED


def is_stuck(run: KnownRun, now: datetime) -> bool:
    """Its code fails over and over, or a system it waits for has not answered for an hour."""
    waiting = run.waits_since is not None and run.waits_since < now - STUCK_AFTER
    return run.running and (run.reported_problem or waiting)
