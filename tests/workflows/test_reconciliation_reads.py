"""What goes wrong while a month is read, from the vendor's answer to the month's verdict: it is read again,
or stops the month, or is marked. It is never a month that agrees."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

import temporal
import worker
from clients.kit.cooldown import Cooldowns
from clients.kit.tables import around
from clients.stripe.books.windows import even
from domains.reconciliation.cut import month_cut
from domains.reconciliation.settings import Reconciliation
from models.reconciliation.findings import Judgement
from models.reconciliation.rules import BillingSource, ReconciliationRules
from models.templates.reconciliation import ReconciliationInput, ReconciliationState
from settings import Settings
from simulators.chartmogul.books import SOURCES
from simulators.kit.control import Control
from tests.chaos import FULL
from tests.conftest import in_a_namespace_of_its_own

ZONE = "Europe/Berlin"
NOW = datetime.now(UTC).replace(microsecond=0)
PERIOD = f"{NOW.year - (NOW.month == 1)}-{(NOW.month - 2) % 12 + 1:02}"
CUT = month_cut(PERIOD, ZONE)
DAY = timedelta(days=1)
Verdicts = dict[tuple[str, ...], dict[str, object]]
HOW_MANY = {"stripe": 104, "chargebee": 104, "recurly": 204}
"""Two pages: one is of 100, or of 200."""

RUNS = count(1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reads")


@pytest.fixture(scope="module")
async def paused(settings: Settings) -> Cooldowns:
    return worker.cooldowns_for(settings)


@pytest.fixture(scope="module")
async def own(client: Client, settings: Settings, folder: Path, paused: Cooldowns) -> AsyncIterator[Client]:
    namespace = await in_a_namespace_of_its_own(client)
    chargebee = settings.chargebee["default"].model_copy(update={"requests_per_minute": 100_000.0})
    xero = settings.xero["default"].model_copy(update={"page_size": 5})
    changed = {
        "reconciliation": Reconciliation(folder=folder / "data", key_file=folder / "none"),
        "chargebee": {"default": chargebee},
        "xero": {"default": xero},
    }
    async with worker.running(namespace, settings.model_copy(update=changed), paused):
        yield namespace


class Months:
    """The same month again and again, each time in a folder of its own."""

    def __init__(self, client: Client, control: Control, paused: Cooldowns, folder: Path) -> None:
        self._client, self.control, self._paused, self._folder = client, control, paused, folder
        self.account = "default"

    async def run(self, *systems: str, patience: timedelta = timedelta(hours=1)) -> "Month":
        """`systems`: billing, and the books where there are any."""
        self._paused.forget()
        rules, number = rules_of(*systems), next(RUNS)
        given = ReconciliationInput(
            account=self.account, period=PERIOD, kind="draft", time_zone=ZONE, rules=rules, patience=patience
        )
        place = self._folder / "data" / "snapshots" / self.account / PERIOD
        if place.exists():
            place.rename(self._folder / f"of-{number}")
        state: ReconciliationState = await self._client.execute_workflow(
            "reconciliation",
            given,
            id=f"reconciliation/{self.account}/{PERIOD}/draft-{number}",
            task_queue=temporal.WORKFLOWS,
            result_type=ReconciliationState,
        )
        file = place / "cut" / "judgement.json"
        return Month(state, Judgement.model_validate_json(file.read_bytes()))


class Month:
    def __init__(self, state: ReconciliationState, judgement: Judgement) -> None:
        self.state, self.judgement = state, judgement

    @property
    def verdict(self) -> dict[str, object]:
        """What people are told of it, whatever it took to read it."""
        assert self.state.stopped == self.judgement.stopped
        if self.state.stopped:
            return {"stopped": True}
        found = {each.subject: (each.difference, each.unexplained) for each in self.judgement.findings}
        return {
            "rows": self.state.rows,
            "amounts": self.state.amounts,
            "found": found,
            "drift": [each for each in self.judgement.warnings if "DRIFT" in each] != [],
        }


def rules_of(*systems: str) -> ReconciliationRules:
    billing = [each for each in systems if each in SOURCES]
    books = [each for each in systems if each not in SOURCES]
    given: dict[str, Any] = {
        "sources": [
            BillingSource(system=each, data_source=SOURCES[each].uuid, time_zone=ZONE) for each in billing
        ]
    }
    if books:
        given["accounting"] = {"system": books[0], "time_zone": ZONE}
    return ReconciliationRules.model_validate(given)


def subscriptions(system: str, many: int) -> list[dict[str, Any]]:
    """One began after the other, and one was billed after the other, in one of the windows by which Stripe is
    read. One differs."""
    window = timedelta(days=2 * 365) / 24
    back = next(n for n in range(1, 9) if NOW - (n - 1) * window < CUT.end - 3 * DAY)
    began = NOW - back * window + DAY
    billed = datetime.fromtimestamp(even(*around(CUT))[5][0], UTC) + timedelta(hours=2)
    found = [
        {
            "id": f"{system}-{number:03}",
            "system": system,
            "customer": f"customer-{number:03}",
            "company": f"Company {number}",
            "unit": 10_000 + number,
            "started_at": began + number * 27 * DAY / many,
            "period_start": billed + number * 4 * DAY / many,
            "period_end": billed + 30 * DAY,
        }
        for number in range(many)
    ]
    return [*found[1:], found[0] | {"deviation": "odd_amount", "deviates_to": 7_711}]


@pytest.fixture
def months(own: Client, simulators: Control, paused: Cooldowns, folder: Path) -> Months:
    return Months(own, simulators, paused, folder)


def furnished(control: Control, *systems: str) -> None:
    """A month of these systems' books, of two pages each."""
    billing, *books = systems
    control.put_books(*subscriptions(billing, HOW_MANY[billing] if not books else 6))
    at = (CUT.end - 5 * DAY).date().isoformat()
    for system in books:
        control.ask("DELETE", system)
        for number in range(12):
            lines, note = [{"net": 10_000 + number, "tax": 0}], f"in_{billing}-{number:03}"
            given = {"number": f"B-{number}", "dated": at, "lines": lines, "note": note}
            control.ask("POST", f"{system}/documents", given)


