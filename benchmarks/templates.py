"""Each event template beside churn save: what it adds to its calls, and what a run costs before it waits."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import quantiles
from typing import Any

from temporalio.client import WorkflowHandle

from benchmarks.actions import actions
from benchmarks.ground import CALL_MS, Ground, Json
from benchmarks.results import Result, at_most
from dispatch.deliveries import Delivery, event_of
from dispatch.dispatcher import Dispatcher
from models.event import Event
from models.routes import Routes
from models.runs import RunResult
from models.templates.template import Installation
from simulators.kit.shapes import Call, CustomerRow

EVENTS, WARM_UP = 40, 5
GOAL_MS, GOAL_ACTIONS = 60, 4
PATIENCE_SECONDS = 30
LOOK_SECONDS = 0.02
APART_SECONDS = 0.5
"""Between two events: Gong takes three calls a second, and none is to wait for the quota that the one before
used up."""
CHANNEL = "#revenue-saves"
TAG = {"system": "intercom", "tag": "at-risk"}
SALE = {"stage": "Prospecting", "fallback_owner": "revops@mogulflow.example"}
OWNER = {"fallback_owner": "revops@mogulflow.example"}

Run = WorkflowHandle[Any, RunResult]
Happens = Callable[[Ground, CustomerRow], Event]


@dataclass(frozen=True)
class Case:
    """One template: what happens to a customer, and how many effects a run has before it waits or ends."""

    template: str
    when: Json
    happens: Happens
    options: Json
    effects: int


def _movement(body: Json) -> Event:
    return event_of(Delivery("chartmogul", "default", json.dumps(body).encode()))


def _cancels(ground: Ground, customer: CustomerRow) -> Event:
    return _movement(ground.control.cancel(customer.uuid, send=False))


def _expands(ground: Ground, customer: CustomerRow) -> Event:
    return _movement(ground.control.expand(customer.uuid, 5000, send=False))


def _contracts(ground: Ground, customer: CustomerRow) -> Event:
    return _movement(ground.control.contract(customer.uuid, 100, send=False))


def _returns(ground: Ground, customer: CustomerRow) -> Event:
    left = datetime.now(UTC) - timedelta(days=2)
    ground.control.cancel(customer.uuid, send=False, at=left)
    return _movement(ground.control.reactivate(customer.uuid, cents=4900, send=False))


def _does_not_pay(ground: Ground, customer: CustomerRow) -> Event:
    bills = ground.control.ask("GET", "stripe/invoices", query={"customer": customer.external_id})
    bill = next(each["id"] for each in bills if each["status"] != "voided")
    body = ground.control.ask("POST", f"stripe/invoices/{bill}/fail_payment", {"send": False})["body"]
    return event_of(Delivery("stripe", "default", body.encode()))


CASES = (
    Case("churn_save", {"movements": ["churn"]}, _cancels, {"task": OWNER, "check_back_days": [7]}, 2),
    Case(
        "expansion",
        {"movements": ["expansion"]},
        _expands,
        {"opportunity": SALE},
        3,
    ),
    Case("onboarding", {"movements": ["reactivation"]}, _returns, {"crm": None}, 1),
    Case("failed_payment", {"events": ["failed_payment"]}, _does_not_pay, {"message": {}, "tag": TAG}, 3),
    Case("churn_risk", {"movements": ["contraction"]}, _contracts, {"task": OWNER, "tag": TAG}, 3),
)


async def templates(ground: Ground) -> Result:
    rows = [await _measured(ground, case) for case in CASES]
    return Result(
        "templates",
        ["template", "whole, p50", "its calls, p50", "added, p50", "goal", "actions before it waits", "goal"],
        rows,
        f"Milliseconds; {EVENTS} events of each, {APART_SECONDS} s apart, as Gong takes three calls a second;"
        " from the dispatcher to the end of the last call. Its calls: for how long one or more of them were"
        f" under way; each takes {CALL_MS} ms and the simulators' own work.",
    )


async def _measured(ground: Ground, case: Case) -> list[str]:
    dispatcher = Dispatcher(ground.client, _routes(case), "", Installation())
    instants, counted = list[datetime](), list[int]()
    for customer in ground.customers(EVENTS + WARM_UP):
        await asyncio.sleep(APART_SECONDS)
        event = await asyncio.to_thread(case.happens, ground, customer)
        began = datetime.now(UTC)
        run = await _begun(dispatcher, event, began)
        await _until_done(run, case.effects)
        instants.append(began)
        counted.append(len(actions([each async for each in run.fetch_history_events()])))
    calls = ground.control.calls()
    traces = [times(*span, calls) for span in pairwise([*instants, datetime.now(UTC)])][WARM_UP:]
    whole, alone = zip(*traces, strict=True)
    added = _median(one - other for one, other in traces)
    most = max(counted[WARM_UP:])
    figures = [f"{each:.0f}" for each in (_median(whole), _median(alone), added)]
    return [
        f"`{case.template}`", *figures, at_most(GOAL_MS, added), str(most), at_most(GOAL_ACTIONS, most)
    ]  # fmt: skip


def _routes(case: Case) -> Routes:
    route = {
        "name": "measured",
        "template": case.template,
        "when": case.when,
        "options": {"channel": CHANNEL, **case.options},
    }
    return Routes.model_validate({"routes": [route]})


async def _begun(dispatcher: Dispatcher, event: Event, now: datetime) -> Run:
    [run] = await dispatcher.dispatch(event, received_at=now)
    return dispatcher.client.get_workflow_handle(run.workflow_id, result_type=RunResult)


async def _until_done(run: Run, effects: int) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while len(await run.query("effects", result_type=list[Any])) < effects:
        if time.monotonic() > deadline:
            raise TimeoutError(f"{run.id} has not all of its {effects} effects")
        await asyncio.sleep(LOOK_SECONDS)


def times(began: datetime, next_began: datetime, calls: Iterable[Call]) -> tuple[float, float]:
    """Milliseconds until the event's last call ended, and those of them in which a call was under way."""
    own = (call for call in calls if began < call.at < next_began)
    spans = sorted((call.at, call.at + timedelta(milliseconds=call.took_ms)) for call in own)
    busy, until = timedelta(0), began
    for start, end in spans:
        busy += max(timedelta(0), end - max(start, until))
        until = max(until, end)
    return (until - began) / timedelta(milliseconds=1), busy / timedelta(milliseconds=1)


def _median(milliseconds: Iterable[float]) -> float:
    return quantiles(milliseconds, n=2, method="inclusive")[0]
