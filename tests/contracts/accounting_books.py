"""What every accounting system must do beside any contract: a month of documents and cash, whole and exact,
read with tokens that nobody loses."""

import asyncio
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote_plus

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from clients.kit.books import Days
from clients.kit.errors import Unauthorized, Unavailable
from models.reconciliation.books import (
    CashEntry,
    CashKind,
    Document,
    DocumentKind,
    DocumentStatus,
    MonthCut,
    Reading,
)
from models.templates.reconciliation import BooksWork, SnapshotPlace
from simulators.kit.control import Control
from tests.contracts.books import Held
from tests.contracts.suite import ReadContract

OCTOBER = MonthCut(
    period="2025-10",
    time_zone="Europe/Berlin",
    start=datetime(2025, 9, 30, 22, tzinfo=UTC),
    end=datetime(2025, 10, 31, 23, tzinfo=UTC),
)
WORK = BooksWork(place=SnapshotPlace(account="default", period="2025-10"), cut=OCTOBER)
DAYS = Days.of(OCTOBER, 10)
LONG_AGO = Days(date(1990, 1, 1), date(1990, 1, 31))
MID = "2025-10-15"


class Kept(Held):
    """A store of snapshots that keeps what it is given, and has nothing of before."""

    def reading(self, place: SnapshotPlace, system: str, site: str) -> Reading | None:
        return None

    def of(self, ending: str) -> list[Any]:
        return next(rows for name, rows in self.tables.items() if name.endswith(ending))

    @property
    def documents(self) -> dict[str, Document]:
        return {each.number: each for each in self.of("documents")}

    @property
    def cash(self) -> list[CashEntry]:
        return self.of("cash")


