"""What the readers of a month are made of: exact prices, states before a change, counts against counts."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from pydantic import BaseModel

from clients.kit.aside import Aside
from clients.kit.errors import Unavailable
from clients.kit.tables import Tally, Unreadable
from clients.recurly.books.subscriptions import subscription_of as of_recurly
from clients.stripe.books import changes
from clients.stripe.books.prices import Price
from clients.stripe.books.subscriptions import subscription_of
from clients.stripe.books.windows import even, since_ever
from models.minor_units import STRIPE, exact_minor, minor_of
from models.reconciliation.books import Standing
from tests.contracts.books import stream

NOW = datetime(2026, 11, 1, 0, 10, tzinfo=UTC)
MONTHLY = {"interval": "month", "interval_count": 1, "usage_type": "licensed"}
TIERS = [
    {"up_to": 5, "unit_amount": 1000, "flat_amount": 300},
    {"up_to": 10, "unit_amount_decimal": "500.5"},
    {"up_to": None, "unit_amount": 0, "flat_amount": 99},
]


def price(**more: Any) -> Price:
    return Price.model_validate({"id": "p", "currency": "usd", "recurring": MONTHLY, **more})


@pytest.mark.parametrize(
    ("said", "quantity", "cost"),
    [
        ({"unit_amount": 1999}, "3", "5997"),
        ({"unit_amount": 2, "unit_amount_decimal": Decimal("1.75")}, "3", "5.25"),
        ({"unit_amount": 100, "transform_quantity": {"divide_by": 10, "round": "up"}}, "11", "200"),
        ({"unit_amount": 100, "transform_quantity": {"divide_by": 10, "round": "down"}}, "19", "100"),
        ({"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}, "0", "300"),
        ({"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}, "5", "5300"),
        ({"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}, "7", "6301"),
        ({"billing_scheme": "tiered", "tiers_mode": "graduated", "tiers": TIERS}, "12", "7901.5"),
        ({"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": TIERS}, "7", "3503.5"),
        ({"billing_scheme": "tiered", "tiers_mode": "volume", "tiers": TIERS}, "11", "99"),
    ],
)
def test_a_price_costs_what_its_tiers_say(said: dict[str, Any], quantity: str, cost: str) -> None:
    assert price(**said).cost(Decimal(quantity)) == Decimal(cost)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"billing_scheme": "tiered", "tiers_mode": "graduated"},
        {"billing_scheme": "tiered", "tiers_mode": "new", "tiers": TIERS},
    ],
)
def test_a_price_that_does_not_say_is_refused(said: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        price(**said).cost(Decimal(1))


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [(5000, "JPY", 5000), (500, "ISK", 5), (5, "MGA", 500), (12_345, "KWD", 12_345), (1999, "USD", 1999)],
)
def test_stripes_amounts_are_in_the_currencys_own_unit(amount: int, currency: str, minor: int) -> None:
    assert exact_minor(amount, currency, STRIPE) == minor_of(amount, currency, STRIPE) == minor


def test_an_amount_in_the_currency_is_exact_or_refused() -> None:
    assert minor_of(Decimal("19.99"), "USD") == 1999
    assert minor_of(Decimal("1.234"), "KWD") == 1234
    for amount, currency in (("19.999", "USD"), ("0.5", "JPY")):
        with pytest.raises(ValueError, match="whole"):
            minor_of(Decimal(amount), currency)


def subscription(**more: Any) -> dict[str, Any]:
    item = {"id": "si", "quantity": 1, "discounts": [], "price": price(unit_amount=5000).model_dump()}
    said = {"id": "sub_1", "status": "active", "currency": "usd", "customer": "cus_1"}
    return {**said, "items": {"data": [item], "has_more": False}, "discounts": [], **more}


def event(kind: str, created: int, row: dict[str, Any], **previous: Any) -> dict[str, Any]:
    data = {"object": row, "previous_attributes": previous}
    return {"id": f"evt_{created}", "type": f"customer.subscription.{kind}", "created": created, "data": data}


def noted(*events: dict[str, Any]) -> Aside:
    """As a list tells them: newest first."""
    aside = Aside()
    for each in reversed(events):
        changes.note(aside, each)
    return aside


def test_the_first_change_says_how_it_was() -> None:
    first = event("updated", 100, subscription(status="past_due"), status="active")
    later = event("updated", 200, subscription(status="unpaid"), status="past_due")
    now = subscription(status="unpaid")
    aside = noted(first, later)
    before = changes.before(aside, now)
    assert before is not None
    assert before["status"] == "active"
    assert changes.changed_at(aside, "sub_1") == datetime.fromtimestamp(200, UTC)


def test_of_an_object_inside_only_what_was_otherwise_is_told() -> None:
    row = subscription(trial_settings={"a": 1, "b": 2})
    before = changes.before(noted(event("updated", 1, row, trial_settings={"a": 7})), row)
    assert before is not None
    assert before["trial_settings"] == {"a": 7, "b": 2}


@pytest.mark.parametrize(
    ("reason", "status"), [("cancellation_requested", "active"), ("payment_failed", "past_due"), (None, None)]
)
def test_an_end_says_how_it_stood_before_or_nobody_knows(reason: str | None, status: str | None) -> None:
    row = subscription(
        status="canceled", ended_at=90, canceled_at=90, cancellation_details={"reason": reason}
    )
    aside = noted(event("deleted", 90, row))
    if status is None:
        with pytest.raises(Unreadable):
            changes.before(aside, row)
        return
    before = changes.before(aside, row)
    assert before is not None
    assert (before["status"], before["ended_at"], before["canceled_at"]) == (status, None, None)


def test_a_discount_that_is_gone_is_no_guess() -> None:
    row = subscription()
    with pytest.raises(Unreadable, match="discount"):
        changes.before(noted(event("updated", 1, row, discounts=["di_1"])), row)


def test_what_began_after_the_cut_was_not_there() -> None:
    row = subscription()
    assert changes.before(noted(event("created", 1, row), event("updated", 2, row, status="x")), row) is None


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"status": "asleep"}, "status"),
        ({"items": {"data": [], "has_more": True}}, "more items"),
        ({"discounts": ["di_1"]}, "discounts"),
        ({"discounts": [{"id": "di_1", "source": {"coupon": "gone"}}]}, "coupon"),
    ],
)
async def test_a_row_that_does_not_fit_is_left_out_and_named(more: dict[str, Any], why: str) -> None:
    tally = Tally()
    rows = stream([subscription(**more), subscription(id="sub_2"), {"status": "active"}])

    def of(row: dict[str, Any]) -> BaseModel:
        return subscription_of(row, "default", "https://x", NOW)

    found = [each async for each in tally.records("subscriptions", rows, lambda row: row.get("id"), of)]
    assert [each.model_dump()["id"] for each in found] == ["sub_2"]
    bad, nameless = tally.left_out
    assert bad.startswith("subscriptions sub_1: ")
    assert why in bad
    assert nameless == "subscriptions without an id: it has no id"


def test_an_interval_that_is_unknown_is_refused() -> None:
    item = subscription()["items"]["data"][0]
    item["price"]["recurring"]["interval"] = "fortnight"
    with pytest.raises(ValueError, match="interval"):
        subscription_of(subscription(items={"data": [item]}), "default", "https://x", NOW)


def test_the_customers_discount_counts_where_the_subscription_has_none() -> None:
    discount = {"id": "di_c", "source": {"coupon": {"id": "c", "percent_off": 10, "duration": "forever"}}}
    own = {"id": "di_s", "coupon": {"id": "s", "amount_off": 500, "currency": "usd", "duration": "once"}}
    customer = {"id": "cus_1", "discount": discount}
    for discounts, ids in (([], ["di_c"]), ([own], ["di_s"])):
        found = subscription_of(subscription(customer=customer, discounts=discounts), "default", "x", NOW)
        assert [each.id for each in found.discounts] == ids


@pytest.mark.parametrize(
    ("kind", "cost"), [("flat", "5997"), ("tiered", "4500"), ("volume", "1500"), ("stairstep", "500")]
)
def test_an_add_on_of_recurlys_costs_what_its_kind_says(kind: str, cost: str) -> None:
    add_on = {
        "id": "a",
        "add_on": {"code": "seats", "add_on_type": "fixed"},
        "quantity": 3,
        "unit_amount": 19.99,
        "tier_type": kind,
        "tiers": [{"ending_quantity": 2, "unit_amount": 20}, {"ending_quantity": None, "unit_amount": 5}],
    }
    row = {
        "uuid": "u",
        "state": "active",
        "currency": "USD",
        "unit_amount": 0,
        "plan": {"code": "p", "interval_unit": "months", "interval_length": 1},
        "add_ons": [add_on],
        "trial_ends_at": (NOW + timedelta(days=1)).isoformat(),
    }
    found = of_recurly(row, "default", "", NOW)
    assert found.items[1].amount == Decimal(cost)
    assert found.standing is Standing.TRIALING


async def test_each_row_counts_once_and_one_that_contradicts_is_named() -> None:
    tally = Tally()
    assert [tally.is_new("n", id, row) for id, row in (("a", 1), ("a", 1), ("b", 1), ("b", 2))] == [
        True, False, True, False
    ]  # fmt: skip
    assert tally.changed_while_read == ["b"]
    await tally.second_pass("n", stream(["b", "c", "c"]), "second pass")
    [control] = tally.controls
    assert (control.read, control.expected, control.closes) == (2, 3, False)
    assert "1 were there at first alone" in control.how


async def test_a_page_is_asked_for_again_and_each_try_is_a_call() -> None:
    tally, tries = Tally(waits=(0, 0)), iter((Unavailable("x", "no"), Unavailable("x", "no"), None))

    async def work() -> str:
        if error := next(tries):
            raise error
        return "page"

    assert await tally.page(work) == "page"
    assert tally.calls == 3


def test_what_is_kept_aside_is_there_by_kind_and_key() -> None:
    with Aside() as aside:
        aside.put("a", "k", {"x": Decimal("1.5")})
        aside.put("a", "k", {"x": 2})
        aside.put("b", "k", 1)
        assert (aside.get("a", "k"), aside.get("a", "none"), aside.count("a")) == ({"x": 2}, None, 1)
        assert list(aside.items("b")) == [("k", 1)]


async def test_windows_touch_and_cover_all_time() -> None:
    async def has_older(second: int) -> bool:
        return True

    windows = sorted(await since_ever(NOW, 8, has_older))
    assert len(windows) == 3 * 8 + 8
    assert windows[-1][1] == int(NOW.timestamp())
    assert all(one[1] == other[0] for one, other in pairwise(windows))
    assert even(NOW, NOW + timedelta(seconds=2), 8) == [
        (int(NOW.timestamp()), int(NOW.timestamp()) + 1), (int(NOW.timestamp()) + 1, int(NOW.timestamp()) + 2)
    ]  # fmt: skip
