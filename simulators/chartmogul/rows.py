"""ChartMogul's JSON: customers, subscriptions, movements, notes, and the webhook's body."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from simulators.chartmogul.book import Book
from simulators.chartmogul.catalog import Source, plan_uuid, source_of
from simulators.chartmogul.ledger import SubscriptionState, now
from simulators.chartmogul.movements import MrrMovement
from simulators.chartmogul.notes import Note
from simulators.kit.seed import PLACES, Customer, Seed

ACCOUNT = {
    "id": "acc_3f1c0b6e-1a8e-4f0e-9d5b-5f0f6a3f7d21",
    "name": "Demo Account",
    "currency": "USD",
    "time_zone": "Europe/Berlin",
    "week_start_on": "monday",
}
ACCOUNT_EXTRAS = {
    "churn_recognition": "churn_at_time_of_cancelation",
    "churn_when_zero_mrr": True,
    "auto_churn_subscription": False,
    "refund_handling": "refund_ignore",
    "proximate_movement_reclassification": "one_hour_reclassification",
}
SYMBOLS = {"USD": "$", "EUR": "€"}
EUR_PER_USD = 0.92
COUNTRIES = {code: name for code, name, _ in PLACES}


def offset_time(instant: datetime) -> str:
    """How activities, subscriptions and customer-since are written."""
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def zulu_time(instant: datetime) -> str:
    """How the webhook, notes and created_at are written."""
    return f"{instant.astimezone(UTC).isoformat(timespec='seconds')[:19]}.000Z"


def customer_row(book: Book, customer: Customer, url: str) -> dict[str, Any]:
    shown = book.shown
    mrr = book.mrr(customer, known_by=shown)
    code, _, city = customer.place
    row = {
        "id": 204_810_000 + customer.number,
        "uuid": customer.uuid,
        "external_id": customer.external_id,
        "name": customer.name,
        "email": customer.email,
        "status": book.status(customer, known_by=shown),
        "customer-since": None if _is_lead(book, customer) else offset_time(customer.since),
        "attributes": attributes_row(book, customer),
        "data_source_uuid": source_of(customer).uuid,
        "data_source_uuids": [source_of(part).uuid for part in book.customers.parts(customer)],
        "external_ids": _external_ids(book, customer),
        "company": customer.company,
        "country": code,
        "state": None,
        "city": city,
        "zip": None,
        "lead_created_at": zulu_time(customer.since - timedelta(days=10)),
        "free_trial_started_at": None,
        "address": {},
        "mrr": mrr,
        "arr": mrr * 12,
        "billing-system-url": None,
        "chartmogul-url": f"{url}/chartmogul/customers/{customer.uuid}",
        "billing-system-type": source_of(customer).system,
        "currency": "USD",
        "currency-sign": "$",
        "owner": None,
        "website_url": None,
    }
    row |= {name: value for name, value in book.written(customer).items() if name != "status"}
    return row | {"address": _address(row)}


def _is_lead(book: Book, customer: Customer) -> bool:
    return book.customers.newcomers.has(customer.number) and not book.movements(customer)


def _address(row: Mapping[str, Any]) -> dict[str, Any]:
    """The same with full names."""
    code, zip = row["country"], row["zip"]
    return {
        "country": COUNTRIES.get(code, code), "state": row["state"], "city": row["city"], "address_zip": zip
    }  # fmt: skip


def named(book: Book, customer: Customer) -> dict[str, str]:
    """Name, company and e-mail as they are now."""
    seeded = {"name": customer.name, "company": customer.company, "email": customer.email}
    if not (written := book.written(customer)):
        return seeded
    return {name: written.get(name, value) or "" for name, value in seeded.items()}


def _called(book: Book, customer: Customer) -> str:
    if not book.written(customer):  # nearly always, and there are millions of movements
        return customer.company or customer.name
    shown = named(book, customer)
    return shown["company"] or shown["name"]


def attributes_row(book: Book, customer: Customer) -> dict[str, Any]:
    return {"custom": book.custom_attributes(customer), "stripe": {}, "tags": book.tags(customer)}


def subscription_row(
    book: Book, customer: Customer, subscription: SubscriptionState, index: int
) -> dict[str, Any]:
    return {
        "id": 5_322_800_000 + customer.number * 10 + index,
        "external_id": subscription.external_id,
        "subscription_set_external_id": subscription.external_id,
        "quantity": subscription.quantity if subscription.mrr else 0,
        "uuid": f"147cba1a-1fd9-411b-bcb{index % 10}-{customer.uuid[-12:]}",
        "mrr": subscription.mrr,
        "arr": subscription.mrr * 12,
        "status": "active" if subscription.mrr else "inactive",
        "plan": book.catalog.name(_source(subscription.external_id), subscription.plan),
        "billing-cycle": subscription.plan.cycle,
        "billing-cycle-count": 1,
        "start-date": offset_time(subscription.start),
        "end-date": offset_time(subscription.end or _period_end(subscription)),
        "currency": "USD",
        "currency-sign": "$",
    }


def imported_subscription_row(seed: Seed, subscription: SubscriptionState) -> dict[str, Any]:
    """As the other list of subscriptions shows the same."""
    source = _source(subscription.external_id)
    end = subscription.end
    return {
        "uuid": subscription_uuid(seed, subscription.external_id),
        "external_id": subscription.external_id,
        "subscription_set_external_id": subscription.external_id,
        "plan_uuid": plan_uuid(source, subscription.plan),
        "data_source_uuid": source.uuid,
        "cancellation_dates": [zulu_time(end)] if end else [],
    }


def subscription_uuid(seed: Seed, external_id: str) -> str:
    number, which = _number_in(external_id)
    return seed.uuid_of("sub", number, which, seed.customer(number).terms.digest)


def _source(subscription_external_id: str) -> Source:
    """Where it is billed, also after its customer was merged into one of another data source."""
    return source_of(_number_in(subscription_external_id)[0])


def _number_in(subscription_external_id: str) -> tuple[int, int]:
    """Of the customer, and which of its subscriptions."""
    number, _, which = subscription_external_id.removeprefix("sub_").partition("_")
    return int(number), int(which or 1)


def _period_end(subscription: SubscriptionState) -> datetime:
    """An active subscription's end-date is the end of its current period."""
    days = 30 if subscription.plan.cycle == "month" else 365
    periods = (now() - subscription.start) // timedelta(days=days) + 1
    return subscription.start + timedelta(days=days * max(periods, 1))


