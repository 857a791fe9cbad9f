"""A month end: calls of vendors against their quotas, and the judging against a read and against pandas."""

import asyncio
import json
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.export_ground import NotComparable
from benchmarks.ground import Ground
from benchmarks.results import Result, at_most
from clients.quickbooks.client import QuickBooksClient
from clients.quickbooks.reading import QuickBooksMonth
from clients.stripe.books.reader import StripeBooks
from clients.stripe.client import StripeClient
from clients.stripe.settings import StripeAccount
from clients.xero.client import XeroClient
from clients.xero.reading import XeroMonth
from models.reconciliation.books import Control as Counted
from simulators.kit.control import Control
from simulators.stripe.api import KEY
from tests.conftest import settings_for
from tests.contracts.accounting_books import OCTOBER
from tests.contracts.books import CUT
from tests.reconciliation.scale_books import write_books

MANY, QUICK_MANY = 50_000, 5_000
SIZES, STRIPE_SIZES = (200, 800), (1_600, 4_000)
"""Subscriptions, or customers, with which calls are counted: more of them are more pages, no more."""

GOAL_SECONDS, GOAL_MINUTES, GOAL_XERO = 60, 15, 1_000
STRIPE_A_SECOND, STRIPE_PAGE, QUICKBOOKS_A_MINUTE = 100, 0.4, 500
"""Quotas, and how long Stripe takes for a page of 100. Of a list eight pages are read at once."""

SMALL_PAGE = 10
"""Of the books while calls are counted: few rows fill many of them. They have 1,000 and 100."""

Read = tuple[int, int]
"""Calls, and rows."""


