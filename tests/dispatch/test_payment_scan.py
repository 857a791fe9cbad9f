"""Failed payments of polled lists: what no webhook brought starts one run; what one did starts nothing."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.client import Client

from dispatch.dispatcher import Dispatcher
from dispatch.holds import Holds, open_hold
from dispatch.known_runs import known_run
from dispatch.movement_scan import MovementScan
from dispatch.payment_scan import PaymentScan
from models.event import EventSource
from models.events import DataSources, FailedPayment, MrrMovement
from models.holds import HoldOn, Scope, brake_on
from models.movements import EXPLAINED, Found, Scan, Tally
from models.routes import Routes
from models.templates import template
from tests.conftest import in_a_namespace_of_its_own
from tests.failing import routes
from tests.waiting import until_list_is_current, until_listed
from tests.workflows.template_runs import payment

NOW = datetime.now(UTC).replace(microsecond=0)
RISK = {"name": "risk", "template": "churn_risk"}


def failed(invoice: str = "in_1", hours_ago: float = 1, **more: Any) -> FailedPayment:
    given: dict[str, Any] = {"occurred_at": NOW - timedelta(hours=hours_ago), "source": EventSource.POLL}
    return payment(invoice, **given | more)


def scan(**wish: Any) -> Scan:
    given: dict[str, Any] = {
        "account": "default", "start": NOW - timedelta(days=30), "end": NOW, "source": EventSource.POLL,
        "naming": dict.fromkeys(EXPLAINED, 10),
    }  # fmt: skip
    return Scan.model_validate(given | wish)


def cancelled() -> MrrMovement:
    given = {
        "account": "default", "movement_type": "churn", "occurred_at": NOW - timedelta(hours=1),
        "customer_uuid": "cus_1", "amount": {"cents": 5000, "currency": "USD"}, "source": "poll",
    }  # fmt: skip
    return MrrMovement.model_validate(given)


class Installation:
    """Routes in front of a real server, without a worker."""

    def __init__(
        self, client: Client, of: Routes, holds: Holds | None = None, data_sources: DataSources | None = None
    ) -> None:
        its = template.Installation(data_sources=data_sources or {})
        self.client = client
        self.dispatcher = Dispatcher(client, of, "http://127.0.0.1:8233", its, holds)
        self._scan = PaymentScan(self.dispatcher)

    async def by_webhook(self, event: FailedPayment) -> None:
        told = event.model_copy(update={"source": EventSource.BILLING})
        await self.dispatcher.dispatch(told, received_at=NOW)

    async def take(self, *payments: FailedPayment, **wish: Any) -> Tally:
        return await self._scan.take(scan(**wish), payments, NOW)

    async def compare(self, *payments: FailedPayment, **wish: Any) -> Tally:
        return await self._scan.compare(scan(**wish), payments, NOW)

    async def history(self, event: FailedPayment, template: str = "failed_payment") -> int:
        """How many events the run's has."""
        run = self.client.get_workflow_handle(f"{template}/{event.run_key}")
        return (await run.describe()).history_length


@pytest.fixture
async def own(client: Client) -> Client:
    return await in_a_namespace_of_its_own(client)


def sums(tally: Tally) -> dict[str, int]:
    return {found.value: sum(kinds.values()) for found, kinds in tally.counts.items()}


async def test_what_the_webhook_lost_is_started_once(own: Client) -> None:
    here, lost, brought = Installation(own, routes()), failed("in_1"), failed("in_2")
    await here.by_webhook(brought)
    assert sums(await here.take(lost, brought)) == {"started": 1, "known": 1}
    lengths = [await here.history(each) for each in (lost, brought)]
    for _ in range(2):
        assert sums(await here.take(lost, brought)) == {"known": 2}
    assert [await here.history(each) for each in (lost, brought)] == lengths
    assert sums(await here.compare(lost, brought)) == {"poll": 1, "billing": 1}


async def test_attempts_of_one_invoice_begin_one_run_with_the_first(own: Client) -> None:
    here = Installation(own, routes())
    third, first, second = (failed(attempt=each, hours_ago=10 - each) for each in (3, 1, 2))
    assert sums(await here.take(third, first, second)) == {"started": 1, "known": 2}
    run = await known_run(own, f"failed_payment/{first.run_key}")
    assert run is not None
    assert run.heard == (first.event_id,)