@pytest.fixture(scope="module")
def undisturbed() -> Verdicts:
    return {}


async def well(months: Months, undisturbed: Verdicts, *systems: str) -> dict[str, object]:
    """The verdict where nothing goes wrong."""
    if systems not in undisturbed:
        month = await months.run(*systems)
        assert month.state.stopped == []
        assert month.state.amounts[0].difference
        undisturbed[systems] = month.verdict
    return undisturbed[systems]


def hit(control: Control) -> bool:
    return all(each.hits for each in control.faults())


FULL_LISTS = [
    ("stripe", "/v1/invoices$"),
    ("stripe", "/v1/charges$"),
    ("chargebee", "/v2/transactions$"),
    ("recurly", "/v3/subscriptions$"),
    ("recurly", "/v3/invoices$"),
]
LISTS = [
    ("stripe", "/v1/subscriptions$"),
    ("chargebee", "/v2/subscriptions$"),
    ("chargebee", "/v2/invoices$"),
    ("recurly", "/v3/transactions$"),
    *(FULL_LISTS if FULL else []),
]


@pytest.mark.parametrize(("system", "path"), LISTS)
@pytest.mark.parametrize("kind", ["list_ends", "page_again"])
async def test_a_page_that_is_lost_is_read_or_stops_the_month(
    months: Months, undisturbed: Verdicts, system: str, path: str, kind: Any
) -> None:
    """Lost once it is there in the second reading; a list that always ends too early is no list."""
    furnished(months.control, system)
    expected = await well(months, undisturbed, system)
    months.control.fault(system, kind, path=path, method="GET", skip=kind == "page_again")
    month = await months.run(system)
    assert hit(months.control)
    assert month.verdict == expected
    months.control.clear_faults()
    months.control.fault(system, kind, path=path, method="GET", times=None)
    month = await months.run(system)
    assert month.state.phase == "stopped"
    assert [each for each in month.state.stopped if each.startswith(f"{system} (default): ")]
    assert (month.state.amounts, month.judgement.findings) == ([], [])