async def month(ground: Ground, *, quick: bool = False) -> Result:
    many = QUICK_MANY if quick else MANY
    with tempfile.TemporaryDirectory() as folder:
        await asyncio.to_thread(write_books, Path(folder), many)
        judged = {way: await _alone(Path(folder), way) for way in ("read", "ours", "pandas")}
    if judged["ours"].found["mrr"] != judged["pandas"].found["mrr"]:
        raise NotComparable(f"{judged['ours'].found} differ, and {judged['pandas'].found} by pandas")
    calls = await _all_calls(ground.control, many)
    at_quota = calls["stripe"] / STRIPE_A_SECOND / 60 + calls["quickbooks"] / QUICKBOOKS_A_MINUTE
    by_pages = calls["stripe"] * STRIPE_PAGE / 60 + calls["quickbooks"] / QUICKBOOKS_A_MINUTE
    rows = [
        [
            "Stripe and QuickBooks at their quotas, minutes",
            f"{at_quota:.1f}",
            "",
            "",
            at_most(GOAL_MINUTES, at_quota),
        ],
        [
            "... Stripe by eight pages at once to one, minutes",
            f"{by_pages / 8:.1f} to {by_pages:.1f}",
            "",
            "",
            "",
        ],
        *(
            [
                f"Xero by pages of {size}, calls of its 5,000 a day",
                f"{found:,}",
                "",
                "",
                at_most(GOAL_XERO, found),
            ]
            for size, found in ((100, calls["xero"]), (1_000, calls["xero"] // 10))
        ),
        *(_row(way, judged[way], judged["read"]) for way in ("read", "ours", "pandas")),
    ]
    return Result("month", ["", "", "seconds", "MB at most", "goal"], rows, _note(many, calls))


def _row(way: str, it: "Judged", read: "Judged") -> list[str]:
    name = {
        "read": "the month's records read, and nothing done with them",
        "ours": "judged: MRR, documents and payments, with causes",
        "pandas": "a merge by pandas: MRR and documents, no causes",
    }[way]
    goal = at_most(GOAL_SECONDS, it.seconds) if way == "ours" else ""
    against = f"{it.seconds / read.seconds:.1f} ×"
    return [name, against, f"{it.seconds:.1f}", f"{it.megabytes:,.0f}", goal]


def _note(many: int, calls: dict[str, int]) -> str:
    said = ", ".join(f"{name} {count:,}" for name, count in calls.items())
    return (
        f"{many:,} subscriptions, each with an invoice and a payment in billing, ChartMogul and the books;"
        f" 5 % differ. Calls ({said}) are those of the readers at some thousand subscriptions,"
        " against the simulators, and as many more as the pages that more rows fill; the books are read ten"
        " days around the month. Judging is in processes of their own, and their seconds are those of a core;"
        " pandas has to find as many subscriptions that differ."
    )


# -- judging


@dataclass(frozen=True)
class Judged:
    found: dict[str, int]
    seconds: float
    megabytes: float


async def _alone(folder: Path, way: str) -> Judged:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.reconciliation.scale_books",
        str(folder),
        way,
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return Judged(**json.loads(said))


# -- calls


async def _all_calls(control: Control, many: int) -> dict[str, int]:
    """Subscriptions, invoices and charges of Stripe; invoices and payments of the books, with the days around
    the month."""
    around = 2 * many * (CUT.end - CUT.start + timedelta(days=20)) / (CUT.end - CUT.start)
    return {
        "stripe": await _calls(control, _stripe, 3 * many, STRIPE_SIZES),
        "quickbooks": await _calls(control, _quickbooks, round(around * SMALL_PAGE / 1_000)),
        "xero": await _calls(control, _xero, round(around * SMALL_PAGE / 100)),
    }


async def _calls(
    control: Control,
    count: Callable[[Control, int], Awaitable[Read]],
    rows: int,
    sizes: tuple[int, int] = SIZES,
) -> int:
    """Of so many rows: those of which a page more is read cost what they cost between the two sizes."""
    (few_calls, few), (more_calls, more) = [await count(control, size) for size in sizes]
    return round(few_calls + (rows - few) * (more_calls - few_calls) / (more - few))


async def _stripe(control: Control, many: int) -> Read:
    step = timedelta(days=20) / many
    control.put_books(*(_true(n, CUT.end - timedelta(days=22) + n * step) for n in range(many)))
    url = f"{control.url}/stripe"
    client = StripeClient(StripeAccount.model_validate({"api_key": KEY, "base_url": url, "web_url": url}))
    reader = StripeBooks(client, CUT, "default")
    for _, rows in reader.tables():
        await _drained(rows)
    await asyncio.gather(client.aclose(), reader.aclose())
    return reader.tally.calls, _rows(reader.tally.controls)


def _true(n: int, at: datetime) -> dict[str, Any]:
    ends = at + timedelta(days=30)
    said = {"id": f"s{n}", "system": "stripe", "customer": f"c{n}", "company": f"Nr {n}", "unit": 10_000}
    return {**said, "started_at": at - timedelta(days=60), "period_start": at, "period_end": ends}


async def _quickbooks(control: Control, many: int) -> Read:
    control.reset(customers=many)
    with tempfile.TemporaryDirectory() as folder:
        client = QuickBooksClient(
            settings_for(control.url).quickbooks["default"], Path(folder), page_size=SMALL_PAGE
        )
        read = await _books(QuickBooksMonth(client, OCTOBER, "default"))
        await client.aclose()
    return read


async def _xero(control: Control, many: int) -> Read:
    control.reset(customers=many)
    with tempfile.TemporaryDirectory() as folder:
        client = XeroClient(settings_for(control.url).xero["default"], Path(folder), page_size=SMALL_PAGE)
        read = await _books(XeroMonth(client, OCTOBER, "default"))
        await client.aclose()
    return read


async def _books(reading: QuickBooksMonth | XeroMonth) -> Read:
    await _drained(reading.cash())
    await _drained(reading.documents())
    return reading.calls, _rows(reading.controls)


async def _drained(rows: AsyncIterator[Any]) -> None:
    async for _ in rows:
        pass


def _rows(controls: list[Counted]) -> int:
    return sum(each.read for each in controls if each.expected is not None)
