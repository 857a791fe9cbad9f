"""Several movements of one customer in one second: each run tells its own amount, and of the customer the
whole."""

from datetime import timedelta
from typing import Any

import pytest

from models.money import Money
from models.runs import Outcome
from simulators.kit.control import Control
from tests.workflows.churn_facts import CHURNED, facts, row
from tests.workflows.conftest import Start, by_object
from tests.workflows.leaving import payers, said, then
from workflows.churn_save.facts import ChurnFacts

SECOND = CHURNED.isoformat()
ABSENT = ""


def two_left(simulators: Control, kind: str = "churn") -> tuple[dict[str, Any], dict[str, Any]]:
    """Both webhooks of a customer whose two subscriptions ended at once; `kind` is how the list has the
    first."""
    uuid, second = payers(simulators)[0].uuid, then()
    simulators.subscribe(uuid, 13_000, send=False, at=second - timedelta(minutes=5))
    first = simulators.cancel(uuid, send=False, at=second)
    other = simulators.cancel(uuid, send=False, at=second)
    if kind == "churn":
        simulators.restate(uuid, type="churn", index=-2)
    return first | {"movement_type": "churn"}, other


def amount_of(body: dict[str, Any]) -> str:
    return str(Money(cents=abs(body["mrr_movement_in_account_currency"]), currency="USD"))


@pytest.mark.parametrize("kind", ["churn", "contraction"])
async def test_of_two_that_end_at_once_each_tells_its_own_amount(
    simulators: Control, start: Start, kind: str
) -> None:
    bodies = two_left(simulators, kind)
    amounts = [amount_of(each) for each in bodies]
    assert len(set(amounts)) == 2
    for body, amount in zip(bodies, amounts, strict=True):
        result = await (await start(body)).result()
        assert result.outcome is Outcome.ACTED
        made = by_object(result.effects)
        assert f": {amount} MRR lost" in made["Task"].after["Subject"]
        assert f"MRR lost: {amount}, of " in made["Task"].after["Description"]
        assert made["message"].after["text"].endswith(f"−{amount} MRR")
    assert len(simulators.records("Task")) == len(simulators.messages()) == 2


async def test_who_comes_back_with_less_than_both_is_partly_saved(simulators: Control, start: Start) -> None:
    first, other = two_left(simulators)
    both = -sum(each["mrr_movement_in_account_currency"] for each in (first, other))
    simulators.reactivate(first["customer"]["uuid"], send=False, cents=13_500)
    for body in (first, other):
        assert (await (await start(body)).result()).outcome is Outcome.ALREADY_SAVED
    assert said(simulators).count(f"$135.00 of {Money(cents=both, currency='USD')} MRR") == 2


def lost(*rows: Any, **event: Any) -> tuple[int, int]:
    """Its own, and together. Rows as ChartMogul lists them, the newest computed first."""
    seen = facts(movements=list(rows))
    of = seen.event.model_copy(update=event)
    now = ChurnFacts(event=of, customer=seen.customer, movements=seen.movements)
    return now.lost.cents, now.lost_together.cents


A, B = row(SECOND, "churn", -5_000, 0, "sub_1"), row(SECOND, "churn", -9_000, 0, "sub_2")
NO_A, NO_B = row(SECOND, "churn", -5_000, 0, ABSENT), row(SECOND, "churn", -9_000, 0, ABSENT)


@pytest.mark.parametrize(
    ("rows", "event", "own", "together"),
    [
        ([B, A], {}, 5_000, 14_000),
        ([A, B], {"subscription_external_id": "SUB_2 "}, 9_000, 14_000),
        # its own is listed as a contraction, restated
        ([B, row(SECOND, "contraction", -5_000, 9_000)], {}, 5_000, 14_000),
        # its own is not listed: what the event said, never the other's
        ([B], {}, 4_900, 9_000),
        ([row("2026-05-20T07:02:19+00:00", "churn", -9_000, 0)], {}, 4_900, 4_900),
        # several activities of its subscription
        ([row(SECOND, "churn", -8_000, 0), row(SECOND, "contraction", -2_000, 8_000)], {}, 8_000, 10_000),
        ([row(SECOND, "churn", -8_000, 0), row(SECOND, "churn", -4_900, 0)], {}, 4_900, 12_900),
        ([row(SECOND, "churn", -8_000, 0), row(SECOND, "churn", -40, 0)], {"occurrence": 2}, 8_000, 8_040),
        ([row(SECOND, "churn", -8_000, 0), row(SECOND, "expansion", 3_000, 8_000)], {}, 8_000, 8_000),
        # the list names no subscription, or the event none
        ([NO_A], {}, 5_000, 5_000),
        ([B, NO_A], {}, 5_000, 14_000),
        ([NO_B, NO_A], {}, 4_900, 14_000),
        ([B, A], {"subscription_external_id": None}, 4_900, 14_000),
        ([A], {"subscription_external_id": None}, 5_000, 5_000),
        ([B, A], {"subscription_external_id": None, "amount": Money(cents=-9_000, currency="USD")}, 9_000,
         14_000),
        # they left twice within it
        ([A, row(SECOND, "reactivation", 5_000, 5_000), A], {}, 5_000, 5_000),
    ],
)  # fmt: skip
def test_the_amount_is_of_its_own_row(rows: list[Any], event: Any, own: int, together: int) -> None:
    assert lost(*rows, **event) == (own, together)