async def test_each_template_has_its_run(own: Client) -> None:
    both, event = Installation(own, routes({}, RISK)), failed()
    tally = await both.take(event)
    assert (sums(tally), tally.runs(Found.STARTED)) == ({"started": 1}, 2)
    assert (await both.compare(event)).runs(Found.POLL) == 2


async def test_what_no_route_takes_is_filtered_and_said_in_words(own: Client) -> None:
    here = Installation(own, routes({"when": {"events": ["failed_payment"], "accounts": ["europe"]}}))
    assert sums(await here.take(failed())) == {"route filter": 1}
    [named] = (await here.compare(failed())).named
    assert (named.found, named.reason) == (Found.UNROUTED, "route unpaid is for account europe")
    nobody = Installation(own, Routes(routes=[]))
    [named] = (await nobody.compare(failed())).named
    assert named.reason == "no route takes failed_payment events"


async def test_too_old_and_fresh_are_counted_as_such(own: Client) -> None:
    here, fresh_after = Installation(own, routes()), NOW - timedelta(minutes=1)
    old, fresh = failed("in_old", hours_ago=100), failed("in_new", hours_ago=0.01)
    taken = await here.take(old, fresh, fresh_after=fresh_after)
    assert sums(taken) == {"too old": 1, "fresh": 1}
    compared = await here.compare(old, fresh, fresh_after=fresh_after)
    assert sums(compared) == {"too old": 1, "fresh": 1}
    [named] = compared.named
    assert named.reason == "route unpaid acts within 3 days, and it has no run"


async def test_what_is_lost_is_named(own: Client) -> None:
    lost = failed(amount=None)
    tally = await Installation(own, routes()).compare(lost, failed("in_2"))
    assert sums(tally) == {"unaccounted": 2}
    assert tally.unaccounted[0] == f"{lost.event_id} {lost.occurred_at:%Y-%m-%dT%H:%M:%SZ} failed_payment"
    assert tally.unaccounted[1].endswith("failed_payment $49.00")
    assert {each.reason for each in tally.named} == {"route unpaid takes it, and it has no run"}


async def test_an_attempt_that_its_open_run_does_not_know_is_lost(own: Client) -> None:
    """Until a poll tells it."""
    here, first, second = Installation(own, routes()), failed(attempt=1, hours_ago=9), failed(attempt=2)
    await here.by_webhook(first)
    tally = await here.compare(first, second)
    assert sums(tally) == {"billing": 1, "unaccounted": 1}
    [named] = tally.named
    assert named.reason == "the run of its invoice has not heard of this attempt"
    assert named.workflow_id == f"failed_payment/{first.run_key}"
    await own.get_workflow_handle(named.workflow_id).terminate()
    assert sums(await here.compare(first, second)) == {"billing": 2}


async def test_a_shadow_is_one_and_comes_to_what_it_would(own: Client) -> None:
    here, event = Installation(own, routes({"mode": "preview"})), failed()
    assert sums(await here.take(event)) == {"would act": 1}
    tally = await here.compare(event)
    assert sums(tally) == {"would act": 1}
    assert tally.shadows["unpaid"].runs == 1
    assert tally.named[0].reason.startswith("route unpaid was in preview: ")


async def test_a_run_counts_where_its_route_is_gone(own: Client) -> None:
    await Installation(own, routes()).take(failed())
    after = Installation(own, routes(RISK))
    tally = await after.compare(failed())
    assert {
        name: sum(map(sum, (each.values() for each in counts.values())))
        for name, counts in tally.by_template.items()
    } == {"failed_payment": 1, "churn_risk": 1}
    gone = Installation(own, Routes(routes=[]))
    assert sums(await gone.compare(failed())) == {"poll": 1}


async def holds_of(client: Client, of: Routes, *open_now: str) -> Holds:
    for name in open_now:
        await open_hold(client, name, HoldOn(why="of the tests"))
    await until_list_is_current(client)
    holds = Holds(client, of)
    await holds.look()
    return holds


async def test_a_pause_holds_payment_runs(own: Client) -> None:
    of, event = routes(), failed()
    pause = Scope(template="failed_payment").hold
    here = Installation(own, of, await holds_of(own, of, pause))
    assert sums(await here.take(event)) == {"held": 1}
    tally = await here.compare(event)
    assert sums(tally) == {"held": 1}
    length = await here.history(event)
    assert sums(await here.take(event)) == {"known": 1}
    assert await here.history(event) == length


