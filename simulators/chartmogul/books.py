"""The book of truth as ChartMogul counts it: by the lines of invoices, whatever the billing system says."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from simulators.billing.truth.book import (
    BookOfTruth,
    TrueInvoice,
    TrueLine,
    decimals,
    invoices_of,
    rounded,
)
from simulators.billing.truth.ids import line_id, plan_id
from simulators.billing.truth.shapes import Books, TrueSubscription
from simulators.chartmogul.catalog import Source
from simulators.chartmogul.rows import offset_time, zulu_time

Row = dict[str, Any]

SOURCES = {
    "stripe": Source(
        "ds_00000000-57a1-4e00-8000-000000000001", "Stripe", "Stripe", "2024-01-01T00:00:00.000Z"
    ),
    "chargebee": Source(
        "ds_00000000-c4a6-4e00-8000-000000000002", "Chargebee", "Chargebee", "2024-01-01T00:00:00.000Z"
    ),
    "recurly": Source(
        "ds_00000000-4ec0-4e00-8000-000000000003", "Recurly", "Recurly", "2024-01-01T00:00:00.000Z"
    ),
}
SECOND = Source(
    "ds_00000000-2222-4e00-8000-000000000009", "Stripe, old", "Stripe", "2023-01-01T00:00:00.000Z"
)
MONTHLY = {"day": Fraction(365, 12), "week": Fraction(52, 12), "month": Fraction(1), "year": Fraction(1, 12)}
UNCOUNTED = ("not_imported", "import_error", "full_refund_dropped")
AFTER_THE_SEED = 20_000_000_000
"""Numbers of what is told of the book, so that it comes after the seed's of the same second."""


def uuid_of(prefix: str, name: str) -> str:
    return f"{prefix}_{uuid5(NAMESPACE_URL, f'{prefix}:{name}')}"


def customer_of(said: TrueSubscription) -> str:
    return uuid_of("cus", said.counted_under or said.customer)


def plan_of(said: TrueSubscription) -> str:
    """Of the last line that bills it."""
    billed = invoices_of(said.model_copy(update={"standing": "active"}))
    return next(plan_id(said, each) for each in reversed(billed[-1].lines) if each.kind in ("plan", "charge"))


def subscription_of(said: TrueSubscription) -> str:
    return said.moved_from if said.deviation == "moved" and said.moved_from else said.id


def is_counted(said: TrueSubscription, books: Books) -> bool:
    if said.deviation in UNCOUNTED or said.ended_at or said.standing in ("future", "canceled"):
        return False
    if said.standing == "trialing":
        return said.deviation == "trial_billed"
    if said.standing == "incomplete":
        return books.counts_from == "open"
    return not (said.standing == "paused" and said.system == "recurly")


# -- lines


@dataclass(frozen=True)
class CountedLine:
    """In hundredths, as ChartMogul has it. `mrr` is in the currency of the invoice."""

    line: TrueLine
    kind: str
    amount: int
    tax: int
    prorated: bool
    proration: str | None
    edited: Mapping[str, Any]
    """What stood there before a person set it."""
    mrr: int


def imported(said: TrueSubscription) -> list[TrueInvoice]:
    """The invoices that it learned of; that of a trial, where somebody billed it."""
    if said.deviation == "trial_billed":
        return invoices_of(said.model_copy(update={"standing": "active"}))
    return [] if said.deviation in ("not_imported", "full_refund_dropped") else invoices_of(said)


def lines_of(said: TrueSubscription) -> list[CountedLine]:
    """That make up its MRR. A charge for a part of a period that is not marked as one is taken for the price
    of all of it, and stands in the place of what was billed before."""
    counted = (each for each in imported(said) if invoice_uuid(each) not in said.disabled)
    lines = [_counted(said, line) for invoice in counted for line in invoice.lines]
    whole = [each for each in lines if each.line.kind == "charge" and not each.prorated]
    return whole or lines


