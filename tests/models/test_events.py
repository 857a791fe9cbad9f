"""One identity for one MRR movement, however it reaches us."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.chartmogul import Activity, MovementWebhook
from models.event import EventSource
from models.events import (
    MovementType,
    MrrMovement,
    NotAMovement,
    movement_from_activity,
    movement_from_webhook,
)
from tests.models.bodies import CUSTOMER, activity, webhook


def of_webhook(account: str = "default", **changes: Any) -> MrrMovement:
    return movement_from_webhook(MovementWebhook.model_validate(webhook(**changes)), account)


def id_of_webhook(account: str = "default", **changes: Any) -> str:
    return of_webhook(account, **changes).event_id


def id_of_activity(account: str = "default", **changes: Any) -> str:
    return movement_from_activity(Activity.model_validate(activity(**changes)), account).event_id


GOLDEN = "36f153c17ae07d0b880d919f"


def test_the_identity_is_the_one_that_running_installations_know() -> None:
    assert id_of_webhook() == GOLDEN


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"date": "2026-05-20T07:02:18Z"},
        {"date": "2026-05-20T07:02:18.999Z"},
        {"date": "2026-05-20T03:02:18-04:00"},
        {"date": " 2026-05-20T07:02:18+00:00 "},
        {"movement_type": "CHURN"},
        {"movement_type": " Churn "},
        {"type": "MRR_Movement"},
        {"mrr_movement_in_account_currency": 4900},
        {"mrr_movement_in_account_currency": -4900.0},
        {
            "invoice_currency": "USD",
            "mrr_movement_in_invoice_currency": -5300,
            "movement_amount_in_cent": -5300,
        },
        {"account_currency": "eur"},
        {"subscription": {"external_id": " SUB_a77 "}},
        {"customer": {"uuid": CUSTOMER.upper()}},
        {"customer": {"uuid": f" {CUSTOMER} ", "name": "renamed"}},
        {"description": "another wording"},
        {"a_field_of_tomorrow": {"x": 1}},
    ],
)
def test_every_form_of_the_webhook_has_the_activitys_identity(changes: dict[str, Any]) -> None:
    assert id_of_webhook(**changes) == id_of_activity()


@pytest.mark.parametrize(
    "changes",
    [
        {"date": "2026-05-20T07:02:18.000Z"},
        {"date": "2026-05-20T09:02:18+02:00"},
        {"activity_mrr_movement": 4900},
        {"activity_mrr_movement": -4900.0},
        {"type": "Churn"},
        {"uuid": "another-after-a-recalculation"},
        {"activity_mrr": 700},
        {"customer_name": "Renamed"},
        {"subscription_external_id": "sub_a77 "},
    ],
)
def test_every_form_of_the_activity_has_the_webhooks_identity(changes: dict[str, Any]) -> None:
    assert id_of_activity(**changes) == id_of_webhook()


@pytest.mark.parametrize(
    "changes",
    [
        {"date": "2026-05-20T07:02:19.000Z"},
        {"subscription": {"external_id": "sub_A78"}},
        {"subscription": {}},
        {"customer": {"uuid": "cus_another"}},
        {"account": "europe"},
    ],
)
def test_another_meaning_has_another_identity(changes: dict[str, Any]) -> None:
    assert id_of_webhook(**changes) != id_of_webhook()


@pytest.mark.parametrize(
    ("changes", "stated"),
    [
        ({"movement_type": "contraction"}, "contraction 4900 EUR"),
        ({"mrr_movement_in_account_currency": -4901}, "churn 4901 EUR"),
    ],
)
def test_a_restated_movement_keeps_its_identity_and_says_something_else(
    changes: dict[str, Any], stated: str
) -> None:
    first, second = of_webhook(), of_webhook(**changes)
    assert first.event_id == second.event_id
    assert (first.stated, second.stated) == ("churn 4900 EUR", stated)


def test_movements_of_one_second_are_told_apart_by_their_number() -> None:
    first = of_webhook()
    second = first.numbered(2)
    assert first.event_id != second.event_id
    assert first.moment == second.moment
    assert second.numbered(1) == first


def test_a_run_under_way_keeps_the_identity_it_began_with() -> None:
    """Its steps carry it: under another one a run that began before would not replay."""
    given = of_webhook().model_dump(mode="json") | {"event_id": "made by an earlier rule"}
    assert MrrMovement.model_validate(given).event_id == "made by an earlier rule"


def test_how_we_learned_of_it_is_no_part_of_the_identity() -> None:
    row = Activity.model_validate(activity())
    ids = {movement_from_activity(row, "default", source).event_id for source in EventSource}
    assert len(ids) == 1


@pytest.mark.parametrize(
    ("kind", "sign"),
    [("new_biz", 1), ("expansion", 1), ("contraction", -1), ("churn", -1), ("reactivation", 1)],
)
def test_the_sign_comes_from_the_type(kind: str, sign: int) -> None:
    for amount in (4900, -4900):
        body = webhook(movement_type=kind, mrr_movement_in_account_currency=amount)
        movement = movement_from_webhook(MovementWebhook.model_validate(body), "default")
        assert movement.amount.cents == sign * 4900


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": "Nora Lind"}, "type is not mrr_movement"),
        ({"movement_type": "Nora Lind"}, "movement type is none of new_biz, "),
    ],
)
def test_what_is_no_movement_is_refused_with_the_reason_and_without_the_value(
    changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(NotAMovement) as refused:
        id_of_webhook(**changes)
    assert str(refused.value).startswith(reason)
    assert "Nora" not in str(refused.value)


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=30)
movements: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict[str, Any],
    kind=st.sampled_from(MovementType),
    at=st.datetimes(datetime(2015, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001
    cents=st.integers(-(10**12), 10**12),
    customer=st.from_regex(r"cus_[a-f0-9-]{1,36}", fullmatch=True),
    subscription=st.none() | texts,
    offset=st.integers(-12, 14),
)


@given(movements)
def test_webhook_and_activity_of_any_movement_meet(one: dict[str, Any]) -> None:
    at = one["at"].replace(microsecond=0, tzinfo=UTC)
    body = webhook(
        date=at.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        movement_type=one["kind"].value,
        mrr_movement_in_account_currency=one["cents"],
        customer={"uuid": one["customer"]},
        subscription={"external_id": one["subscription"]},
    )
    row = activity(
        date=at.astimezone(timezone(timedelta(hours=one["offset"]))).isoformat(),
        type=one["kind"].value,
        activity_mrr_movement=-one["cents"],
        customer_uuid=one["customer"],
        subscription_external_id=one["subscription"],
    )
    from_webhook = movement_from_webhook(MovementWebhook.model_validate(body), "default")
    from_activity = movement_from_activity(Activity.model_validate(row), "default")
    assert from_webhook.event_id == from_activity.event_id


@given(movements)
def test_a_movement_survives_its_way_through_a_payload(one: dict[str, Any]) -> None:
    row = activity(
        date=one["at"].replace(tzinfo=UTC).isoformat(),
        type=one["kind"].value,
        activity_mrr_movement=one["cents"],
        subscription_external_id=one["subscription"],
    )
    movement = movement_from_activity(Activity.model_validate(row), "default")
    back = MrrMovement.model_validate_json(movement.model_dump_json())
    assert back == movement
    assert back.event_id == movement.event_id


@pytest.mark.parametrize(
    ("subscription", "event_id"),
    [
        ("Sub_" + "x" * 996, "142e4a48226e9674b8aed9c5"),
        ("Sub_" + "x" * 997, "d70d31dfe46bc1a5270cd568"),
        (" Sub_ " + "X y " * 5000, "725dbb19df1e0f0917d5982a"),
        ("s" * 200_000, "f77d9f55afeb190a4521c7d9"),
    ],
)
def test_a_long_subscription_id_gives_the_event_id_of_the_version_before(
    subscription: str, event_id: str
) -> None:
    """What has a run since before an upgrade is known by it: from the webhook, from the list, and after its
    way through payloads and a number of its own."""
    row = Activity.model_validate(activity(subscription_external_id=subscription))
    carried = Activity.model_validate_json(row.model_dump_json())
    found = [
        movement_from_webhook(
            MovementWebhook.model_validate(webhook(subscription={"external_id": subscription})), "default"
        ),
        movement_from_activity(row, "default"),
        movement_from_activity(carried, "default"),
    ]
    assert {each.event_id for each in found} == {event_id}
    assert {each.numbered(1).event_id for each in found} == {event_id}
    assert len({each.moment for each in found}) == 1
