"""ChartMogul's writes of invoices and lines: as a person's edits, each sent once, and seen by who reads the
month anew."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from clients.chartmogul.books.reader import ChartMogulBooks
from clients.chartmogul.client import ChartMogulClient
from clients.kit.errors import NotFound, OutcomeUnknown, Rejected, Unauthorized
from models.reconciliation.books import CountedLine
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_READ_ONLY_KEY
from tests.contracts.books import CUT, read, true
from tests.contracts.chartmogul import client_of
from tests.contracts.scripted import Reply, ScriptedServer

Write = Callable[[ChartMogulClient, CountedLine], Awaitable[None]]

WRITES: dict[str, Write] = {
    "/line_items/": lambda client, line: client.invoice_writes.change_line(
        line.line, {"tax_amount_in_cents": 1_900}
    ),
    "/invoices/": lambda client, line: client.invoice_writes.switch(line.invoice, disabled=True),
}
WITHOUT_TAX = true(
    "notax", "stripe", unit=11_900, tax_percent="19", tax_included=True, deviation="tax_not_imported"
)


@pytest.fixture
async def client(simulators: Control) -> AsyncIterator[ChartMogulClient]:
    client = client_of(simulators.chartmogul_url, timeout_seconds=5)
    yield client
    await client.aclose()


async def a_line(simulators: Control) -> CountedLine:
    simulators.put_books(WITHOUT_TAX)
    return await the_line(simulators)


async def the_line(simulators: Control) -> CountedLine:
    """As the month's reader has it."""
    client = client_of(simulators.chartmogul_url)
    found = await read(ChartMogulBooks(client, CUT, "default"))
    await client.aclose()
    [line] = found.tables["lines"]
    assert isinstance(line, CountedLine)
    return line


def patches(simulators: Control) -> list[str]:
    return [each.path for each in simulators.calls("chartmogul") if each.method == "PATCH"]


async def test_a_corrected_line_is_read_so_by_the_month(
    simulators: Control, client: ChartMogulClient
) -> None:
    before = await a_line(simulators)
    assert before.tax == 0
    await WRITES["/line_items/"](client, before)
    assert (await client.invoice_writes.line(before.line))["tax_amount_in_cents"] == 1_900
    after = await the_line(simulators)
    assert (after.line, after.tax, after.amount, after.by_hand) == (before.line, 1_900, before.amount, True)


async def test_a_disabled_invoice_counts_no_more_and_is_enabled_again(
    simulators: Control, client: ChartMogulClient
) -> None:
    line = await a_line(simulators)
    for disabled in (True, False):
        await client.invoice_writes.switch(line.invoice, disabled=disabled)
        assert (await client.invoice_writes.invoice(line.invoice))["disabled"] is disabled
        assert (await the_line(simulators)).disabled is disabled


@pytest.mark.parametrize("path", WRITES)
@pytest.mark.parametrize("kind", ["drop_after", "drop_before"])
async def test_one_that_gets_no_answer_is_sent_once_and_left_open(
    simulators: Control, client: ChartMogulClient, path: str, kind: Any
) -> None:
    line = await a_line(simulators)
    await client.account()
    simulators.fault("chartmogul", kind, method="PATCH", path=path)
    with pytest.raises(OutcomeUnknown, match="ChartMogul did not answer whether"):
        await WRITES[path](client, line)
    assert len(patches(simulators)) == 1


@pytest.mark.parametrize("path", WRITES)
async def test_a_read_only_key_is_refused(simulators: Control, path: str) -> None:
    line = await a_line(simulators)
    client = client_of(simulators.chartmogul_url, CHARTMOGUL_READ_ONLY_KEY)
    with pytest.raises(Unauthorized, match="read-only key writes nothing"):
        await WRITES[path](client, line)
    await client.aclose()


@pytest.mark.parametrize("path", WRITES)
async def test_each_says_that_it_is_a_persons_edit(simulators: Control, path: str) -> None:
    """What a synced source brought is never changed without: neither here nor by any other write."""
    line = await a_line(simulators)
    with ScriptedServer(Reply({"uuid": line.line})) as server:
        client = client_of(server.url)
        await WRITES[path](client, line)
        await client.aclose()
        [request] = server.seen
    assert request.method == "PATCH"
    assert "handle_as_user_edit=true" in request.path


async def test_what_is_not_there_and_what_cant_be_changed_is_refused(
    simulators: Control, client: ChartMogulClient
) -> None:
    line, writes = await a_line(simulators), client.invoice_writes
    with pytest.raises(NotFound):
        await writes.change_line("li_00000000-0000-4000-a000-000000000000", {"prorated": True})
    with pytest.raises(NotFound):
        await writes.switch("inv_00000000-0000-4000-a000-000000000000", disabled=True)
    with pytest.raises(Rejected, match="plan_uuid can't be changed"):
        await writes.change_line(line.line, {"plan_uuid": "pl_1"})
    assert (await the_line(simulators)).tax == 0
