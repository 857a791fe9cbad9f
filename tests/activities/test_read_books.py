"""The step that reads a system's books: once for a snapshot, with heartbeats, and said where it cannot be."""

import asyncio
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.chartmogul import ChartMogulActivities
from activities.stripe import StripeActivities
from clients.stripe.client import StripeClient
from clients.stripe.settings import StripeAccount
from models.reconciliation.books import Reading
from models.templates.reconciliation import BooksWork, SnapshotPlace
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
