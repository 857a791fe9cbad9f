"""A movement counts once, whatever number of templates takes it; what became of it for each stays visible."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from rich.console import Console
from temporalio.client import Client

from commands.show import print_counts, tally_table
from dispatch.dispatcher import Dispatcher
from dispatch.movement_scan import MovementScan
from models.chartmogul_values import identifier
from models.event import EventSource
from models.events import MrrMovement
from models.movements import ACTED, EXPLAINED, CoverageReport, Found, PollState, Scan, Tally, worst
from models.routes import Routes
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until

NOW = datetime.now(UTC).replace(microsecond=0)
ALL_AT_ONCE = (*ACTED, Found.UNACCOUNTED, Found.SHADOWED, Found.UNROUTED, Found.TOO_OLD)
EVERYTHING = ["new_biz", "expansion", "contraction", "churn", "reactivation"]


def churn_save(name: str = "churn-save", mode: str = "live", days: float = 3, **when: Any) -> dict[str, Any]:
    given = {"movements": ["churn"], **when}
    options = {"channel": "#saves"}
    return {
        "name": name, "template": "churn_save", "when": given, "mode": mode, "act_within_days": days,
        "options": options,
    }  # fmt: skip


def customer_sync(mode: str = "live", days: float = 3, movements: Any = EVERYTHING) -> dict[str, Any]:
    return {
        "name": "sync", "template": "customer_sync", "when": {"movements": movements}, "mode": mode,
        "act_within_days": days, "options": {},
    }  # fmt: skip


def movement(
    number: int, kind: str = "churn", cents: int = 5000, hours_ago: float = 1, **changes: Any
) -> MrrMovement:
    given: dict[str, Any] = {
        "account": "default",
        "movement_type": kind,
        "occurred_at": NOW - timedelta(hours=hours_ago),
        "customer_uuid": f"cus_{number}",
        "amount": {"cents": cents, "currency": "USD"},
        "source": "poll",
    }
    return MrrMovement.model_validate(given | changes)


class Installation:
    """Routes in front of a real server, without a worker."""

    def __init__(self, client: Client, *routes: dict[str, Any]) -> None:
        self.dispatcher = Dispatcher(
            client, Routes.model_validate({"routes": list(routes)}), "http://127.0.0.1:8233"
        )

    async def take(self, *movements: MrrMovement, **wish: Any) -> Tally:
        return await MovementScan(self.dispatcher).take(scan(**wish), movements, NOW)

    async def compare(self, *movements: MrrMovement, runs: int | None = None, **wish: Any) -> Tally:
        """Once Temporal's list has all that was started."""

        async def complete() -> Tally | None:
            tally = await MovementScan(self.dispatcher).compare(scan(**wish), movements, NOW)
            found = tally.runs(Found.WEBHOOK, Found.POLL, Found.BACKFILL, Found.SHADOWED)
            return tally if runs in (None, found) else None

        return await until(complete)


def scan(**wish: Any) -> Scan:
    given: dict[str, Any] = {
        "account": "default", "start": NOW - timedelta(days=30), "end": NOW, "source": EventSource.POLL,
        "naming": dict.fromkeys(EXPLAINED, 10),
    }  # fmt: skip
    return Scan.model_validate(given | wish)


@pytest.fixture
async def own(client: Client) -> Client:
    return await in_a_namespace_of_its_own(client)


def sums(counts: dict[Found, dict[str, int]]) -> dict[str, int]:
    return {found.value: sum(kinds.values()) for found, kinds in counts.items()}


async def test_a_movement_of_two_templates_counts_once_and_each_template_is_shown(own: Client) -> None:
    both = Installation(own, churn_save(), customer_sync())
    churns = [movement(each) for each in range(3)]
    others = [movement(3, "expansion"), movement(4, "contraction")]
    taken = await both.take(*churns, *others)
    assert sums(taken.counts) == {"started": 5}
    assert taken.runs(Found.STARTED) == 8
    tally = await both.compare(*churns, *others, runs=8)
    assert sums(tally.counts) == {"poll": 5}
    assert {name: sums(counts) for name, counts in tally.by_template.items()} == {
        "churn_save": {"poll": 3, "route filter": 2},
        "customer_sync": {"poll": 5},
    }


async def test_only_what_no_template_takes_is_filtered(own: Client) -> None:
    """The second route takes fewer types than the first one."""
    narrow = Installation(own, churn_save(), customer_sync(movements=["expansion"]))
    tally = await narrow.take(movement(1), movement(2, "expansion"), movement(3, "contraction"))
    assert sums(tally.counts) == {"started": 2, "route filter": 1}
    assert await Installation(own).compare(movement(1, "new_biz")) != Tally()


async def test_without_any_route_a_movement_still_counts(own: Client) -> None:
    tally = await Installation(own).compare(movement(77, "new_biz"))
    assert sums(tally.counts) == {"route filter": 1}
    assert tally.named[0].reason == "no route takes new_biz movements"


async def test_a_run_counts_where_its_route_is_gone(own: Client) -> None:
    await Installation(own, churn_save()).take(movement(1))
    after = Installation(own, customer_sync(movements=["expansion"]))
    tally = await after.compare(movement(1), runs=1)
    assert sums(tally.counts) == {"poll": 1}


