"""`backfill` and `coverage` as processes against the whole system, a killed worker included."""

import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from local.stack import Stack
from models.movements import BackfillProgress, Found
from operations.dates import shown
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from tests import imported
from tests.service.conftest import WIDE, Command, one_of_each, started, until_shown
from tests.waiting import output_of, until, until_said

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
LIST = "^/v1/activities$"


def day(ago: int) -> str:
    return shown(TODAY - timedelta(days=ago))


def cancelled(simulators: Control, *days_ago: int, hours: float = 3) -> None:
    """One each, long ago, of which no webhook told."""
    for customer, ago in zip(paying(simulators), days_ago, strict=False):
        simulators.cancel(customer.uuid, send=False, at=TODAY - timedelta(days=ago) + timedelta(hours=hours))


def paying(simulators: Control) -> list[CustomerRow]:
    return [each for each in simulators.customers(limit=1000) if each.mrr]


@pytest.fixture(autouse=True)
async def no_backfill_runs(client: Client) -> AsyncIterator[None]:
    yield
    with suppress(RPCError):
        await client.get_workflow_handle("backfill/default").terminate()


async def test_what_is_old_is_counted_and_the_table_says_how_to_act_on_it(
    simulators: Control, mogulflow: Command
) -> None:
    cancelled(simulators, 1, 2, 9, 10, 11)
    span = ("--from", day(12), "--to", day(0))
    said = await mogulflow("backfill", *span)
    assert said.code == 0, said.text
    assert "12 of 12 days, 5 movements, 2 started" in said.text
    assert "3 too old: further back than their routes act" in said.text
    await until(lambda: one_of_each(simulators, 2))
    advice = said.text.partition("To act on them: `mogulflow ")[2].partition("`")[0]
    said = await mogulflow(*advice.split())
    assert said.code == 0, said.text
    assert "5 movements, 3 started" in said.text
    assert "too old" not in said.text
    await until(lambda: one_of_each(simulators, 5))


async def test_a_preview_counts_and_starts_nothing(simulators: Control, mogulflow: Command) -> None:
    cancelled(simulators, 1, 2)
    said = await mogulflow("backfill", "--from", day(5), "--to", day(0), "--preview")
    assert said.code == 0, said.text
    assert "2 movements, 2 would start" in said.text
    assert one_of_each(simulators, 0)


async def test_a_time_span_that_ends_in_the_future_is_taken_and_said(
    simulators: Control, mogulflow: Command
) -> None:
    cancelled(simulators, -20)
    said = await mogulflow("backfill", "--from", day(-15), "--to", day(-22))
    assert said.code == 0, said.text
    assert f"--to {day(-22)} lies ahead" in said.text
    assert "1 movements, 1 started" in said.text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Say which time span: --from 2026-10-01 --to 2026-11-01"),
        (("--from", "2026-11-01", "--to", "2026-11-01"), "must lie before --to 2026-11-01"),
        (("--from", "yesterday", "--to", "2026-11-01"), "--from 'yesterday' is not a date such as"),
        (
            ("--from", "2026-10-01", "--to", "2026-11-01", "--template", "won_back"),
            "no template won_back; there are: churn_save",
        ),
        (("--account", "europe"), "no account europe; there are: default. Set CHARTMOGUL__EUROPE__API_KEY"),
        (("--attach", "--account", "europe"), "There is no backfill of account europe."),
    ],
)
async def test_what_cannot_be_asked_for_is_refused_in_a_sentence(
    stack: Stack, mogulflow: Command, arguments: tuple[str, ...], sentence: str
) -> None:
    said = await mogulflow("backfill", *arguments)
    assert said.code == 1
    assert sentence in said.text
    assert "Traceback" not in said.text


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Who runs tests in the background has Ctrl-C ignored, and their children as well."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


