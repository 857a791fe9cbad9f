"""Failed payments that no webhook told of: the poll finds them in any list, and coverage says who told."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from temporalio.client import Client

import temporal
import worker
from commands.coverage import print_report
from dispatch.dispatcher import Dispatcher
from models.event import Event
from models.movements import (
    BackfillInput,
    BackfillProgress,
    CoverageInput,
    CoverageReport,
    Found,
    PollInput,
    PollState,
    Tally,
)
from settings import Settings
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.failing import Bill, routes
from tests.waiting import until
from tests.workflows.conftest import NUMBERS
from workflows import movement_poll

OPS = "#revops-alerts"


@pytest.fixture(scope="module")
async def own(
    client: Client, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Client]:
    """With workers whose routes take failed payments."""
    file = tmp_path_factory.mktemp("routes") / "routes.yaml"
    file.write_text(routes().model_dump_json(exclude_defaults=True))
    own = await in_a_namespace_of_its_own(client)
    async with worker.running(own, settings.model_copy(update={"routes_file": str(file)})):
        yield own


@pytest.fixture
def dispatcher(own: Client) -> Dispatcher:
    return Dispatcher(own, routes(), "http://127.0.0.1:8233")


async def polled(client: Client, **changes: Any) -> PollState:
    """As the schedule's first: it looks back."""
    given = {"account": "default", "head_start": timedelta(0), "payments": True} | changes
    state: PollState = await client.execute_workflow(
        "movement_poll",
        PollInput.model_validate(given),
        id=f"poll/payments-{next(NUMBERS)}",
        task_queue=temporal.WORKFLOWS,
        result_type=PollState,
    )
    return state


async def covered(client: Client, **changes: Any) -> CoverageReport:
    given = {"account": "default", "days": 1, "fresh": timedelta(0), "lists": True, "payments": True}
    report: CoverageReport = await client.execute_workflow(
        "coverage",
        CoverageInput.model_validate(given | changes),
        id=f"coverage/payments-{next(NUMBERS)}",
        task_queue=temporal.WORKFLOWS,
        result_type=CoverageReport,
    )
    return report


def payments(tally: Tally) -> dict[str, int]:
    return {found.value: tally.payments(found) for found in Found if tally.payments(found)}


async def length(client: Client, event: Event) -> int:
    """Of the run's history, once it has nothing to do any more."""
    handle = client.get_workflow_handle(f"failed_payment/{event.run_key}")
    seen: list[int] = []

    async def settled() -> int | None:
        seen.append((await handle.describe()).history_length)
        return seen[-1] if len(seen) > 5 and len(set(seen[-5:])) == 1 else None

    return await until(settled)


async def test_a_lost_one_is_started_once_whichever_lists_have_it(simulators: Control, own: Client) -> None:
    """Three systems have it in their own words, and ChartMogul all of them."""
    bills = [Bill(simulators, system) for system in ("stripe", "chargebee", "recurly")]
    for bill in bills:
        bill.fails()
        bill.shown_by_chartmogul(transaction=bill.id.replace("in_", "ch_") + "_1")
    state = await polled(own)
    assert payments(state.tally) == {"started": 3}
    assert payments((await polled(own)).tally) == {"known": 3}


async def test_what_chartmogul_alone_shows_is_found_and_meets_the_webhook(
    simulators: Control, own: Client, dispatcher: Dispatcher
) -> None:
    bill = Bill(simulators)
    event = bill.event()
    simulators.fault("stripe", "status", path="/v1/events", status=200, body={"data": [], "has_more": False})
    bill.shown_by_chartmogul(minutes=2)
    assert payments((await polled(own)).tally) == {"started": 1}
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    assert (run.new, run.told) == (False, True)
    before = await length(own, event)
    assert payments((await polled(own)).tally) == {"known": 1}
    assert await length(own, event) == before
    [message] = simulators.messages("#revenue-saves")
    assert "failed" in message["text"]


async def test_a_further_attempt_is_told_once(
    simulators: Control, own: Client, dispatcher: Dispatcher
) -> None:
    bill = Bill(simulators)
    first = bill.event(minutes=300)
    await dispatcher.dispatch(first, received_at=datetime.now(UTC))
    bill.fails()
    before = await length(own, first)
    assert payments((await covered(own)).tally) == {"billing": 1, "unaccounted": 1}
    await polled(own)
    after = await length(own, first)
    assert after > before
    for _ in range(2):
        assert payments((await polled(own)).tally) == {"known": 2}
    assert await length(own, first) == after
    assert [each["text"][:16] for each in simulators.messages("#revenue-saves")][1:] == ["Attempt 2 failed"]


