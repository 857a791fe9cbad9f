"""What three billing systems say of a failed payment is one kind of event, however they say it."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from models.billing import NoFailedPayment
from models.chargebee import ChargebeeEvent, from_chargebee
from models.event import EventSource
from models.events import FailedPayment
from models.minor_units import ISO_4217, STRIPE, money, whole_money
from models.money import Money
from models.recurly import RecurlyNotification, RecurlyTransaction, from_recurly, from_recurly_transaction
from models.stripe import StripeEvent, from_stripe

AT = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
SECONDS = int(AT.timestamp())
NEXT = datetime(2026, 11, 6, 9, 30, tzinfo=UTC)

STRIPE_INVOICE = {
    "id": "in_1Mtx",
    "object": "invoice",
    "customer": "cus_N1",
    "customer_name": "Müller <Söhne>",
    "amount_due": 4900,
    "amount_remaining": 2900,
    "currency": "usd",
    "attempt_count": 2,
    "next_payment_attempt": int(NEXT.timestamp()),
    "hosted_invoice_url": "https://invoice.stripe.com/i/acct_1/live_1?s=ap",
}
CHARGEBEE_CONTENT = {
    "transaction": {
        "id": "txn_1",
        "date": SECONDS - 5,
        "error_code": "card_declined",
        "error_text": "Insufficient funds",
    },
    "invoice": {
        "id": "INV-7",
        "customer_id": "cus_N1",
        "amount_due": 4900,
        "currency_code": "USD",
        "next_retry_at": int(NEXT.timestamp()),
        "dunning_attempts": [{"attempt": 1}],
        "linked_payments": [
            {"txn_id": "txn_0", "txn_status": "failure"},
            {"txn_id": "txn_1", "txn_status": "failure"},
            {"txn_id": "txn_2", "txn_status": "success"},
        ],
    },
    "customer": {"id": "cus_N1", "first_name": "Zoë", "last_name": "Lind", "company": None},
}
NOTIFIED = {
    "id": "a5143c1d3a6f4a8287d0e2cc1d4c0427",
    "invoice_id": "1974a09kj90s0789dsf099798326881c",
    "invoice_number_prefix": "FR",
    "invoice_number": 2059,
    "date": "2026-11-03T10:30:00+01:00",
    "amount_in_cents": 1999,
    "currency": "EUR",
    "status": "declined",
    "message": "The card was declined",
    "failure_type": "Declined by the gateway",
}
RECURLY_ROW = {
    "id": "e28zov4fw0v2",
    "uuid": NOTIFIED["id"],
    "type": "purchase",
    "status": "declined",
    "amount": 19.99,
    "currency": "EUR",
    "status_message": "The card was declined",
    "customer_message": "Please use another card",
    "created_at": "2026-11-03T09:30:00Z",
    "account": {"id": "x", "code": "cus_N1", "company": "Acme"},
    "invoice": {"id": "y", "number": "FR2059"},
}


def stripe(type: str = "invoice.payment_failed", created: Any = SECONDS, **invoice: Any) -> FailedPayment:
    data = {"object": STRIPE_INVOICE | invoice}
    body = {"id": "evt_1", "object": "event", "type": type, "created": created, "data": data}
    return from_stripe(StripeEvent.model_validate(body), "default")


def chargebee(type: str = "payment_failed", **content: Any) -> FailedPayment:
    body = {
        "id": "ev_1",
        "event_type": type,
        "occurred_at": SECONDS,
        "content": CHARGEBEE_CONTENT | content,
    }
    return from_chargebee(ChargebeeEvent.model_validate(body), "default")


def notified(**transaction: Any) -> FailedPayment:
    failed = {
        "account": {"account_code": "cus_N1", "company_name": "Acme"},
        "transaction": NOTIFIED | transaction,
    }
    return from_recurly(
        RecurlyNotification.model_validate({"failed_payment_notification": failed}), "default"
    )


def recurly(**row: Any) -> FailedPayment:
    return from_recurly_transaction(
        RecurlyTransaction.model_validate(RECURLY_ROW | row), "default", EventSource.POLL
    )


def test_stripe_names_the_attempt_and_where_the_customer_pays() -> None:
    found = stripe()
    assert found.model_dump(exclude={"event_id"}) == {
        "kind": "failed_payment",
        "account": "default",
        "occurred_at": AT,
        "customer_uuid": "",
        "customer_name": "Müller <Söhne>",
        "customer_external_id": "cus_N1",
        "amount": {"cents": 2900, "currency": "USD"},
        "source": EventSource.BILLING,
        "occurrence": 1,
        "invoice": "in_1Mtx",
        "transaction": None,
        "attempt": 2,
        "next_attempt_at": NEXT,
        "reason": "",
        "link": "https://invoice.stripe.com/i/acct_1/live_1?s=ap",
        "billing_system": "stripe",
        "data_source": "",
        "apart": "",
    }


def test_chargebee_names_the_transaction_and_counts_all_attempts() -> None:
    found = chargebee()
    assert (found.invoice, found.transaction, found.attempt) == ("INV-7", "txn_1", 2)
    assert (found.occurred_at, found.next_attempt_at) == (AT.replace(minute=29, second=55), NEXT)
    assert (found.customer_name, found.reason) == ("Zoë Lind", "Insufficient funds")
    assert found.amount == Money(cents=4900, currency="USD")


def test_recurly_s_notification_and_its_transaction_are_one_event() -> None:
    told, listed = notified(), recurly()
    assert told.event_id == listed.event_id
    assert told.run_key == listed.run_key
    assert (told.invoice, told.transaction) == ("FR2059", NOTIFIED["id"])
    same = {"customer_external_id", "customer_name", "amount", "reason", "occurred_at"}
    assert told.model_dump(include=same) == listed.model_dump(include=same)
    assert (listed.amount, listed.source) == (Money(cents=1999, currency="EUR"), EventSource.POLL)


def test_recurly_s_newer_notification_only_points_at_the_transaction() -> None:
    body = RecurlyNotification.model_validate(
        {
            "id": "rafhdbbf41mc",
            "object_type": "payment",
            "site_id": "qc326l1hl8k9",
            "event_type": "failed",
            "event_time": "2022-07-27T21:43:53Z",
            "uuid": NOTIFIED["id"],
        }
    )
    assert body.points_at == NOTIFIED["id"]
    with pytest.raises(NoFailedPayment, match="points at a transaction"):
        from_recurly(body, "default")


@pytest.mark.parametrize(
    "body",
    [
        {"object_type": "payment", "event_type": "succeeded", "uuid": "x"},
        {"object_type": "charge_invoice", "event_type": "failed", "uuid": "x"},
        {"successful_payment_notification": {"transaction": NOTIFIED}},
        {},
    ],
)
def test_other_notifications_point_at_nothing(body: dict[str, Any]) -> None:
    read = RecurlyNotification.model_validate(body)
    assert read.points_at is None
    with pytest.raises(NoFailedPayment, match="no failed payment"):
        from_recurly(read, "default")


def test_what_is_of_another_data_source_is_another_event_with_a_key_of_its_own() -> None:
    """That of a data source alone, which most have, is what it has always been."""
    known = {("default", "stripe"): "ds_1"}
    plain = stripe()
    ours, theirs = plain.of_source(known), plain.model_copy(update={"data_source": "DS_2"})
    assert (ours.event_id, ours.run_key) == (plain.event_id, plain.run_key)
    assert theirs.is_of_another(ours.origin)
    assert not theirs.is_same_attempt(ours)
    assert not plain.is_of_another(ours.origin)
    apart = theirs.told_apart()
    assert apart is not None
    assert apart.event_id != plain.event_id
    assert apart.run_key != plain.run_key
    assert apart.told_apart() is None


def test_a_billing_system_tells_apart_where_no_data_source_is_known() -> None:
    ours, theirs = stripe(), stripe().model_copy(update={"billing_system": "recurly"})
    assert theirs.is_of_another(ours.origin)
    assert not theirs.model_copy(update={"billing_system": ""}).is_of_another(ours.origin)


def test_each_attempt_is_an_event_and_an_invoice_one_run() -> None:
    first, second = stripe(attempt_count=1), stripe(attempt_count=2)
    assert first.event_id != second.event_id
    assert first.run_key == second.run_key
    again = stripe(attempt_count=2, created=SECONDS + 60, amount_remaining=1)
    assert second.event_id == again.event_id
    asked = stripe("invoice.payment_action_required")
    assert (asked.event_id, asked.reason) == (second.event_id, "the bank asks the customer to confirm")


@pytest.mark.parametrize(
    "said",
    [
        lambda: stripe("invoice.paid"),
        lambda: chargebee("payment_succeeded"),
        lambda: chargebee(invoice=None),
        lambda: notified(invoice_id=None, invoice_number=None),
        lambda: recurly(status="success"),
        lambda: recurly(type="verify"),
        lambda: recurly(invoice=None),
    ],
)
def test_what_is_well_formed_and_something_else_is_no_failed_payment(said: Any) -> None:
    with pytest.raises(NoFailedPayment):
        said()


@pytest.mark.parametrize(
    "said",
    [
        lambda: stripe(id=None),
        lambda: stripe(id=" "),
        lambda: stripe(id=["jane@acme.example"]),
        lambda: stripe(created=None),
        lambda: stripe(created="yesterday"),
        lambda: stripe(created=True),
        lambda: chargebee(invoice={"customer_id": "jane@acme.example"}),
        lambda: notified(date="3 November"),
        lambda: recurly(created_at=None),
    ],
)
def test_what_makes_the_identity_is_needed_and_nothing_is_quoted(said: Any) -> None:
    with pytest.raises(ValidationError) as caught:
        said()
    assert "jane" not in str(caught.value)


def test_what_nothing_depends_on_is_taken_as_it_can_be() -> None:
    found = stripe(
        customer={"id": "cus_N2", "object": "customer"},
        customer_name={"a": 1},
        amount_remaining="29.00",
        attempt_count="many",
        next_payment_attempt="soon",
        hosted_invoice_url="javascript:alert(1)",
    )
    assert (found.customer_external_id, found.customer_name) == ("cus_N2", "")
    assert (found.amount, found.attempt, found.next_attempt_at, found.link) == (
        Money(cents=4900, currency="USD"),
        None,
        None,
        None,
    )
    assert stripe(hosted_invoice_url="https://x/" + "a" * 3_000).link is None
    assert chargebee(customer=None, transaction=None).transaction is None
    assert chargebee(invoice={"id": "INV-7", "dunning_attempts": None}).attempt is None


def test_nothing_left_to_pay_is_nothing_and_not_the_whole_sum() -> None:
    assert stripe(amount_remaining=0).amount == Money(cents=0, currency="USD")
    assert stripe(amount_remaining=None).amount == Money(cents=4900, currency="USD")


@pytest.mark.parametrize(
    ("date", "instant"),
    [
        ("2026-11-03T09:30:00Z", AT),
        ("2026-11-03T10:30:00+01:00", AT),
        ("2026-11-03T09:30:00", AT),
        ("2026-11-03 09:30:00 UTC", None),
        (SECONDS, AT),
        (SECONDS * 1000, AT),
        (f"{SECONDS}", None),
        (-1, None),
        (1e300, None),
    ],
)
def test_recurly_s_times_are_read_in_each_of_their_forms(date: Any, instant: datetime | None) -> None:
    if instant is None:
        with pytest.raises(ValidationError):
            notified(date=date)
    else:
        assert notified(date=date).occurred_at == instant


@pytest.mark.parametrize(
    ("amount", "currency", "cents"),
    [
        (4900, "usd", 4900),
        (4900, "JPY", 490_000),
        (4900, " krw ", 490_000),
        (4900, "KWD", 490),
        (12_345, "BHD", 1234),
        (4900, "HUF", 4900),
        (4900, "RSD", 4900),
        (-1, "EUR", -1),
        (0, "EUR", 0),
    ],
)
def test_the_smallest_unit_is_that_of_the_currency(amount: int, currency: str, cents: int) -> None:
    found = money(amount, currency, ISO_4217)
    assert found == Money(cents=cents, currency=currency.strip().upper())
    assert money(amount, currency, STRIPE) == found


def test_stripe_keeps_two_decimals_of_two_currencies_that_have_none() -> None:
    for code in ("ISK", "UGX"):
        assert money(500, code, STRIPE) == Money(cents=500, currency=code)
        assert money(500, code, ISO_4217) == Money(cents=50_000, currency=code)


@pytest.mark.parametrize("currency", [None, "", "US", "€€€", "USDT", "U1D", "ÜÜÜ"])
def test_what_is_no_currency_is_no_amount(currency: str | None) -> None:
    assert money(100, currency, STRIPE) is None
    assert stripe(currency=currency).amount is None


def test_an_amount_beyond_all_bounds_is_none() -> None:
    assert money(10**30, "USD", STRIPE) is None
    assert whole_money(None, "USD") is None


def test_recurly_s_decimals_are_exact_and_its_cents_of_yen_are_not_guessed() -> None:
    assert recurly(amount=0.1 + 0.2).amount == Money(cents=30, currency="EUR")
    assert recurly(amount="1234.56").amount == Money(cents=123_456, currency="EUR")
    assert recurly(amount=4900, currency="JPY").amount == Money(cents=490_000, currency="JPY")
    assert recurly(amount="NaN").amount is None
    assert notified(currency="JPY").amount is None