async def test_ctrl_c_leaves_it_running_a_second_one_is_refused_and_one_may_attach(
    stack: Stack, simulators: Control, mogulflow: Command, tmp_path: Path, interruptible: None
) -> None:
    cancelled(simulators, 1, 2)
    simulators.fault("chartmogul", "slow", path=LIST, delay_seconds=2, times=4)
    span = ("--from", day(5), "--to", day(0))
    environment = stack.environment | {"PYTHONUNBUFFERED": "1"}
    async with started(tmp_path, "backfill", *span, **environment) as process:
        await until_said(process, "Run: ")
        process.send_signal(signal.SIGINT)
        output = await output_of(process)
    assert process.returncode == 130
    for way in (
        "mogulflow backfill --attach --account default",
        "temporal workflow cancel -w backfill/default",
    ):
        assert way in output
    said = await mogulflow("backfill", *span)
    assert said.code == 1
    assert "One at a time: backfill/default is running" in said.text
    said = await mogulflow("backfill", "--attach")
    assert said.code == 0, said.text
    assert "5 of 5 days, 2 movements, 2 started" in said.text


async def test_a_cancelled_one_says_how_far_it_came(
    stack: Stack, simulators: Control, client: Client, tmp_path: Path
) -> None:
    simulators.fault("chartmogul", "slow", path=LIST, delay_seconds=2, times=None)
    words = ("backfill", "--from", day(5), "--to", day(0))
    async with imported.started(words, stack.environment | WIDE, tmp_path) as process:
        await process.until_said("Run: ")
        await client.get_workflow_handle("backfill/default").cancel()
        output = await process.said()
    assert process.code == 1
    said = " ".join(output.split())
    assert f"The backfill ended at {day(5)} (0 of 5 days, 0 movements, 0 started)" in said


@pytest.mark.timeout(300)
async def test_a_worker_killed_amid_a_page_goes_on_after_it_and_starts_each_movement_once(
    stack: Stack, simulators: Control, client: Client, tmp_path: Path, seed: int
) -> None:
    """Most of what is listed is of a kind that no route takes: a run costs more than a row."""
    simulators.reset(customers=400, seed=seed)
    count, churned = 230, 50  # more than a page, and so many of them on both sides of its end
    for number, customer in enumerate(paying(simulators)[:count]):
        happens = simulators.cancel if number >= count - churned else simulators.expand
        happens(customer.uuid, send=False, at=TODAY - timedelta(days=10) + timedelta(minutes=number))
    fault = simulators.fault("chartmogul", "slow", path=LIST, delay_seconds=4, skip=1)
    words = ("backfill", "--from", day(10), "--to", day(9), "--act-within", "30")
    async with imported.started(words, stack.environment | WIDE, tmp_path) as process:
        await until(lambda: any(each.id == fault.id and each.hits for each in simulators.faults()))
        await has_said_how_far_it_is(client)
        await stack.serve.kill()
        await stack.serve.start()
        output = await process.said()
    assert process.code == 0, output
    done: BackfillProgress = await client.get_workflow_handle(
        "backfill/default", result_type=BackfillProgress
    ).result()
    # What it had started since its last heartbeat is known to the next try, and counted so
    assert (done.tally.rows, done.tally.of(Found.STARTED, Found.KNOWN)) == (count, churned)
    await until(lambda: one_of_each(simulators, churned))


async def has_said_how_far_it_is(client: Client) -> None:
    async def said() -> bool:
        found = await client.get_workflow_handle("backfill/default").describe()
        return any(each.HasField("heartbeat_details") for each in found.raw_description.pending_activities)

    await until(said)


async def test_coverage_tells_by_what_each_movement_was_found(
    simulators: Control, mogulflow: Command
) -> None:
    cancelled(simulators, 1, 10)
    by_webhook = paying(simulators)[0]
    simulators.cancel(by_webhook.uuid)
    await until(lambda: one_of_each(simulators, 1))
    lost = await mogulflow("coverage", "--from", day(11), "--to", day(-1))
    assert lost.code == 1
    assert "Neither run nor reason" in lost.text
    assert "would have missed 1 of 2" in lost.text
    advice = lost.text.partition("reason; `mogulflow ")[2].partition("`")[0]
    await mogulflow(*advice.split())
    said = await mogulflow("coverage", "--from", day(11), "--to", day(-1))
    assert said.code == 0, said.text
    head = "movement webhook poll backfill too old unaccounted total"
    for row in (head, "churn 1 0 1 1 0 3", "all 1 0 1 1 0 3"):
        assert row in said.text
    assert "The webhook alone would have missed 1 of 2 that were to be acted on." in said.text