async def test_the_worst_of_its_templates_is_what_became_of_it(own: Client) -> None:
    event = movement(1, hours_ago=48)
    await Installation(own, churn_save()).take(event)
    with_sync = Installation(own, churn_save(), customer_sync())
    tally = await with_sync.compare(event, runs=1)
    assert sums(tally.counts) == {"unaccounted": 1}
    assert len(tally.unaccounted) == 1
    with_short = Installation(own, churn_save(), customer_sync(days=1))
    assert sums((await with_short.compare(event, runs=1)).counts) == {"too old": 1}


async def test_two_equal_movements_are_two(own: Client) -> None:
    one, other = movement(1), movement(1)
    tally = await Installation(own, churn_save()).take(one, other)
    assert sums(tally.counts) == {"started": 2}


@pytest.mark.parametrize(
    ("event", "reason"),
    [
        (movement(1, "expansion"), "no route takes expansion movements"),
        (
            movement(2, cents=9999),
            "route large takes USD 500 of MRR or more; route eu is for account europe",
        ),
        (movement(3, cents=90000, hours_ago=100), "route large acts within 3 days, and it has no run"),
        (movement(4, cents=90000), "route large takes it, and it has no run"),
        (movement(5, cents=90000, hours_ago=-5), "lies ahead; route large will take it"),
    ],
)
async def test_the_list_says_in_words_why_nothing_was_done(
    own: Client, event: MrrMovement, reason: str
) -> None:
    routes = (churn_save("large", minimum_mrr=500), churn_save("eu", accounts=["europe"]))
    [named] = (await Installation(own, *routes).compare(event)).named
    assert named.reason == reason
    assert (named.event_id, named.amount) == (event.event_id, event.amount)
    assert "cus_" not in named.model_dump_json()


async def test_the_list_names_what_was_restated_with_its_run(own: Client) -> None:
    dispatcher = Installation(own, churn_save())
    await dispatcher.take(movement(1))
    restated = movement(1, cents=700)
    tally = await dispatcher.compare(movement(1), runs=1)
    assert not tally.named
    [named] = (await dispatcher.compare(restated)).named
    assert named.reason == "its run took it as churn $50.00; ChartMogul says churn $7.00 now"
    assert named.workflow_id == f"churn_save/{movement(1).event_id}"
    assert named.run_id


async def test_no_more_are_named_than_there_is_room_for(own: Client) -> None:
    events = [movement(each, "expansion") for each in range(30)]
    dispatcher = Installation(own, churn_save())
    assert len((await dispatcher.compare(*events)).named) == 10
    assert not (await dispatcher.compare(*events, naming={})).named


def test_every_end_has_its_place_in_the_order() -> None:
    assert worst(Found) is Found.UNACCOUNTED
    assert worst([Found.UNROUTED, Found.WEBHOOK]) is Found.WEBHOOK
    assert worst([]) is Found.UNROUTED


def test_what_an_earlier_version_left_is_read() -> None:
    """A schedule's next run begins with the last one's result, a report lies in a closed run."""
    tally = {
        "counts": {"known": {"churn": 2}, "route filter": {"expansion": 1}},
        "rows": 3, "requests": 1, "unreadable": ["2026-11-01T00:00:00Z: no uuid"],
        "unaccounted": [], "stuck": [],
    }  # fmt: skip
    instant = "2026-11-20T10:00:00Z"
    state = PollState.model_validate(
        {"complete_until": instant, "looked_back_at": instant, "tally": tally, "untold": []}
    )
    assert (state.tally.runs(Found.KNOWN), state.tally.unread) == (2, 1)
    assert (state.tally + state.tally).of(Found.KNOWN) == 4
    report = CoverageReport.model_validate(
        {"account": "default", "start": instant, "end": instant, "tally": tally}
    )
    assert not report.complete


@pytest.mark.parametrize("width", [80, 120])
def test_the_table_fits_a_terminal_whatever_was_found(width: int) -> None:
    every = Tally(counts={found: {"reactivation": 1234} for found in ALL_AT_ONCE})
    printed = Console(width=width, file=StringIO(), record=True)
    print_counts(tally_table(every, always=(*ACTED, Found.UNACCOUNTED)), printed)
    text = printed.export_text()
    assert "…" not in text
    for word in ("reactivation", "webhook", "backfill", "unaccounted", "total", "filter"):
        assert word in text


async def test_a_run_whose_subscription_id_is_kept_whole_is_known_by_it(own: Client) -> None:
    """Earlier versions cut no id."""
    here, whole = Installation(own, churn_save()), "Sub_" + "x" * 5000
    before = movement(1, subscription_external_id=whole)
    assert (await here.take(before)).runs(Found.STARTED) == 1
    now = movement(1, subscription_external_id=identifier(whole), whole_subscription_id=whole)
    tally = await here.compare(now, runs=1)
    assert (tally.runs(Found.POLL), tally.runs(Found.UNACCOUNTED)) == (1, 0)
    assert (await here.take(now)).runs(Found.KNOWN) == 1
