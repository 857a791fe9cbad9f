"""The step that reads a system's books: once for a snapshot, with heartbeats, and said where it cannot be."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.chargebee import ChargebeeActivities
from activities.chartmogul import ChartMogulActivities
from activities.stripe import StripeActivities
from clients.chargebee.client import ChargebeeClient
from clients.chargebee.settings import ChargebeeAccount
from clients.stripe.client import StripeClient
from clients.stripe.settings import StripeAccount
from models.reconciliation.books import Reading
from models.templates.reconciliation import BooksWork, SnapshotPlace
from simulators.chargebee.api import KEY as CHARGEBEE_KEY
from simulators.kit.control import Control
from simulators.stripe.api import KEY
from systems import SYSTEMS
from tests.contracts.books import CUT, Held, true
from tests.contracts.chartmogul import client_of

WORK = BooksWork(place=SnapshotPlace(account="default", period=CUT.period), cut=CUT)


async def run(step: Any, work: BooksWork = WORK) -> Reading:
    found: Reading = await ActivityEnvironment().run(step, work)
    return found


async def test_a_snapshot_is_read_once(simulators: Control) -> None:
    simulators.put_books(true("one", "stripe"), true("two", "stripe"))
    url = f"{simulators.url}/stripe"
    account = StripeAccount.model_validate({"api_key": KEY, "base_url": url, "web_url": url})
    client, chartmogul = StripeClient(account), client_of(simulators.chartmogul_url)
    stores = Held(), Held()
    billing = StripeActivities({"default": client}, stores[0])
    counts = ChartMogulActivities({"default": chartmogul}, stores[1])
    first, of_chartmogul = await run(billing.read_books), await run(counts.read_books)
    calls = len(simulators.calls("stripe"))
    assert await run(billing.read_books) == first
    assert len(simulators.calls("stripe")) == calls == first.calls
    assert (first.system, first.site, first.is_complete) == ("stripe", "default", True)
    assert {name: len(rows) for name, rows in stores[0].tables.items()} == {
        "subscriptions": 2, "documents": 2, "cash": 3
    }  # fmt: skip
    assert of_chartmogul.is_complete
    assert set(stores[1].tables) == {
        "settings", "customers", "lines", "documents", "cash", "counted", "sheet"
    }  # fmt: skip
    assert len(stores[1].tables["counted"]) == 2
    await asyncio.gather(client.aclose(), chartmogul.aclose())


@pytest.mark.parametrize("store", [None, Held()])
async def test_what_is_not_set_up_is_said(store: Held | None) -> None:
    steps = ChartMogulActivities({} if store else {"default": client_of("http://127.0.0.1:9")}, store)
    with pytest.raises(Exception, match="is not set up") as caught:
        await run(steps.read_books)
    assert getattr(caught.value, "non_retryable", False)


def test_each_billing_system_reads_books_on_its_own_queue() -> None:
    names = {each.name for each in SYSTEMS}
    for steps in (StripeActivities, ChartMogulActivities):
        system = steps.read_books.definition.system
        assert system in names


async def test_what_is_not_whole_is_read_again_and_what_was_read_too_early(simulators: Control) -> None:
    """Once at once: what is lost in the night is read late in the morning. And once more by the next run."""
    simulators.put_books(*(true(f"n{number:03}", "chargebee") for number in range(102)))
    account = {
        "site": "acme-test",
        "api_key": CHARGEBEE_KEY,
        "base_url": f"{simulators.url}/chargebee/api/v2",
        "requests_per_minute": 100_000,
    }
    client, store = ChargebeeClient(ChargebeeAccount.model_validate(account)), Held()
    steps = ChargebeeActivities({"default": client}, store)
    simulators.fault("chargebee", "list_ends", path="/v2/subscriptions$", times=2)
    assert (await run(steps.read_books)).is_complete

    store.there = None
    lost = simulators.fault("chargebee", "list_ends", path="/v2/subscriptions$", times=None)
    part = await run(steps.read_books)
    simulators.remove_fault(lost.id)
    whole = await run(steps.read_books)
    assert (part.is_complete, whole.is_complete) == (False, True)

    later = CUT.model_copy(update={"end": datetime.now(UTC) + timedelta(hours=1)})
    again = await run(steps.read_books, WORK.model_copy(update={"cut": later}))
    assert again.began_at > whole.began_at
    await client.aclose()