async def test_coverage_of_rows_that_cannot_be_read_lists_them_and_fails(
    simulators: Control, mogulflow: Command
) -> None:
    row: dict[str, Any] = {"uuid": "5f2a", "date": f"{day(1)}T08:00:00+00:00", "type": "churn"}
    answer = {"entries": [row], "has_more": False, "cursor": None}
    simulators.fault("chartmogul", "status", path=LIST, status=200, body=answer, times=None)
    said = await mogulflow("coverage")
    assert said.code == 1
    assert "These rows cannot be read" in said.text
    assert "5f2a" in said.text


async def test_coverage_names_what_was_not_acted_on_and_says_why(
    simulators: Control, mogulflow: Command
) -> None:
    cancelled(simulators, 1, 10, hours=5.5)  # no run of another test is of that second
    *_, another = paying(simulators)
    simulators.expand(another.uuid, at=(TODAY - timedelta(days=1)).isoformat(), send=False)
    plain = await mogulflow("coverage", "--from", day(11), "--to", day(0))
    assert "`mogulflow coverage --list" in plain.text
    said = await mogulflow("coverage", "--list", "--from", day(11), "--to", day(0))
    assert said.code == 1
    for sentence in (
        "all 0 0 0 1 1 1 3",
        "route churn-save takes it, and it has no run",
        "route churn-save acts within 3 days, and it has no run",
        "no route takes expansion movements",
    ):
        assert sentence in said.text
    for customer in paying(simulators):
        assert customer.uuid not in said.text
        assert customer.company not in said.text


async def test_a_week_in_preview_is_told_by_coverage_and_by_runs(
    stack: Stack, simulators: Control, mogulflow: Command
) -> None:
    routes = Path(stack.environment["ROUTES_FILE"])
    live = routes.read_text()
    await stack.serve.stop()
    routes.write_text(live.replace("template:", "mode: preview\n    template:"))
    try:
        await stack.serve.start()
        simulators.cancel(paying(simulators)[0].uuid)
        runs = await until_shown(mogulflow, "would create salesforce Task", "runs", "--limit", "1")
        assert "route churn-save is in preview: would create salesforce Task" in runs.text
        assert "previewed" in runs.text
        said = await mogulflow("coverage", "--list", "--from", day(0), "--to", day(-1))
        assert said.code == 0, said.text
        for sentence in (
            "churn 0 0 0 1 0 1",
            "Route churn-save was in preview; its 1 run wrote nothing",
            "would create slack message 1",
        ):
            assert sentence in said.text
        assert one_of_each(simulators, 0)
    finally:
        await stack.serve.stop()
        routes.write_text(live)
        await stack.serve.start()


async def test_where_temporal_forgets_too_soon_no_movement_is_acted_on(
    mogulflow: Command, client: Client
) -> None:
    """What was acted on, or dropped, and is forgotten would be begun anew."""
    request = RegisterNamespaceRequest(namespace="forgets")
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(request)
    span = ("--from", day(5), "--to", day(0))
    said = await mogulflow("backfill", *span, TEMPORAL_NAMESPACE="forgets")
    assert said.code == 1
    assert "Temporal's namespace forgets keeps closed runs for 1 day:" in said.text
    assert "`mogulflow prepare` makes it 30 days" in said.text


async def test_beyond_what_temporal_keeps_it_says_that_nothing_is_acted_on(
    simulators: Control, mogulflow: Command
) -> None:
    cancelled(simulators, 9, 40)
    said = await mogulflow("backfill", "--from", day(45), "--to", day(0))
    assert "2 too old: further back than their routes act" in said.text
    assert "what is older is never acted on; see to it by hand. To act on the others:" in said.text
    advice = said.text.partition("To act on the others: `mogulflow ")[2].partition("`")[0]
    said = await mogulflow(*advice.split())
    assert "2 movements, 1 started" in said.text
    assert "1 too old: further back than --act-within says" in said.text
    assert "see to it by hand." in said.text
    assert "To act on" not in said.text
    await until(lambda: one_of_each(simulators, 1))