def _counted(said: TrueSubscription, line: TrueLine) -> CountedLine:
    amount = _hundredths(line.amount, said.currency)
    tax = 0 if said.deviation == "tax_not_imported" else _hundredths(line.tax, said.currency)
    before: Row = {}
    if line.kind == "plan" and said.deviates_to is not None and said.deviation in ("edited", "odd_amount"):
        before = {"amount_in_cents": amount} if said.deviation == "edited" else {}
        amount = _hundredths(said.deviates_to, said.currency)
    recurs = (
        line.kind in ("plan", "credit", "charge")
        or (line.kind == "fee" and said.deviation == "fee_as_subscription")
        or (line.kind == "usage" and said.deviation == "usage_with_period")
    )
    prorated = line.kind in ("credit", "charge") and said.deviation != "proration_without_flag"
    own = {
        "type": "subscription" if recurs else "one_time", "amount_in_cents": amount,
        "tax_amount_in_cents": tax, "prorated": prorated,
        "proration_type": "differential" if prorated else None,
    }  # fmt: skip
    set_by_hand = said.corrected.get(line.kind, {})
    now, before = own | set_by_hand, before | {name: own[name] for name in set_by_hand}
    net = now["amount_in_cents"] - now["tax_amount_in_cents"]
    mrr = _mrr(said, line, net, prorated=now["prorated"]) if now["type"] == "subscription" else 0
    return CountedLine(
        line,
        kind=now["type"],
        amount=now["amount_in_cents"],
        tax=now["tax_amount_in_cents"],
        prorated=now["prorated"],
        proration=now["proration_type"],
        edited=before,
        mrr=mrr,
    )


def _mrr(said: TrueSubscription, line: TrueLine, net: int, *, prorated: bool) -> int:
    exact = Fraction(net) * MONTHLY[said.interval] / said.interval_count
    if prorated:
        full = Fraction(int((said.period_end - said.period_start).total_seconds()))
        exact *= full / Fraction(int((line.end - line.start).total_seconds()))
    return _round(exact)


def _round(exact: Fraction) -> int:
    return rounded(Decimal(exact.numerator) / exact.denominator)


def _hundredths(minor: int, currency: str) -> int:
    return rounded(Decimal(minor).scaleb(2 - decimals(currency)))


def mrr_of(said: TrueSubscription, books: Books, *, rate: Decimal | None = None) -> int:
    """In the account's currency, by the rate at the start of the period, unless another one is given."""
    if not is_counted(said, books):
        return 0
    return sum(rounded(each.mrr * (said.rate if rate is None else rate)) for each in lines_of(said))


# -- rows


def source_rows(truth: BookOfTruth, flags: set[str]) -> list[Row]:
    systems = {each.system for each in truth.all()}
    found = [SOURCES[each] for each in sorted(systems)]
    if any(each.deviation == "second_source" for each in truth.all()):
        found.append(SECOND)
    return [_source_row(each, truth.books, flags) for each in found]


def _source_row(source: Source, books: Books, flags: set[str]) -> Row:
    row: Row = {**vars_of(source), "status": "idle"}
    handling = {
        "create_subscription_when_invoice_is": books.counts_from,
        "update_subscription_when_invoice_is": "open",
        "prevent_subscription_for_invoice_voided": True,
    }
    more: Row = {
        "processing_status": {"processed": 100, "failed": 0, "pending": books.pending_imports},
        "auto_churn_subscription_setting": {
            "enabled": books.auto_churn_days is not None,
            "interval": books.auto_churn_days,
        },
        "invoice_handling_setting": {"manual": handling, "automatic": handling},
    }
    return row | {name: value for name, value in more.items() if f"with_{name}" in flags}


def vars_of(source: Source) -> Row:
    return {
        "uuid": source.uuid, "name": source.name, "system": source.system, "created_at": source.created_at
    }  # fmt: skip