@pytest.mark.parametrize("path", ["/customers$", "/activities$", "/invoices$"])
@pytest.mark.parametrize("kind", ["list_ends", "page_again"])
@pytest.mark.parametrize("times", [1, None] if FULL else [None])
async def test_a_page_of_chartmogul_that_is_lost_is_found_or_stops_the_month(
    months: Months, undisturbed: Verdicts, kind: Any, path: str, times: int | None
) -> None:
    """What one list hides another one names."""
    furnished(months.control, "recurly")
    expected = await well(months, undisturbed, "recurly")
    skip = times == 1 and kind == "page_again"
    months.control.fault("chartmogul", kind, path=path, method="GET", times=times, skip=skip)
    month = await months.run("recurly")
    assert hit(months.control)
    if month.state.stopped:
        assert times is None
        assert [each for each in month.state.stopped if each.startswith("chartmogul (default): ")]
    else:
        assert month.verdict == expected


@pytest.mark.parametrize("system", ["quickbooks", "xero"])
async def test_rows_of_the_books_that_are_lost_stop_the_month(
    months: Months, undisturbed: Verdicts, system: str
) -> None:
    furnished(months.control, "chargebee", system)
    expected = await well(months, undisturbed, "chargebee", system)
    lists = {"quickbooks": {"text": r"select \* from Invoice"}, "xero": {"path": "/Invoices$"}}[system]
    months.control.fault(system, "list_ends", **lists)
    month = await months.run("chargebee", system)
    assert hit(months.control)
    assert month.verdict == expected
    months.control.clear_faults()
    months.control.fault(system, "list_ends", times=None, **lists)
    month = await months.run("chargebee", system)
    assert [each for each in month.state.stopped if each.startswith(f"{system} (default): ")]
    assert month.state.amounts == []


async def test_a_page_of_the_books_that_came_twice_stops_the_month(
    months: Months, undisturbed: Verdicts
) -> None:
    furnished(months.control, "chargebee", "xero")
    expected = await well(months, undisturbed, "chargebee", "xero")
    for times in (1, None):
        months.control.clear_faults()
        months.control.fault("xero", "page_again", path="/Invoices$", text="[?&]page=2(&|$|\n)", times=times)
        month = await months.run("chargebee", "xero")
        assert hit(months.control)
        assert month.state.stopped if times is None else month.verdict == expected


EVERYONE = ["chargebee", "chartmogul", "quickbooks", "xero", *(["stripe", "recurly"] if FULL else [])]


@pytest.mark.parametrize("system", EVERYONE)
async def test_refusals_are_waited_for_and_one_that_lasts_stops_the_month(
    months: Months, undisturbed: Verdicts, system: str
) -> None:
    systems = ("chargebee", system) if system in ("quickbooks", "xero") else (system,)
    systems = ("chargebee",) if system == "chartmogul" else systems
    furnished(months.control, *systems)
    expected = await well(months, undisturbed, *systems)
    months.control.fault(system, "status", status=429, retry_after=1, method="GET", times=3)
    month = await months.run(*systems)
    assert month.verdict == expected
    months.control.clear_faults()
    months.control.fault(system, "status", status=429, retry_after=60, method="GET", times=None, skip=2)
    month = await months.run(*systems, patience=timedelta(seconds=2))
    assert f"{system} (default): it was not read at all" in month.state.stopped
    assert month.state.amounts == []


@pytest.mark.parametrize("system", list(HOW_MANY))
async def test_what_changes_while_it_is_read_is_marked(months: Months, system: str) -> None:
    """A row that was read may be another one since; what is judged of it is judged again."""
    changed = [f"{system}-{number:03}" for number in (1, 2)]
    months.control.put_books(*subscriptions(system, HOW_MANY[system]), touched=changed)
    month = await months.run(system)
    assert month.state.stopped == []
    assert month.verdict["drift"]
    [billing] = [each for each in month.state.readings if each.system == system]
    assert billing.changed_while_read
    assert set(billing.changed_while_read) <= set(changed)
