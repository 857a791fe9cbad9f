"""Records become Parquet and come back; a snapshot is there once, whole, and for nobody else to read."""

import json
import random
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from clients.kit.errors import Rejected
from domains.reconciliation import parquet
from domains.reconciliation.snapshots import Kept, Snapshots
from models.reconciliation.books import (
    AccountSettings,
    BillingDiscount,
    BillingItem,
    BillingSubscription,
    Control,
    CountedLine,
    CountedTransaction,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    Reading,
    SourceSettings,
    Standing,
)
from models.templates.reconciliation import SnapshotPlace

AT = datetime(2026, 10, 31, 23, 10, tzinfo=UTC)
PLACE = SnapshotPlace(account="default", period="2026-10")


def subscription(number: int) -> BillingSubscription:
    """What Parquet, or JSON, or a line of text could get wrong."""
    return BillingSubscription(
        system="stripe",
        site="default",
        id=f"sub_{number:06}",
        customer_id="cus_1",
        customer_name='Zoë "O\'Hara"\n\t, Ltd 🧾',
        currency="KWD",
        standing=Standing.PAST_DUE,
        items=[BillingItem(id="si_1", amount=Decimal("1000.333"), tax_included=Decimal(19), interval="year")],
        discounts=[BillingDiscount(id="d", duration="once", percent=Decimal("12.5"), end=AT)],
        created_at=datetime(2026, 3, 1, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=13))),
        first_invoice_open=False,
        own_mrr=Decimal("-0.5"),
    )


def line(number: int) -> CountedLine:
    paid = CountedTransaction(id="t", kind="refund", at=AT, amount=-5)
    return CountedLine(
        line=f"li_{number:06}", invoice="inv", source="ds_1", customer="cus_1", kind="subscription",
        currency="JPY", amount=-(10**17), starts_at=AT, errors=["no plan"], transactions=[paid],
    )  # fmt: skip


def document() -> Document:
    return Document(
        side="accounting", system="xero", site="default", id="1", kind=DocumentKind.CREDIT_NOTE,
        status=DocumentStatus.PAID, dated=date(2024, 2, 29), currency="EUR", total=0,
        lines=[DocumentLine(net=Decimal("0.01"))],
    )  # fmt: skip


def reading(system: str = "stripe") -> Reading:
    return Reading(system=system, site="default", began_at=AT, ended_at=AT, calls=3)


def keep(snapshots: Snapshots, *some: BillingSubscription, place: SnapshotPlace = PLACE) -> Kept:
    with snapshots.writing(place, "stripe", "default") as writing:
        for each in some:
            writing.add("subscriptions", [each])
        return writing.finish(reading())


@pytest.fixture
def snapshots(tmp_path: Path) -> Snapshots:
    return Snapshots(tmp_path)


def test_records_come_back_as_they_were(snapshots: Snapshots) -> None:
    changed = subscription(1).model_copy(update={"earlier": subscription(0), "pending": []})
    settings = AccountSettings(
        currency="USD",
        time_zone="Asia/Tokyo",
        sources=[SourceSettings(uuid="ds_1", name="S", system="Stripe")],
    )
    tables: dict[str, list[Any]] = {
        "subscriptions": [changed, subscription(2)],
        "lines": [line(1)],
        "documents": [document()],
        "settings": [settings],
        "cash": [],
    }
    with snapshots.writing(PLACE, "stripe", "default") as writing:
        for table, records in tables.items():
            writing.add(table, records)
        kept = writing.finish(reading())
    assert kept.is_new
    assert {file.table: file.rows for file in kept.reading.files} == {
        table: len(records) for table, records in tables.items()
    }
    for table, records in tables.items():
        kind = type(records[0]) if records else Document
        assert list(snapshots.all_rows(PLACE, [kept.reading], table, kind)) == records


def test_a_snapshot_of_before_lines_told_what_they_are_of_is_read(tmp_path: Path) -> None:
    """Columns are as they were; lines are JSON in one of them."""
    old = '[{"net":"49.5","tax":null,"tax_percent":"19"}]'
    now = document().model_dump(mode="json") | {"at": None, "dated": None, "lines": old}
    row = {name: json.dumps(each) if isinstance(each, list) else each for name, each in now.items()}
    path = tmp_path / "documents.parquet"
    pq.write_table(pa.Table.from_pylist([row | {"lines": old}], schema=parquet.schema_of(Document)), path)
    [found] = parquet.read(path, Document)
    assert found.lines == [DocumentLine(net=Decimal("49.5"), tax_percent=Decimal(19))]
    assert (found.lines[0].id, found.lines[0].kind) == ("", None)


def test_a_row_can_be_read_without_us(snapshots: Snapshots) -> None:
    file = keep(snapshots, subscription(1)).reading.files[0]
    [row] = pq.read_table(snapshots.folder(PLACE) / file.file).to_pylist()
    assert row["created_at"] == datetime(2026, 2, 28, 23, 0, 0, 123456, tzinfo=UTC)
    assert (row["standing"], row["own_mrr"], row["first_invoice_open"]) == ("past_due", "-0.5", False)
    assert row["items"].startswith('[{"id":"si_1","plan":"","name":"","kind":"recurring","amount":"1000.333"')
    assert row["earlier"] is None