async def test_a_brake_goes_on_above_its_limit_and_counts_each_invoice_once(own: Client) -> None:
    of = routes({"pause_above": 2})
    here = Installation(own, of, await holds_of(own, of))
    twice = [failed("in_0", attempt=1, hours_ago=5), failed("in_0", attempt=2)]
    assert sums(await here.take(*twice)) == {"started": 1, "known": 1}
    assert sums(await here.take(failed("in_1"))) == {"started": 1}
    assert sums(await here.take(failed("in_2"))) == {"held": 1}
    await until_listed(own, f"WorkflowId = '{brake_on('unpaid')}'")
    listed = await holds_of(own, of)
    assert brake_on("unpaid") in listed.open


async def test_a_brake_counts_the_runs_that_the_list_shows(own: Client) -> None:
    await Installation(own, routes()).take(failed("in_0"), failed("in_1"))
    of = routes({"pause_above": 2})
    here = Installation(own, of, await holds_of(own, of))
    assert sums(await here.take(failed("in_2"))) == {"held": 1}


async def test_a_scan_of_movements_knows_nothing_of_payments(own: Client) -> None:
    """Of one customer, of one second, and of one template."""
    of = Routes.model_validate(
        {"routes": [{"name": "risk", "template": "churn_risk", "options": {"channel": "#x"},
                     "when": {"movements": ["churn"], "events": ["failed_payment"]}}]}
    )  # fmt: skip
    here, churn = Installation(own, of), cancelled()
    event = failed(customer=churn.customer_uuid, occurred_at=churn.occurred_at)
    await here.take(event)
    await until_list_is_current(own)
    length, movements = await here.history(event, "churn_risk"), MovementScan(here.dispatcher)
    assert sums(await movements.compare(scan(), [churn], NOW)) == {"unaccounted": 1}
    assert sums(await movements.take(scan(), [churn], NOW)) == {"started": 1}
    await until_list_is_current(own)
    assert sums(await movements.take(scan(), [churn], NOW)) == {"known": 1}
    assert sums(await movements.compare(scan(), [churn], NOW)) == {"poll": 1}
    assert await here.history(event, "churn_risk") == length
    assert sums(await here.compare(event)) == {"poll": 1}


async def test_two_data_sources_with_one_invoice_id_have_a_run_each(own: Client) -> None:
    """The first has the key of old; whoever tells of either again, in any order, starts nothing."""
    here = Installation(own, routes())
    ours, theirs = failed(data_source="ds_1"), failed(data_source="ds_2")
    assert ours.run_key == theirs.run_key
    assert sums(await here.take(ours, theirs, preview=True)) == {"would start": 2}
    assert sums(await here.compare(ours, theirs)) == {"unaccounted": 2}
    assert sums(await here.take(ours, theirs)) == {"started": 2}
    for both in ((ours, theirs), (theirs, ours)):
        assert sums(await here.take(*both)) == {"known": 2}
        assert sums(await here.compare(*both)) == {"poll": 2}
    apart = theirs.told_apart()
    assert apart is not None
    lengths = [await here.history(each) for each in (ours, apart)]
    await here.by_webhook(failed(attempt=2, data_source="ds_2"))
    assert await here.history(ours) == lengths[0]
    assert await here.history(apart) > lengths[1]


async def test_both_at_the_same_moment_have_a_run_each(own: Client) -> None:
    """What one has looked up, the other may have changed before it starts."""
    here = Installation(own, routes())
    events = [failed(data_source=f"ds_{number % 4}") for number in range(16)]
    begun = await asyncio.gather(*(here.dispatcher.dispatch(each, received_at=NOW) for each in events))
    assert sum(run.new for [run] in begun) == len({run.workflow_id for [run] in begun}) == 4


async def test_a_run_that_knows_no_data_source_is_that_of_the_invoice(own: Client) -> None:
    """It began under an earlier version, or by a webhook whose data source nobody has set."""
    here, known = Installation(own, routes()), failed()
    await here.by_webhook(known)
    for told in (failed(data_source="ds_1"), failed(data_source="ds_2"), failed(billing_system="stripe")):
        assert sums(await here.take(told)) == {"known": 1}


async def test_a_billing_system_has_the_data_source_of_the_settings(own: Client) -> None:
    here = Installation(own, routes())
    named = Installation(own, routes(), data_sources={("default", "chargebee"): "ds_1"})
    await here.take(failed(data_source="ds_2"))
    [run] = await named.dispatcher.dispatch(failed(billing_system="chargebee"), received_at=NOW)
    assert run.new
    assert sums(await here.compare(failed(data_source="ds_1"), failed(data_source="ds_2"))) == {"poll": 2}