def customer_rows(truth: BookOfTruth, url: str) -> list[Row]:
    """Oldest first."""
    of: dict[str, list[TrueSubscription]] = {}
    for said in sorted(truth.all(), key=lambda each: (each.started_at, each.id)):
        of.setdefault(customer_of(said), []).append(said)
    return [_customer_row(uuid, some, truth.books, url) for uuid, some in of.items()]


def _customer_row(uuid: str, some: list[TrueSubscription], books: Books, url: str) -> Row:
    first, mrr = some[0], sum(mrr_of(each, books) * _times(each) for each in some)
    sources = [SOURCES[each.system].uuid for each in some]
    sources += [SECOND.uuid for each in some if each.deviation == "second_source"]
    own = first.counted_under or first.customer
    owes = any(each.owed_since and is_counted(each, books) for each in some)
    return {
        "id": AFTER_THE_SEED + int(uuid[-6:], 16),
        "uuid": uuid,
        "external_id": own,
        "external_ids": list(dict.fromkeys([own, *(each.customer for each in some)])),
        "name": first.company,
        "company": first.company,
        "email": first.email,
        "status": "Past Due" if owes else "Active" if mrr else "Cancelled",
        "customer-since": offset_time(first.started_at),
        "attributes": {"custom": {}, "stripe": {}, "tags": []},
        "data_source_uuid": sources[0],
        "data_source_uuids": list(dict.fromkeys(sources)),
        "mrr": mrr,
        "arr": mrr * 12,
        "chartmogul-url": f"{url}/chartmogul/customers/{uuid}",
        "billing-system-type": SOURCES[first.system].system,
        "currency": "USD",
        "currency-sign": "$",
    }


def _times(said: TrueSubscription) -> int:
    return len(_counting_sources(said))


def _counting_sources(said: TrueSubscription) -> list[Source]:
    """One whose invoices are all disabled counts nothing."""
    own = (invoice_uuid(each, SECOND) for each in imported(said))
    second = said.deviation == "second_source" and any(each not in said.disabled for each in own)
    return [SOURCES[said.system]] + [SECOND] * second


def invoice_uuid(invoice: TrueInvoice, source: Source | None = None) -> str:
    return uuid_of("inv", f"{(source or SOURCES[invoice.of.system]).uuid}:{invoice.id}")


def subscription_rows(truth: BookOfTruth, uuid: str) -> list[Row] | None:
    """None where it is no customer of the book."""
    found = [each for each in truth.all() if customer_of(each) == uuid]
    rows = [_subscription_row(each, truth.books) for each in found if each.deviation not in UNCOUNTED]
    return rows if found else None


def _subscription_row(said: TrueSubscription, books: Books) -> Row:
    mrr, id = mrr_of(said, books), subscription_of(said)
    return {
        "id": AFTER_THE_SEED + sum(map(ord, id)),
        "external_id": id,
        "subscription_set_external_id": id,
        "quantity": said.quantity,
        "uuid": uuid_of("x", id)[2:],
        "mrr": mrr,
        "arr": mrr * 12,
        "status": "active" if mrr else "inactive",
        "plan": said.plan,
        "billing-cycle": said.interval,
        "billing-cycle-count": said.interval_count,
        "start-date": offset_time(said.started_at),
        "end-date": offset_time(said.ended_at or said.period_end),
        "currency": "USD",
        "currency-sign": "$",
    }


def invoice_rows(truth: BookOfTruth, *, histories: bool) -> Iterator[Row]:
    """Newest first, as they were imported."""
    found = [(invoice, said) for said in truth.all() for invoice in imported(said)]
    for invoice, said in sorted(found, key=lambda each: (each[0].created, each[1].id), reverse=True):
        for source in [SOURCES[said.system]] + [SECOND] * (said.deviation == "second_source"):
            yield _invoice_row(said, invoice, source, histories=histories)