class BooksContract(ReadContract):
    steps: ClassVar[Any]
    """The class of its steps."""
    token_path: ClassVar[str]
    invoices: ClassVar[Any]
    """How its list of invoices is called."""
    folder: Path

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        """Of tokens, for each test."""
        self.folder = tmp_path / "tokens"

    async def counted(self, client: Any, days: Days) -> int:
        raise NotImplementedError

    async def read(self, client: Any) -> object:
        return await self.counted(client, DAYS)

    async def read_nothing(self, client: Any) -> object:
        return await self.counted(client, LONG_AGO)

    async def read_pages(self, control: Control) -> tuple[int, int]:
        client = self.connect(control, page_size=2)
        kept, reading = await self.month(client)
        await client.aclose()
        assert reading.is_complete
        asked = [unquote_plus(f"{call.path}?{call.query}") for call in control.calls(self.system)]
        assert len([each for each in asked if self.invoices in each]) > 2
        first, last = DAYS.first.isoformat(), DAYS.last.isoformat()
        known = self.there(control, "documents", first)
        return len([each for each in known if each["dated"] <= last]), len(kept.of("documents"))

    async def month(self, client: Any, work: BooksWork = WORK) -> tuple[Kept, Reading]:
        """By its step, outside Temporal."""
        kept = Kept()
        owner = self.steps({"default": client} if client else {}, kept)
        return kept, await ActivityEnvironment().run(owner.read_books, work)

    def there(self, control: Control, what: str, since: str = "2025-09-21") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = control.ask("GET", f"{self.system}/{what}", query={"since": since})
        return found

    def put(self, control: Control, number: str, net: int, tax: int = 0, **more: Any) -> dict[str, Any]:
        given = {"number": number, "dated": MID, "lines": [{"net": net, "tax": tax}], **more}
        made: dict[str, Any] = control.ask("POST", f"{self.system}/documents", given)
        return made

    def pay(self, control: Control, amount: int, **more: Any) -> dict[str, Any]:
        made: dict[str, Any] = control.ask(
            "POST", f"{self.system}/cash", {"dated": MID, "amount": amount, **more}
        )
        return made

    def empty(self, control: Control) -> None:
        control.ask("DELETE", self.system)

    # -- tokens

    async def test_expired_credential(self, simulators: Control, client: Any) -> None:
        """It is renewed, and the call made again once."""
        simulators.fault(self.system, "expired_token", path=self.read_path)
        before = len(simulators.calls(self.system))
        await self.read(client)
        paths = [call.path for call in simulators.calls(self.system)][before:]
        assert len(paths) == 3
        assert paths[1] == self.token_path

    def token_file(self) -> Path:
        [found] = self.folder.glob("*.token")
        return found

    async def test_the_latest_token_outlives_the_process(self, simulators: Control, client: Any) -> None:
        file = self.token_file()
        assert file.stat().st_mode & 0o777 == 0o600
        assert json.loads(file.read_text())["latest"] == simulators.ask("GET", f"{self.system}/tokens")[-1]
        simulators.fault(self.system, "expired_token", path=self.read_path)
        await self.read(client)
        later = self.connect(simulators)
        simulators.fault(self.system, "expired_token", path=self.read_path)
        await self.read(later)  # with the third refresh token: the first two are used
        await later.aclose()
        assert len(simulators.ask("GET", f"{self.system}/tokens")) == 3

    async def test_those_who_read_at_once_renew_once(self, simulators: Control) -> None:
        """Several calls of a process, and several processes: each has a client of its own here."""
        clients = [self.connect(simulators) for _ in range(3)]
        await asyncio.gather(*(self.read(client) for client in clients for _ in range(2)))
        assert len(simulators.ask("GET", f"{self.system}/tokens")) == 1
        for client in clients:
            await client.aclose()

    async def test_a_dead_token_is_told_with_what_to_do(self, simulators: Control) -> None:
        simulators.ask("PUT", self.system, {"revoked": True})
        client = self.connect(simulators)
        with pytest.raises(Unauthorized, match="takes the refresh token no more") as caught:
            await self.read(client)
        assert f"{self.system.upper()}__<ACCOUNT>__REFRESH_TOKEN" in str(caught.value)
        await client.aclose()

    async def test_a_new_token_in_the_settings_counts_at_once(self, simulators: Control) -> None:
        """Also where the file has a later one of the connection before."""
        self.folder.mkdir()
        client = self.connect(simulators)
        await self.read(client)
        file = self.token_file()
        file.write_text(json.dumps({"of": "of-another", "latest": "dead", "access": "dead", "ends": 9e12}))
        again = self.connect(simulators, credential=simulators.ask("GET", f"{self.system}/tokens")[-1])
        await self.read(again)
        for each in (client, again):
            await each.aclose()

    async def test_a_renewal_whose_answer_is_lost_is_made_again(self, simulators: Control) -> None:
        """Where the vendor still takes the token of before; else a person connects anew."""
        simulators.ask("PUT", self.system, {"grace": True})
        simulators.fault(self.system, "drop_after", path=self.token_path)
        client = self.connect(simulators)
        with pytest.raises(Unavailable):
            await self.read(client)
        await self.read(client)
        await client.aclose()

    async def test_a_renewal_is_not_cut_off_with_who_waits_for_it(self, simulators: Control) -> None:
        simulators.fault(self.system, "slow", delay_seconds=0.5, path=self.token_path)
        client = self.connect(simulators)
        reading = asyncio.create_task(self.read(client))
        while not simulators.calls(self.system):
            await asyncio.sleep(0.01)
        reading.cancel()
        await client.aclose()
        assert json.loads(self.token_file().read_text())["latest"].endswith("-1")

    # -- a month

    async def test_billing_and_books_agree(self, simulators: Control, client: Any) -> None:
        kept, reading = await self.month(client)
        assert reading.is_complete
        assert reading.calls == len(simulators.calls(self.system)) - 2  # its sign-in, and the first read
        rows = {row["number"]: row for row in self.there(simulators, "documents")}
        found = kept.documents
        assert found
        assert found.keys() == {each["number"] for each in rows.values() if each["dated"] <= "2025-11-10"}
        for number, document in found.items():
            row = rows[number]
            billed = next(iter(part for part in row["note"].split() if part.startswith("in_")))
            bill = simulators.ask("GET", f"stripe/invoices/{billed}")
            assert billed in document.references
            assert document.total == row["lines"][0]["net"] or document.status is DocumentStatus.VOIDED
            assert (document.currency, document.customer_name) == (bill["currency"], row["customer_name"])
            assert document.due == bill["due"]

    async def test_amounts_are_exact_in_every_currency(self, simulators: Control, client: Any) -> None:
        self.empty(simulators)
        given = {"USD": 11_900, "JPY": 11_900, "KWD": 11_900, "EUR": 1_999}
        for currency, net in given.items():
            self.put(simulators, f"A-{currency}", net, 1, currency=currency, rate="1.0850")
        kept, reading = await self.month(client)
        assert reading.left_out == []
        for currency, net in given.items():
            document = kept.documents[f"A-{currency}"]
            assert (document.total, document.tax, document.due) == (net + 1, 1, net + 1)
            assert document.lines[0].net == net
            rate = Decimal(1) if currency == "USD" else Decimal("1.0850")
            assert document.rate is not None
            assert abs(document.rate - rate) < Decimal("0.00001")

    async def test_a_credit_a_void_and_an_open_one(self, simulators: Control, client: Any) -> None:
        self.empty(simulators)
        self.put(simulators, "INV-1", 10_000, 1_900, due=8_900)
        self.put(simulators, "INV-2", 24_000, voided=True, note="twice")
        self.put(simulators, "INV-3", 5_000, due=0)
        credit = [{"to": "INV-1", "amount": 3_000}]
        self.put(simulators, "CN-1", 3_000, kind="credit_note", applied=credit, due=0)
        self.apply_credit(simulators)
        kept, _ = await self.month(client)
        documents = kept.documents
        assert {number: each.status.value for number, each in documents.items()} == {
            "INV-1": "open",
            "INV-2": "voided",
            "INV-3": "paid",
            "CN-1": "paid",
        }
        assert documents["INV-1"].from_balance == 3_000
        assert documents["CN-1"].kind is DocumentKind.CREDIT_NOTE
        assert documents["CN-1"].links[0] == documents["INV-1"].id
        assert documents["INV-2"].due == 0
        assert not [each for each in kept.cash if each.amount == 3_000]

    def apply_credit(self, control: Control) -> None:
        """Where a vendor has an entry of its own for it."""

    async def test_cash_says_what_it_pays(self, simulators: Control, client: Any) -> None:
        self.empty(simulators)
        self.put(simulators, "INV-1", 10_000, due=0)
        part = [{"to": "INV-1", "amount": 10_000}]
        self.pay(simulators, 10_000, applied=part, reference="ch_1_0_0")
        self.pay(simulators, 9_680, kind="deposit", fee=320, reference="po_77")
        self.pay(simulators, 700, voided=True, applied=part)
        kept, reading = await self.month(client)
        assert reading.is_complete
        invoice = kept.documents["INV-1"]
        paid = next(each for each in kept.cash if each.amount == 10_000 and each.kind is CashKind.PAYMENT)
        deposit = next(each for each in kept.cash if each.kind is CashKind.DEPOSIT)
        assert invoice.id in paid.documents
        assert "ch_1_0_0" in paid.references
        assert paid.id in invoice.links
        assert (deposit.amount, "po_77" in deposit.references) == (9_680, True)
        assert [each.voided for each in kept.cash].count(True) == 1

    async def test_a_row_that_does_not_fit_costs_itself_alone(self, simulators: Control, client: Any) -> None:
        self.empty(simulators)
        bad = [self.put(simulators, f"BAD-{number}", 100)["id"] for number in range(3)]
        self.put(simulators, "GOOD-1", 100)
        for id, fields in zip(bad, self.odd, strict=True):
            simulators.ask("PUT", f"{self.system}/rows/{id}", fields)
        kept, reading = await self.month(client)
        assert list(kept.documents) == ["GOOD-1"]
        assert len(reading.left_out) == 3
        assert not any("jane" in each for each in reading.left_out)
        assert not reading.is_complete
        assert all(each.closes for each in reading.controls)

    odd: ClassVar[list[dict[str, Any]]]
    """Fields of three invoices' rows that nobody can read."""

    async def test_days_around_the_month_are_read_too(self, simulators: Control, client: Any) -> None:
        self.empty(simulators)
        for dated in ("2025-09-20", "2025-09-21", "2025-11-10", "2025-11-11"):
            self.put(simulators, dated, 100, dated=dated)
        kept, _ = await self.month(client)
        assert sorted(kept.documents) == ["2025-09-21", "2025-11-10"]

    async def test_what_is_not_connected_is_said(self, client: Any) -> None:
        with pytest.raises(ApplicationError, match=f"not connected for default: set {self.system.upper()}"):
            await self.month(None)
        owner = self.steps({"default": client})
        with pytest.raises(ApplicationError, match="no place for snapshots"):
            await ActivityEnvironment().run(owner.read_books, WORK)

    async def test_nothing_is_written_to_the_books(self, simulators: Control, client: Any) -> None:
        """By no call of a reading; and there is none that could be another."""
        await self.month(client)
        made = {(call.method, call.path == self.token_path) for call in simulators.calls(self.system)}
        assert made == {("GET", False), ("POST", True)}
