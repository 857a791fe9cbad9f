"""Books of a month, of any number of subscriptions, and what judging them takes: `python -m
tests.reconciliation.scale_books FOLDER ours|read|pandas`, a process each, so that its memory is its own."""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from domains.reconciliation.cut import month_cut
from domains.reconciliation.month import Before, judge_month
from domains.reconciliation.pack.write import NO_RATES
from domains.reconciliation.snapshots import TABLES, Snapshots
from models.base import Record
from models.reconciliation.books import (
    AccountSettings,
    AccountSheet,
    BillingItem,
    BillingSubscription,
    CashEntry,
    CashKind,
    CountedCustomer,
    CountedLine,
    CountedSubscription,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    Reading,
    Side,
    SourceSettings,
    Standing,
)
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import JudgeWork, Placed, SnapshotPlace

ZONE = "Europe/Berlin"
CUT = month_cut("2026-10", ZONE)
PLACE = SnapshotPlace(account="default", period="2026-10")
BEGAN = CUT.end - timedelta(days=20)
EVERY = 20
"""One in so many differs, in its MRR and in its invoice in the books."""

SYSTEM: Mapping[Side, str] = {"billing": "stripe", "accounting": "quickbooks", "chartmogul": "chartmogul"}
RULES = ReconciliationRules.model_validate(
    {
        "sources": [{"system": "stripe", "data_source": "ds_1", "time_zone": ZONE}],
        "accounting": {"system": "quickbooks", "time_zone": ZONE},
    }
)
PLACED = TypeAdapter(list[Placed])


def cents(n: int) -> int:
    return 10_000 + n % 97


def subscription(n: int) -> BillingSubscription:
    item = BillingItem(id=f"si_{n}", plan="standard", amount=Decimal(cents(n) + 300 * (n % EVERY == 0)))
    return BillingSubscription(
        system="stripe", site="default", id=f"sub_{n:07}", customer_id=f"cus_b{n:07}", currency="USD",
        standing=Standing.ACTIVE, items=[item], started_at=BEGAN - timedelta(days=90),
        period_start=BEGAN, period_end=BEGAN + timedelta(days=30),
    )  # fmt: skip


def line(n: int) -> CountedLine:
    return CountedLine(
        line=f"li_{n:07}", invoice=f"inv_{n:07}", invoice_external_id=f"in_{n:07}", source="ds_1",
        customer=f"cus_{n:07}", subscription_external_id=f"sub_{n:07}", plan="standard",
        kind="subscription", currency="USD", amount=cents(n), starts_at=BEGAN,
        ends_at=BEGAN + timedelta(days=30), invoice_at=BEGAN, invoice_status="paid",
    )  # fmt: skip


def counted(n: int) -> CountedSubscription:
    return CountedSubscription(
        source="ds_1", customer=f"cus_{n:07}", subscription_external_id=f"sub_{n:07}", currency="USD",
        by_movements=cents(n),
    )  # fmt: skip


def document(n: int, side: Side) -> Document:
    total = cents(n) + 100 * (side == "accounting" and n % EVERY == 0)
    id = {"billing": f"in_{n:07}", "accounting": str(n), "chartmogul": f"inv_{n:07}"}[side]
    return Document(
        side=side, system=SYSTEM[side], site="default", id=id, kind=DocumentKind.INVOICE,
        number=f"in_{n:07}" if side == "chartmogul" else f"S-{n:07}", status=DocumentStatus.PAID,
        dated=BEGAN.date() if side == "accounting" else None, at=None if side == "accounting" else BEGAN,
        currency="USD", total=total, tax=0, due=0, lines=[DocumentLine(net=Decimal(total), tax=Decimal(0))],
        references=["ds_1"] if side == "chartmogul" else [], customer_id=f"c{n}", customer_name=f"Nr {n}",
    )  # fmt: skip


def cash(n: int, side: Side) -> CashEntry:
    return CashEntry(
        side=side, system=SYSTEM[side], site="default", id=f"{'tr' if side == 'chartmogul' else 'ch'}_{n:07}",
        kind=CashKind.PAYMENT, dated=BEGAN.date() if side == "accounting" else None,
        at=None if side == "accounting" else BEGAN, currency="USD", amount=cents(n),
        documents=[f"in_{n:07}"], references=["ds_1"] if side == "chartmogul" else [f"ch_{n:07}"],
        customer_id=f"c{n}", customer_name=f"Nr {n}",
    )  # fmt: skip