def _invoice_row(said: TrueSubscription, invoice: TrueInvoice, source: Source, *, histories: bool) -> Row:
    name = f"{source.uuid}:{invoice.id}"
    wrong = {"line_items": ["plan is missing"]} if said.deviation == "import_error" else {}
    return {
        "uuid": invoice_uuid(invoice, source),
        "external_id": invoice.id,
        "customer_uuid": customer_of(said),
        "customer_external_id": said.customer,
        "data_source_uuid": source.uuid,
        "date": zulu_time(invoice.created),
        "due_date": None,
        "currency": said.currency,
        "collection_method": "automatic",
        "status": {"open": "open", "paid": "paid", "lost": "written_off"}[invoice.status],
        "errors": wrong,
        "disabled": invoice_uuid(invoice, source) in said.disabled,
        "user_created": False,
        "line_items": [
            {"external_id": line_id(invoice, place)}
            | _line_row(said, _counted(said, each), f"{name}:{place}", histories=histories)
            for place, each in enumerate(invoice.lines)
        ],
        "transactions": _transactions(said, invoice, name),
    }


def _line_row(said: TrueSubscription, each: CountedLine, name: str, *, histories: bool) -> Row:
    row: Row = {
        "uuid": uuid_of("li", name),
        "type": each.kind,
        "amount_in_cents": each.amount,
        "quantity": 1 if each.line.kind in ("fee", "usage") else said.quantity,
        "discount_code": said.coupon.id if each.line.discount and said.coupon else "",
        "discount_amount_in_cents": _hundredths(each.line.discount, said.currency),
        "tax_amount_in_cents": each.tax,
        "transaction_fees_in_cents": 0,
        "errors": {},
        "disabled": False,
    }
    if each.kind == "subscription":
        row |= {
            "subscription_uuid": uuid_of("sub", subscription_of(said)),
            "subscription_external_id": subscription_of(said),
            "subscription_set_external_id": subscription_of(said),
            "plan_uuid": uuid_of("pl", plan_id(said, each.line)),
            "plan_external_id": plan_id(said, each.line),
            "prorated": each.prorated,
            "proration_type": each.proration,
            "service_period_start": zulu_time(each.line.start),
            "service_period_end": zulu_time(each.line.end),
        }
    if histories and each.edited:
        changes = {
            name: {"original_value": old, "edited_value": row.get(name)} for name, old in each.edited.items()
        }
        row["edit_history_summary"] = {
            "values_changed": changes,
            "latest_edit_author": "ana@mogulflow.example",
            "latest_edit_performed_at": zulu_time(said.period_start + timedelta(days=1)),
        }
    return row


def _transactions(said: TrueSubscription, invoice: TrueInvoice, name: str) -> list[Row]:
    def one(kind: str, id: str, at: datetime, result: str, minor: int) -> Row:
        return {
            "uuid": uuid_of("tr", f"{name}:{id}"),
            "external_id": id,
            "type": kind,
            "date": zulu_time(at),
            "result": result,
            "amount_in_cents": _hundredths(minor, said.currency),
        }

    result = "successful" if invoice.status == "paid" else "failed"
    found = [one("payment", invoice.charge, invoice.paid_at, result, invoice.total)]
    if said.refunded and invoice.is_of_the_period:
        at = invoice.created + timedelta(days=5)
        found.append(one("refund", f"re_{said.id}", at, "successful", said.refunded))
    return found


# -- what a person changes in it


def find_invoice(truth: BookOfTruth, uuid: str) -> tuple[str, Row] | None:
    """Of whom it is, and its row."""
    return next((each for each in _invoices(truth) if each[1]["uuid"] == uuid), None)


def find_line(truth: BookOfTruth, uuid: str) -> tuple[str, str, Row] | None:
    """Of whom it is, its kind, and its row."""
    for said in truth.all():
        source = SOURCES[said.system]
        for invoice in imported(said):
            for place, line in enumerate(invoice.lines):
                name = f"{source.uuid}:{invoice.id}:{place}"
                if uuid_of("li", name) == uuid:
                    row = _line_row(said, _counted(said, line), name, histories=False)
                    return said.id, line.kind, {"external_id": line_id(invoice, place)} | row
    return None


