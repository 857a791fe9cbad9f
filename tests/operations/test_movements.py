"""ChartMogul's own list: gone through, and held against the runs."""

from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.client import Client
from temporalio.service import RPCError

from models.movements import Found
from operations.backfill import Wish, attach, start, watch
from operations.coverage import coverage
from operations.dates import shown
from operations.errors import Stopped
from settings import Settings
from simulators.kit.control import Control

TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def day(ago: int) -> str:
    return shown(TODAY - timedelta(days=ago))


@pytest.fixture
def lost(simulators: Control) -> None:
    """A cancellation of yesterday of which no webhook told."""
    customer = simulators.customers(case="account")[0]
    simulators.cancel(customer.uuid, send=False, at=TODAY - timedelta(hours=3))


@pytest.fixture(autouse=True)
async def no_backfill_runs(client: Client) -> AsyncIterator[None]:
    yield
    with suppress(RPCError):
        await client.get_workflow_handle("backfill/default").terminate()


async def test_a_backfill_is_previewed_watched_and_attached_to(settings: Settings, lost: None) -> None:
    begun = await start(settings, Wish("default", day(2), day(0), preview=True))
    assert begun.ahead is None
    *_, last = [look async for look in watch(begun)]
    assert last.progress
    assert (last.progress.done, last.progress.tally.of(Found.WOULD_START)) == (1.0, 1)
    attached = await attach(settings, "default")
    assert attached.link == begun.link
    assert [look async for look in watch(attached)] == [last]
    with pytest.raises(Stopped, match="There is no account europe"):
        await start(settings, Wish("europe", day(2), day(0)))
    with pytest.raises(Stopped, match="There is no backfill of account europe"):
        await attach(settings, "europe")


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("failed_payment", "No route takes failed payments"),
        ("failed_payments", "did you mean failed_payment"),
    ],
)
async def test_a_kind_that_nothing_takes_is_refused(settings: Settings, kind: str, said: str) -> None:
    with pytest.raises(Stopped, match=said):
        await start(settings, Wish("default", day(2), day(0), kinds=[kind]))


async def test_coverage_names_what_has_no_run(settings: Settings, lost: None) -> None:
    heard = list[str]()
    found = await coverage(settings, "default", day(2), day(0), lists=True, told=heard.append)
    assert not found.report.complete
    [named] = found.report.tally.named
    assert (named.found, found.link_of(named)) == (Found.UNACCOUNTED, None)
    assert "coverage%2Fdefault%2F" in found.link
    assert not any(heard)