def write_books(folder: Path, many: int) -> None:
    every = range(many)
    both: Callable[[Side], dict[str, Iterable[Record]]] = lambda side: {  # noqa: E731
        "documents": (document(n, side) for n in every),
        "cash": (cash(n, side) for n in every),
    }
    source = SourceSettings(uuid="ds_1", name="Stripe", system="Stripe")
    mrr = sum(map(cents, every))
    tables: dict[Side, dict[str, Iterable[Record]]] = {
        "billing": {"subscriptions": map(subscription, every), **both("billing")},
        "accounting": both("accounting"),
        "chartmogul": {
            "settings": [AccountSettings(currency="USD", time_zone=ZONE, sources=[source])],
            "customers": (CountedCustomer(uuid=f"cus_{n:07}", sources=["ds_1"]) for n in every),
            "lines": map(line, every),
            "counted": map(counted, every),
            "sheet": [AccountSheet(mrr=mrr, movements=mrr)],
            **both("chartmogul"),
        },
    }
    placed = [_written(Snapshots(folder), SYSTEM[side], found) for side, found in tables.items()]
    (folder / "placed.json").write_bytes(PLACED.dump_json(placed))


def _written(snapshots: Snapshots, system: str, tables: Mapping[str, Iterable[Record]]) -> Placed:
    at = CUT.end + timedelta(minutes=10)
    with snapshots.writing(PLACE, system, "default") as writing:
        for name, rows in tables.items():
            writing.add(name, rows)
        reading = Reading(system=system, site="default", began_at=at, ended_at=at)
        return Placed(place=PLACE, reading=writing.finish(reading).reading)


def ours(folder: Path) -> dict[str, int]:
    """Rows that differ, by comparison."""
    work = JudgeWork(place=PLACE, kind="draft", cut=CUT, rules=RULES, readings=_placed(folder))
    found = judge_month(Snapshots(folder), work, NO_RATES, Before({}))
    if found.stopped or not all(each.closes for each in found.tie_outs):
        raise SystemExit(f"nothing was judged: {found.stopped}")
    return {
        name: sum(each.differing for each in found.tie_outs if each.comparison == name)
        for name in ("mrr", "documents")
    }


def read(folder: Path) -> dict[str, int]:
    """The same records, and nothing done with them."""
    snapshots, rows = Snapshots(folder), 0
    for placed in _placed(folder):
        for file in placed.reading.files:
            rows += sum(1 for _ in snapshots.rows(placed.place, file, TABLES[file.table]))
    return {"rows": rows}


def pandas(folder: Path) -> dict[str, int]:
    """What differs, as a merge tells it: by ids and numbers alone, without causes, and without payments."""
    import pandas as pd

    def table(system: str, name: str) -> Any:
        return pd.read_parquet(Snapshots(folder).folder(PLACE) / f"{system}-default" / f"{name}.parquet")

    billed = table("stripe", "subscriptions")
    billed["billed"] = billed["items"].map(lambda text: sum(int(it["amount"]) for it in json.loads(text)))
    mrr = billed.merge(
        table("chartmogul", "counted"), how="outer", left_on="id", right_on="subscription_external_id"
    )
    books = table("quickbooks", "documents").merge(
        table("stripe", "documents"), how="outer", on=["number", "currency"]
    )
    return {
        "mrr": int((mrr["billed"].fillna(0) != mrr["by_movements"].fillna(0)).sum()),
        "documents": int((books["total_x"].fillna(0) != books["total_y"].fillna(0)).sum()),
    }


def _placed(folder: Path) -> list[Placed]:
    return PLACED.validate_json((folder / "placed.json").read_bytes())


def peak() -> float:
    """Megabytes. What Linux says of usage has the parent's in it, before it is another program."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    [line] = [each for each in status.read_text().splitlines() if each.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


WAYS = {"ours": ours, "read": read, "pandas": pandas}

if __name__ == "__main__":
    at, began = Path(sys.argv[1]), time.process_time()
    result = WAYS[sys.argv[2]](at)
    said = {"found": result, "seconds": time.process_time() - began, "megabytes": peak()}
    sys.stdout.write(json.dumps(said))