async def test_coverage_says_who_told_and_names_what_nobody_did(
    simulators: Control, own: Client, dispatcher: Dispatcher
) -> None:
    """Three of ten webhooks are lost."""
    events = []
    for number in range(10):
        bill = Bill(simulators, "stripe" if number % 2 else "chargebee")
        events.append(bill.event(minutes=5 + number))
        if number % 4:
            bill.shown_by_chartmogul(5 + number, bill.id.replace("in_", "ch_") + "_1")
    for event in events[3:]:
        await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    report = await covered(own, ops_channel=OPS)
    assert payments(report.tally) == {"billing": 7, "unaccounted": 3}
    assert {each.event_id for each in report.tally.named} == {each.event_id for each in events[:3]}
    assert not report.complete
    [alert] = simulators.messages(OPS)
    assert "0 movements and 3 failed payments have no run and no reason" in alert["text"]
    said = printed(report)
    assert "Of failed payments the billing webhooks alone would have missed 3 of 10" in said
    at_once = "`mogulflow backfill --kind failed_payment --account default --from "
    assert f"Neither run nor reason; the poll acts within the hour, {at_once}" in said
    assert "mogulflow backfill --account" not in said

    assert payments((await polled(own)).tally) == {"started": 3, "known": 7}
    report = await covered(own)
    assert payments(report.tally) == {"poll": 3, "billing": 7}
    assert report.complete
    rows = [line.split() for line in printed(report).splitlines()]
    assert ["failed_payment", "0", "3", "0", "7", "0", "10"] in rows


def printed(report: CoverageReport) -> str:
    console = Console(width=200, file=StringIO(), record=True)
    print_report(report, console)
    return console.export_text()


async def test_a_row_that_cannot_be_read_is_named_and_stops_no_other(
    simulators: Control, own: Client
) -> None:
    good, undated = Bill(simulators), Bill(simulators)
    good.fails()
    undated.fails()
    rows: list[Any] = [{"id": "evt_odd", "type": "invoice.payment_failed", "created": "Nora Lind"}]
    told = {"data": rows, "has_more": False}
    simulators.fault("stripe", "status", path="/v1/events", status=200, body=told)
    good.shown_by_chartmogul()
    uuid = undated.loses_its_dates()
    state = await polled(own, ops_channel=OPS)
    assert payments(state.tally) == {"started": 1}
    assert (state.tally.unread, state.tally.rows) == (2, 3)
    stripe, chartmogul = state.tally.unreadable
    assert stripe.startswith("Stripe evt_odd: created")
    assert chartmogul.endswith(f"invoice {uuid}: a payment that failed has no date")
    assert "Nora" not in state.tally.model_dump_json()
    [message] = simulators.messages(OPS)
    assert message["text"].startswith("Rows of the polled lists (default) cannot be read")


async def test_without_a_route_for_them_nobody_is_asked(simulators: Control, own: Client) -> None:
    Bill(simulators).fails()
    before = len(simulators.calls())
    state = await polled(own, payments=False)
    assert (payments(state.tally), state.payments_until) == ({}, None)
    assert [each.path for each in simulators.calls()[before:]] == ["/v1/activities"]


@pytest.mark.parametrize("status", [401, 503])
async def test_a_billing_system_that_refuses_or_is_away_holds_nothing_else_up(
    simulators: Control, own: Client, status: int
) -> None:
    Bill(simulators).fails()
    Bill(simulators, "chargebee").fails()
    simulators.fault("stripe", "status", path="/v1/events", status=status)
    state = await polled(own, ops_channel=OPS, payments_wait=timedelta(0))
    assert payments(state.tally) == {"started": 1}
    assert state.payments_until is None
    assert state.complete_until > datetime.now(UTC) - timedelta(minutes=1)
    [message] = simulators.messages(OPS)
    assert message["text"].startswith("Failed payments of account default cannot be polled: Stripe could not")
    state = await polled(own)
    assert payments(state.tally) == {"started": 1, "known": 1}
    assert state.payments_until == state.complete_until


async def test_coverage_counts_what_the_others_tell_and_is_incomplete(
    simulators: Control, own: Client, dispatcher: Dispatcher
) -> None:
    Bill(simulators).fails()
    await dispatcher.dispatch(Bill(simulators, "chargebee").event(), received_at=datetime.now(UTC))
    simulators.fault("stripe", "status", path="/v1/events", status=503)
    simulators.fault("chartmogul", "status", text="Past_Due", status=403)
    report = await covered(own, ops_channel=OPS, payments_wait=timedelta(0))
    assert payments(report.tally) == {"billing": 1}
    assert not report.complete
    stripe, chartmogul = report.tally.unasked
    assert stripe.startswith("Stripe could not be asked: ")
    assert chartmogul.startswith("ChartMogul's list of invoices could not be asked: ")
    said = printed(report)
    assert "The report is incomplete. What these would tell is not counted:\n  Stripe could not" in said
    [alert] = simulators.messages(OPS)
    assert "Stripe could not be asked: " in alert["text"]


