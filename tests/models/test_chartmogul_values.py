"""One reading of ChartMogul's values: null, blank, odd numbers and times, and what is no JSON."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from models import chartmogul_values as values
from models.chartmogul import Activity, Customer, MovementWebhook, Subscription
from models.chartmogul_values import NotJson, Unfit
from models.events import MrrMovement, movement_from_activity, movement_from_webhook
from tests.models.bodies import activity, webhook

MISSING = [None, "", "  \n"]


def of_webhook(body: dict[str, Any]) -> MrrMovement:
    return movement_from_webhook(MovementWebhook.model_validate(body), "default")


@pytest.mark.parametrize("nothing", MISSING)
@pytest.mark.parametrize("name", ["description", "subscription"])
def test_null_and_blank_in_a_webhook_read_like_missing(name: str, nothing: Any) -> None:
    body = webhook()
    del body[name]
    assert of_webhook(webhook(**{name: nothing})) == of_webhook(body)


@pytest.mark.parametrize("nothing", MISSING)
def test_null_and_blank_inside_a_webhook_read_like_missing(nothing: Any) -> None:
    uuid = {"uuid": "cus_1"}
    assert of_webhook(
        webhook(customer=uuid | {"name": nothing, "company": nothing, "external_id": nothing})
    ) == of_webhook(webhook(customer=uuid))
    assert of_webhook(webhook(subscription={"external_id": nothing})) == of_webhook(webhook(subscription={}))


@pytest.mark.parametrize("nothing", MISSING)
@pytest.mark.parametrize("name", ["description", "customer-name", "subscription-external-id"])
def test_null_and_blank_in_a_row_read_like_missing(name: str, nothing: Any) -> None:
    row = activity()
    del row[name]
    bare = movement_from_activity(Activity.model_validate(row), "default")
    assert movement_from_activity(Activity.model_validate(row | {name: nothing}), "default") == bare


@pytest.mark.parametrize("name", ["date", "type", "customer-uuid", "currency", "activity-mrr-movement"])
def test_what_an_identity_needs_must_be_there(name: str) -> None:
    for nothing in MISSING:
        with pytest.raises(ValueError, match=name):
            Activity.model_validate(activity() | {name: nothing})


def test_texts_that_are_none_cost_nothing_and_long_ones_are_cut() -> None:
    found = of_webhook(webhook(description=["x"], customer={"uuid": "cus_1", "name": {"first": "N"}}))
    assert (found.description, found.customer_name) == ("", "")
    long = of_webhook(webhook(description="d" * 9999, customer={"uuid": "cus_1", "company": "n" * 9999}))
    assert (len(long.description), len(long.customer_name)) == (4000, 1000)


def test_a_very_long_id_is_short_and_still_one_of_its_own() -> None:
    one, same, other = (
        of_webhook(webhook(subscription={"external_id": text}))
        for text in ("Sub_" + "x" * 9000, " sub_" + "X" * 9000, "sub_" + "x" * 9001)
    )
    assert one.event_id == same.event_id
    assert one.event_id != other.event_id
    assert len(one.subscription_external_id or "") < 200


def test_a_subscription_that_is_no_id_is_refused() -> None:
    odd: Any
    for odd in ([], {"id": 1}, 1.5, True):
        with pytest.raises(ValueError, match="subscription"):
            of_webhook(webhook(subscription={"external_id": odd}))


def test_rows_that_are_read_back_may_be_odd_anywhere() -> None:
    row = {"uuid": "cus_1", "name": 7, "company": ["x"], "attributes": "none", "customer-since": "0000-00-00"}
    found = Customer.model_validate(row)
    assert (found.label, found.customer_since, found.attributes.custom) == ("7", None, {})
    many = {f"a{n}": "x" * 9000 for n in range(9000)}
    kept = Customer.model_validate({"uuid": "c", "attributes": {"custom": many}}).attributes.custom
    assert (len(kept), {len(each) for each in kept.values()}) == (500, {4000})
    assert Subscription.model_validate({"external_id": 5, "plan": {}, "status": "  "}).plan == ""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-03-02T09:14:07.000Z", datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)),
        ("2026-03-02T05:14:07-04:00", datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)),
        (" 2026-03-02T09:14:07 ", datetime(2026, 3, 2, 9, 14, 7, tzinfo=UTC)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", datetime(1, 1, 1, tzinfo=UTC)),
        ("", None),
        (None, None),
    ],
)
def test_times(value: Any, expected: datetime | None) -> None:
    assert values.instant(value) == expected


@pytest.mark.parametrize(
    "value", ["0000-00-00", "0001-01-01T00:00:00+05:00", "9999-12-31T23:59:59-05:00", "soon", 5, "x" * 10**6]
)
def test_what_is_no_time_says_so_and_nothing_else(value: Any) -> None:
    with pytest.raises(Unfit, match=r"^is no time$"):
        values.instant(value)


def test_an_identity_guesses_no_offset() -> None:
    for text in ("2026-03-02T09:14:07", "2026-03-02", "1989-12-31T00:00:00Z"):
        with pytest.raises(Unfit):
            values.instant_of_movement(text)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (2.5, Decimal("2.5")),
        ("25.00", Decimal("25.00")),
        ("2500", Decimal(2500)),
        (10**30, Decimal(10) ** 30),
        (" ", None),
    ],
)
def test_numbers(value: Any, expected: Decimal | None) -> None:
    assert values.decimal(value) == expected


@pytest.mark.parametrize("value", [True, [], "1e", "9" * 5000, float("nan"), float("inf"), NotJson(), "NaN"])
def test_what_is_no_number(value: Any) -> None:
    with pytest.raises(Unfit, match="is no number"):
        values.decimal(value)


def test_dates_and_truths() -> None:
    assert values.day("2026-03-02T09:14:07+00:00") == date(2026, 3, 2)
    assert [values.boolean(each) for each in (True, "true", " FALSE ", None)] == [True, True, False, None]
    assert [values.rounded(each) for each in (4900.5, 4901.5, "5", None)] == [4900, 4902, "5", None]


def test_json_with_half_a_pair_of_surrogates_or_a_number_without_end_is_read() -> None:
    text = b'{"a": "x\\ud83d y", "b\\udc00": ["\\ud83d\\ude00"], "c": 1e999, "d": %b}' % (b"9" * 5000)
    found = values.loads(text)
    assert found["a"] == "x\ufffd y"
    assert found["b\ufffd"] == ["\U0001f600"]
    assert found["c"] == found["d"] == float("inf")


@pytest.mark.parametrize("text", [b'{"x": NaN}', b"[Infinity]", b"[-Infinity]", b"{", b"\xff", b"[" * 10**5])
def test_what_is_no_json_is_none(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        values.loads(text)


def test_nan_in_a_list_costs_its_own_row_alone() -> None:
    rows = values.loads_rows(b'{"entries": [{"x": NaN}, {"x": {"y": [-Infinity]}}, {"x": 1}]}')["entries"]
    assert list(map(values.holds_no_json, rows)) == [True, True, False]
    for row in rows[:2]:
        with pytest.raises(ValueError, match="no JSON"):
            Activity.model_validate(activity() | row)