def customer_activity_rows(book: Book, customer: Customer) -> list[dict[str, Any]]:
    """Newest computed first."""
    shown = book.shown
    running = book.running_mrr(customer, shown)
    rows = [
        {"id": book.activity_id(movement), "currency-sign": "$"}
        | _movement_row(movement, running[movement.id])
        for movement in book.movements(customer, shown)
    ]
    return sorted(rows, key=lambda row: row["id"], reverse=True)


def _movement_row(movement: MrrMovement, mrr: int) -> dict[str, Any]:
    """What both lists of movements say; `mrr` is the customer's after it."""
    return {
        "description": movement.description,
        "activity-mrr-movement": movement.cents,
        "activity-mrr": mrr,
        "activity-arr": mrr * 12,
        "date": offset_time(movement.date),
        "type": movement.type,
        "currency": "USD",
        "subscription-external-id": movement.subscription,
    }


def activity_rows(book: Book, movements: Iterable[MrrMovement]) -> list[dict[str, Any]]:
    """What a customer pays is added up once at most, however many of its movements there are."""
    shown, running, rows = book.shown, dict[int, dict[int, int]](), []
    for movement in movements:
        customer, mrr = movement.customer, movement.paid_after
        if mrr is None or not book.is_as_seeded(customer):
            if customer.number not in running:
                running[customer.number] = book.running_mrr(customer, shown)
            mrr = running[customer.number][movement.id]
        rows.append(_activity_row(book, movement, mrr))
    return rows


def activity_row(book: Book, movement: MrrMovement) -> dict[str, Any]:
    """Also of a movement that the API does not show yet."""
    known_by = max(book.shown, movement.known_at)
    running = book.running_mrr(movement.customer, known_by)
    return _activity_row(book, movement, running[movement.id])


def _activity_row(book: Book, movement: MrrMovement, mrr: int) -> dict[str, Any]:
    customer = movement.customer
    return _movement_row(movement, mrr) | {
        "subscription-set-external-id": movement.subscription,
        "plan-external-id": movement.plan.external_id,
        "customer-name": _called(book, customer),
        "customer-uuid": customer.uuid,
        "customer-external-id": customer.external_id,
        "billing-connector-uuid": _source(movement.subscription).uuid,
        "uuid": book.activity_uuid(movement),
    }


def note_row(customer: Customer, note: Note) -> dict[str, Any]:
    return {
        "uuid": note.uuid,
        "customer_uuid": customer.uuid,
        "type": note.type,
        "text": note.text,
        "call_duration": 60 if note.type == "call" else 0,
        "author": note.author,
        "created_at": zulu_time(note.created_at),
        "updated_at": zulu_time(note.created_at),
    }


def webhook_body(book: Book, movement: MrrMovement) -> dict[str, Any]:
    customer = movement.customer
    known_by = max(now(), movement.known_at)
    mrr = book.running_mrr(customer, known_by)[movement.id]
    currency = customer.invoice_currency
    invoiced = round(movement.cents * EUR_PER_USD) if currency == "EUR" else movement.cents
    shown = named(book, customer)
    return {
        "date": zulu_time(movement.date),
        "type": "mrr_movement",
        "customer": {
            "name": shown["name"],
            "uuid": customer.uuid,
            "email": shown["email"],
            "status": book.status(customer, movement.date, known_by).lower(),
            "company": shown["company"],
            "currency": "USD",
            "current_arr": mrr * 12,
            "current_mrr": mrr,
            "external_id": customer.external_id,
            "external_ids": _external_ids(book, customer),
            "currency_symbol": "$",
            "data_source_uuid": source_of(customer).uuid,
        },
        "description": movement.description,
        "subscription": {"external_id": movement.subscription},
        "movement_type": movement.type,
        "account_currency": "USD",
        "invoice_currency": currency,
        "account_currency_symbol": "$",
        "invoice_currency_symbol": SYMBOLS[currency],
        "movement_amount_in_cent": movement.cents,
        "mrr_movement_in_account_currency": movement.cents,
        "mrr_movement_in_invoice_currency": invoiced,
    }


def _external_ids(book: Book, customer: Customer) -> list[str]:
    return [part.external_id for part in book.customers.parts(customer)]