async def backfilled(client: Client, **changes: Any) -> BackfillProgress:
    now = datetime.now(UTC)
    given = {"account": "default", "start": now - timedelta(days=1), "end": now, "payments": True}
    progress: BackfillProgress = await client.execute_workflow(
        "backfill",
        BackfillInput.model_validate(given | changes),
        id=f"backfill/payments-{next(NUMBERS)}",
        task_queue=temporal.WORKFLOWS,
        result_type=BackfillProgress,
    )
    return progress


async def test_a_backfill_starts_each_once_with_webhook_and_poll(
    simulators: Control, own: Client, dispatcher: Dispatcher
) -> None:
    """Of one invoice the attempts are one run, whichever lists have them."""
    twice, shown, old = Bill(simulators), Bill(simulators, "chargebee"), Bill(simulators)
    twice.fails(minutes=300)
    event = twice.event()
    shown.fails()
    shown.shown_by_chartmogul()
    old.fails(minutes=600)
    before = len(simulators.messages())
    wish = {"act_within_days": 0.3}
    assert payments((await backfilled(own, preview=True, **wish)).tally) == {
        "would start": 2, "known": 2, "too old": 1,
    }  # fmt: skip
    assert len(simulators.messages()) == before
    assert payments((await backfilled(own, templates=["churn_save"])).tally) == {"route filter": 5}
    done = await backfilled(own, **wish)
    assert payments(done.tally) == {"started": 2, "known": 2, "too old": 1}
    assert (done.next, done.payments_left) == (done.end, False)
    [run] = await dispatcher.dispatch(event, received_at=datetime.now(UTC))
    assert not run.new
    assert payments((await backfilled(own, movements=False, **wish)).tally) == {"known": 4, "too old": 1}
    assert payments((await covered(own)).tally) == {"backfill": 4, "unaccounted": 1}
    assert payments((await polled(own)).tally) == {"started": 1, "known": 4}


async def test_a_backfill_names_what_could_not_be_asked(simulators: Control, own: Client) -> None:
    Bill(simulators, "chargebee").fails()
    simulators.fault("stripe", "status", path="/v1/events", status=401)
    done = await backfilled(own, movements=False)
    assert payments(done.tally) == {"started": 1}
    assert done.tally.unasked[0].startswith("Stripe could not be asked: ")


async def test_what_the_vendor_does_not_keep_is_said(simulators: Control, own: Client) -> None:
    report = await covered(own, days=40)
    [gone] = report.tally.gone
    assert gone.startswith("Stripe tells nothing from before ")
    assert "What these lists do not tell is not counted:" in printed(report)


def notices(tally: Tally, *, movements_hours: float, payments_hours: float) -> list[str]:
    """Of a poll after so long without one of movements, and of payments."""
    now = datetime.now(UTC)
    given = PollInput(account="default", head_start=timedelta(0), payments=True)
    last = PollState(
        complete_until=now - timedelta(hours=movements_hours),
        looked_back_at=now,
        payments_until=now - timedelta(hours=payments_hours),
    )
    return [each.text for each in movement_poll._notices(given, last, now, tally)]


@pytest.mark.parametrize(
    ("late", "movements_hours", "payments_hours", "said"),
    [
        ({"churn": 2}, 9, 9, ["2 movements are older than"]),
        ({"failed_payment": 3}, 9, 9, ["3 are older than their routes act on now"]),
        ({"churn": 2, "failed_payment": 3}, 9, 9, ["2 movements are", "3 are older"]),
        ({"churn": 2, "failed_payment": 3}, 0.1, 9, ["3 are older"]),
        ({"churn": 2, "failed_payment": 3}, 0.1, 0.1, []),
    ],
)
def test_a_gap_says_of_what_it_was(
    late: dict[str, int], movements_hours: float, payments_hours: float, said: list[str]
) -> None:
    tally = Tally(counts={Found.TOO_OLD: late})
    found = notices(tally, movements_hours=movements_hours, payments_hours=payments_hours)
    assert len(found) == len(said)
    for text, words in zip(found, said, strict=True):
        assert words in text
        assert ("mogulflow backfill --kind failed_payment" in text) == ("movements" not in words)