def test_the_same_records_are_the_same_bytes_in_whatever_order_they_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where they are more than fit into memory."""
    some = [subscription(number) for number in range(100)]
    shuffled = random.Random(7).sample(some, len(some))
    one = keep(Snapshots(tmp_path / "one"), *some)
    monkeypatch.setattr(parquet, "CHUNK", 7)
    many = Snapshots(tmp_path / "many")
    keep(many, *shuffled)
    [there] = many.reading(PLACE, "stripe", "default").files  # type: ignore[union-attr]
    assert there.rows == one.reading.files[0].rows
    assert list(many.rows(PLACE, there, BillingSubscription)) == some
    assert len(list((tmp_path / "many").rglob("*.parquet*"))) == 1


def test_a_snapshot_is_written_once(snapshots: Snapshots) -> None:
    first = keep(snapshots, subscription(1))
    second = keep(snapshots, subscription(2))
    assert (first.is_new, second.is_new) == (True, False)
    assert second.reading == first.reading == snapshots.reading(PLACE, "stripe", "default")
    [kept] = snapshots.rows(PLACE, second.reading.files[0], BillingSubscription)
    assert kept == subscription(1)


def test_what_was_cut_off_was_never_there(snapshots: Snapshots) -> None:
    with suppress(KeyboardInterrupt), snapshots.writing(PLACE, "stripe", "default") as writing:
        writing.add("subscriptions", [subscription(1)])
        raise KeyboardInterrupt
    assert list(snapshots.folder(PLACE).iterdir()) == []
    assert snapshots.reading(PLACE, "stripe", "default") is None


def test_nobody_else_may_read_it(snapshots: Snapshots) -> None:
    keep(snapshots, subscription(1))
    folder = snapshots.folder(PLACE)
    modes = {path.name: path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert modes == {
        "cut": 0o700,
        "stripe-default": 0o700,
        "subscriptions.parquet": 0o600,
        "reading.json": 0o600,
    }


def test_a_file_that_somebody_was_at_is_refused(snapshots: Snapshots) -> None:
    file = keep(snapshots, subscription(1)).reading.files[0]
    path = snapshots.folder(PLACE) / file.file
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(Rejected, match="is not what was read"):
        list(snapshots.rows(PLACE, file, BillingSubscription))
    path.unlink()
    with pytest.raises(Rejected, match="is not what was read"):
        snapshots.checked(PLACE, file)


def test_a_number_that_no_table_holds_is_refused(snapshots: Snapshots) -> None:
    huge = line(1).model_copy(update={"amount": 10**30})
    with snapshots.writing(PLACE, "chartmogul", "default") as writing:
        writing.add("lines", [huge])
        with pytest.raises(Rejected, match="does not fit"):
            writing.finish(reading("chartmogul"))
    assert snapshots.reading(PLACE, "chartmogul", "default") is None


def test_parts_accounts_and_sites_lie_apart_whatever_they_are_called(
    snapshots: Snapshots, tmp_path: Path
) -> None:
    places = [
        SnapshotPlace(account=account, period="2026-10", part=part, number=number)
        for account in ("../x", "..", "a b")
        for part, number in (("cut", 0), ("final", 0), ("open", 1), ("open", 2))
    ]
    for place in places:
        assert keep(snapshots, subscription(1), place=place).is_new
    assert len({snapshots.folder(each) for each in places}) == len(places)
    assert all(snapshots.folder(each).resolve().is_relative_to(tmp_path.resolve()) for each in places)


def test_what_was_read_in_part_gives_way(snapshots: Snapshots) -> None:
    """A list that lost its last page in the night is no snapshot for good."""
    with snapshots.writing(PLACE, "stripe", "default") as writing:
        writing.add("subscriptions", [subscription(1)])
        missing = Control(what="subscriptions", read=1, expected=2, how="second pass")
        part = writing.finish(reading("stripe").model_copy(update={"controls": [missing]}))
    whole = keep(snapshots, subscription(1), subscription(2))
    assert (part.is_new, whole.is_new) == (True, True)
    assert snapshots.reading(PLACE, "stripe", "default") == whole.reading
    assert len(list(snapshots.rows(PLACE, whole.reading.files[0], BillingSubscription))) == 2
    assert [each.name for each in snapshots.folder(PLACE).iterdir()] == ["stripe-default"]


def test_what_did_not_serve_the_later_reading_gives_way(snapshots: Snapshots) -> None:
    """It was whole, and of before the month's end."""
    keep(snapshots, subscription(1))
    with snapshots.writing(PLACE, "stripe", "default") as writing:
        writing.add("subscriptions", [subscription(2)])
        early = reading("stripe")
        later = early.model_copy(update={"began_at": early.ended_at + timedelta(hours=1)})
        assert writing.finish(later).is_new
    there = snapshots.reading(PLACE, "stripe", "default")
    assert there is not None
    assert list(snapshots.rows(PLACE, there.files[0], BillingSubscription)) == [subscription(2)]