def _invoices(truth: BookOfTruth) -> Iterator[tuple[str, Row]]:
    for said in truth.all():
        for invoice in imported(said):
            for source in [SOURCES[said.system]] + [SECOND] * (said.deviation == "second_source"):
                yield said.id, _invoice_row(said, invoice, source, histories=False)


def edit_line(truth: BookOfTruth, id: str, kind: str, fields: Mapping[str, Any]) -> None:
    said = next(each for each in truth.all() if each.id == id)
    own = {**said.corrected.get(kind, {}), **fields}
    truth.change(id, corrected={**said.corrected, kind: own})


def switch_invoice(truth: BookOfTruth, id: str, uuid: str, *, disabled: bool) -> None:
    said = next(each for each in truth.all() if each.id == id)
    others = [each for each in said.disabled if each != uuid]
    truth.change(id, disabled=[*others, uuid] if disabled else others)


# -- movements


@dataclass(frozen=True)
class Moved:
    key: tuple[float, int]
    row: Row

    @property
    def day(self) -> datetime:
        return datetime.fromisoformat(self.row["date"])


def movements(truth: BookOfTruth) -> list[Moved]:
    """Oldest first."""
    found: list[tuple[datetime, str, int, TrueSubscription, Source]] = []
    for said in truth.all():
        for source in _counting_sources(said):
            found += [(*each, said, source) for each in _steps(said, truth.books)]
    found.sort(key=lambda each: (each[0], each[3].id, each[4].uuid))
    return [_moved(number, *each) for number, each in enumerate(found)]


def _steps(said: TrueSubscription, books: Books) -> Iterator[tuple[datetime, str, int]]:
    """In the account's currency by the rate at its beginning: what a rate does later moves nothing."""
    rate = said.rate if said.rate_first is None else said.rate_first
    alive = said.model_copy(update={"ended_at": None, "standing": _before_its_end(said)})
    if not is_counted(alive, books):
        return
    base = mrr_of(alive.model_copy(update={"upgraded_at": None}), books, rate=rate)
    more = mrr_of(alive, books, rate=rate) - base
    yield said.started_at, "new_biz", base
    if more and said.upgraded_at:
        yield said.upgraded_at, "expansion" if more > 0 else "contraction", more
    left = said.ended_at or (said.paused_at if said.system == "recurly" else None)
    if left:
        yield left, "churn", -(base + more)


def _before_its_end(said: TrueSubscription) -> Any:
    gone = said.ended_at is not None or (said.standing == "paused" and said.system == "recurly")
    return "active" if gone else said.standing


def _moved(number: int, at: datetime, kind: str, cents: int, said: TrueSubscription, source: Source) -> Moved:
    id, date_ = subscription_of(said), at.replace(microsecond=0)
    row = {
        "description": f"{kind} of the {said.plan} plan",
        "activity-mrr-movement": cents,
        "activity-mrr": max(cents, 0),
        "activity-arr": max(cents, 0) * 12,
        "date": offset_time(date_),
        "type": kind,
        "currency": "USD",
        "subscription-external-id": id,
        "subscription-set-external-id": id,
        "plan-external-id": plan_of(said),
        "customer-name": said.company,
        "customer-uuid": customer_of(said),
        "customer-external-id": said.customer,
        "billing-connector-uuid": source.uuid,
        "uuid": uuid_of("x", f"{source.uuid}:{id}:{kind}:{at}")[2:],
    }
    return Moved((date_.timestamp(), AFTER_THE_SEED + number), row)


def mrr_on(truth: BookOfTruth, day: date, zone: str) -> int:
    """At its end: what has begun, by the rates of the periods, less what has ended."""
    end = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    found = 0
    for said in truth.all():
        left = said.ended_at or (said.paused_at if said.system == "recurly" else None)
        if said.started_at < end and (left is None or left >= end):
            alive = said.model_copy(update={"ended_at": None, "standing": _before_its_end(said)})
            found += mrr_of(alive, truth.books) * _times(said)
    return found
