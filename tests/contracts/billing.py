"""What every billing system must do beside any contract: invoices, and failed payments without a gap."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, ClassVar

import pytest

from clients.kit.errors import Rejected, Unavailable
from models.billing import FailedPage, FailedSince, InvoiceNow, InvoiceQuery
from models.event import EventSource
from models.events import FailedPayment
from models.money import Money
from simulators.kit.control import Control
from tests.contracts.suite import ReadContract

INVOICE = "in_1_0"
"""Paid at once, whatever the seed."""

NOW = datetime.now(UTC).replace(microsecond=0)
LONG_AGO = NOW - timedelta(hours=2)
"""Old enough to be in every list."""

HOUR = timedelta(hours=1)


def change(control: Control, system: str, invoice: str, action: str, **wish: Any) -> dict[str, Any]:
    """What becomes of an invoice; the webhook that tells of it, and the invoice."""
    given = {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in wish.items()
    }
    told: dict[str, Any] = control.ask("POST", f"{system}/invoices/{invoice}/{action}", given)
    return told


def fail(control: Control, system: str, invoice: str = INVOICE, **wish: Any) -> dict[str, Any]:
    return change(control, system, invoice, "fail_payment", **{"at": LONG_AGO, "send": False, **wish})


def last_invoices(control: Control, system: str, count: int) -> list[str]:
    """Of so many customers that have one."""
    rows = control.customers(limit=count * 2)
    found = (control.ask("GET", f"{system}/invoices", query={"customer": row.external_id}) for row in rows)
    return [bills[0]["id"] for bills in found if bills and bills[0]["status"] != "voided"][:count]


class BillingContract(ReadContract):
    steps: ClassVar[Any]
    """The class of its steps."""
    list_path: ClassVar[str]
    """Regular expression for the call that lists failed payments."""

    async def told(self, client: Any, body: str) -> FailedPayment | None:
        """The event of a webhook's body."""
        raise NotImplementedError

    def listed(self, *rows: dict[str, Any], more: bool = False) -> dict[str, Any]:
        """A list of events; with `more` it says that it goes on, and not where."""
        raise NotImplementedError

    async def read(self, client: Any) -> object:
        return await client.invoice(INVOICE)

    async def read_nothing(self, client: Any) -> object:
        return await client.invoice("in_999999_0")

    async def read_pages(self, control: Control) -> tuple[int, int]:
        """All of one second: no page may lose one of them."""
        ids = last_invoices(control, self.system, 7)
        for id in ids:
            fail(control, self.system, id)
        client = self.connect(control, page_size=2)
        found = await self.pages(client)
        await client.aclose()
        return len(ids), len({event.invoice for page in found for event in page.events})

    async def now(self, client: Any, invoice: str = INVOICE) -> InvoiceNow | None:
        """By the step, outside Temporal."""
        owner = self.steps({"default": client} if client else {})
        query = InvoiceQuery(account="default", invoice=invoice)
        found: InvoiceNow | None = await self.steps.read_invoice.__wrapped__(owner, query)
        return found

    async def page(
        self, client: Any, since: datetime = LONG_AGO - HOUR, until: datetime = NOW, cursor: str | None = None
    ) -> FailedPage:
        owner = self.steps({"default": client} if client else {})
        query = FailedSince(account="default", since=since, until=until, cursor=cursor)
        found: FailedPage = await self.steps.failed_payments.__wrapped__(owner, query)
        return found

    async def pages(self, client: Any) -> list[FailedPage]:
        found = [await self.page(client)]
        while found[-1].cursor:
            found.append(await self.page(client, cursor=found[-1].cursor))
        return found

    @pytest.mark.parametrize(
        ("actions", "status"),
        [(["pay"], "paid"), (["void"], "voided"), (["give_up"], "lost"), (["give_up", "pay"], "paid")],
    )
    async def test_an_invoice_is_what_became_of_it(
        self, simulators: Control, client: Any, actions: list[str], status: str
    ) -> None:
        fail(simulators, self.system)
        for action in actions:
            change(simulators, self.system, INVOICE, action, at=LONG_AGO + HOUR, send=False)
        found = await self.now(client)
        assert found is not None
        assert found.status == status
        assert found.paid_at == (LONG_AGO + HOUR if status == "paid" else None)

    @pytest.mark.parametrize(
        ("currency", "per_unit"), [("JPY", 1), ("KWD", 1000), ("USD", 100), ("RSD", 100)]
    )
    async def test_an_amount_is_that_of_its_currency(
        self, simulators: Control, client: Any, currency: str, per_unit: int
    ) -> None:
        minor = fail(simulators, self.system, currency=currency)["invoice"]["due"]
        due = Money(cents=round(minor * 100 / per_unit), currency=currency)
        found = await self.now(client)
        assert found is not None
        assert found.due == due
        [told] = (await self.page(client)).events
        assert told.amount == due

    @pytest.mark.parametrize("id", ["..", "in/1", "in 1", "x" * 300, "in_1?expand[]=x", "é"])
    async def test_an_odd_id_is_no_invoice(self, client: Any, id: str) -> None:
        assert await self.now(client, id) is None

    async def test_a_poll_and_the_webhook_are_one_event(self, simulators: Control, client: Any) -> None:
        sent = await self.told(client, fail(simulators, self.system)["body"])
        assert sent is not None
        [found] = (await self.page(client)).events
        assert found == sent.model_copy(update={"source": EventSource.POLL})
        assert found.event_id == sent.event_id
        assert (found.occurred_at, found.billing_system) == (LONG_AGO, self.system)

    async def test_stretches_that_touch_lose_nothing(self, simulators: Control, client: Any) -> None:
        ids = last_invoices(simulators, self.system, 5)
        for number, id in enumerate(ids):
            fail(simulators, self.system, id, at=LONG_AGO + timedelta(seconds=number))
        edges = [LONG_AGO + timedelta(seconds=number) for number in (0, 2, 3, 5)]
        found = [await self.page(client, since, until) for since, until in pairwise(edges)]
        assert {event.invoice for page in found for event in page.events} == set(ids)

    async def test_what_is_young_is_left_to_the_next_stretch(self, simulators: Control, client: Any) -> None:
        fail(simulators, self.system, at=datetime.now(UTC))
        first = await self.page(client, LONG_AGO, NOW + HOUR)
        assert first.events == []
        assert first.until < datetime.now(UTC) - timedelta(seconds=50)
        again = await self.page(client, first.until, first.until)
        assert (again.events, again.until) == ([], first.until)

    async def test_pages_go_on_where_they_were_while_others_fail(self, simulators: Control) -> None:
        ids = last_invoices(simulators, self.system, 5)
        for id in ids[:4]:
            fail(simulators, self.system, id)
        client = self.connect(simulators, page_size=2)
        first = await self.page(client)
        fail(simulators, self.system, ids[4], at=LONG_AGO + 3 * HOUR)
        second = await self.page(client, until=NOW + 4 * HOUR, cursor=first.cursor)
        assert second.until == first.until
        assert {event.invoice for event in (*first.events, *second.events)} == set(ids[:4])
        await client.aclose()

    async def test_a_row_that_cannot_be_read_is_named(self, simulators: Control, client: Any) -> None:
        fail(simulators, self.system)
        [good] = (await client.failed_payments(LONG_AGO, NOW)).rows
        body = self.listed({"id": "jane-1", "email": "jane@acme.example"}, good)
        simulators.fault(self.system, "status", status=200, body=body, path=self.list_path)
        found = await self.page(client)
        assert [event.invoice for event in found.events] == [INVOICE]
        [named] = found.unreadable
        assert named.startswith("jane-1: ")
        assert "@" not in named

    async def test_a_list_that_says_not_where_it_goes_on_has_no_end(
        self, simulators: Control, client: Any
    ) -> None:
        body = self.listed(more=True)
        simulators.fault(self.system, "status", status=200, body=body, path=self.list_path)
        with pytest.raises((Unavailable, Rejected)):
            await self.page(client)

    @pytest.mark.parametrize("cursor", ["", "x", "1:", ":1", "1" * 20 + ":1"])
    async def test_a_cursor_that_is_none_is_refused(self, client: Any, cursor: str) -> None:
        with pytest.raises(Rejected):
            await self.page(client, cursor=cursor)

    async def test_what_is_not_connected_is_said(self) -> None:
        assert await self.now(None) is None
        found = await self.page(None)
        assert (found.events, found.cursor, found.until) == ([], None, NOW)
        assert found.note == f"{self.system.capitalize()} is not connected for account default"
