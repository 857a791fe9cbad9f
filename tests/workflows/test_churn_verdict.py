"""What ChartMogul's answers say of a cancellation."""

from datetime import timedelta
from typing import Any

import pytest

from models.chartmogul import Customer, CustomerMovement, Subscription
from models.runs import Outcome
from tests.workflows.churn_facts import (
    CHURN,
    CHURNED,
    EARLIER,
    LATER,
    NOW,
    SECOND,
    customer,
    facts,
    given,
    row,
    says,
)
from workflows.churn_save.verdict import Sight, first_sight, verdict


def sees(mrr: int, *rows: CustomerMovement, **more: Any) -> Sight:
    seen = facts(customer=customer(mrr=mrr), movements=list(rows), **more)
    return first_sight(given(seen), seen, NOW)


@pytest.mark.parametrize(
    ("mrr", "rows", "sight"),
    [
        (0, [CHURN], Sight.CHURN),
        (0, [], Sight.CHURN),
        (52_000, [CHURN, row(SECOND, "reactivation", 52_000, 52_000)], Sight.BACK),
        (52_000, [row(SECOND, "reactivation", 52_000, 52_000), CHURN], Sight.BACK),
        (0, [CHURN, row(SECOND, "reactivation", 52_000, 52_000)], Sight.CHURN),
        (52_000, [CHURN, row(LATER, "new_biz", 52_000, 52_000)], Sight.BACK),
        # the return shows, the cancellation before it not yet
        (52_000, [row(SECOND, "reactivation", 52_000, 52_000)], Sight.CONTRADICTED),
        (52_000, [row(EARLIER, "reactivation", 52_000, 52_000)], Sight.CONTRADICTED),
        # the MRR lags behind the list
        (212_500, [CHURN], Sight.UNCLEAR),
        (40_000, [row(SECOND, "churn", -212_500, 40_000)], Sight.CONTRADICTED),
        (8_000, [row(SECOND, "contraction", -204_500, 8_000)], Sight.CONTRADICTED),
    ],
)
def test_who_pays_is_no_churn_to_save(mrr: int, rows: list[CustomerMovement], sight: Sight) -> None:
    assert sees(mrr, *rows) is sight


@pytest.mark.parametrize(
    ("mrr", "rows", "outcome", "words"),
    [
        (0, [CHURN], Outcome.LOST, "Lost has not come back in 7 days"),
        (0, [CHURN, row(LATER, "reactivation", 9, 9)], Outcome.LOST, "Lost has not come back in 7 days"),
        (212_500, [CHURN, row(LATER, "reactivation", 212_500, 212_500)], Outcome.SAVED,
         "Saved is back at $2,125.00 MRR"),
        (300_000, [CHURN, row(LATER, "new_biz", 300_000, 300_000)], Outcome.SAVED,
         "Saved is back at $3,000.00 MRR"),
        (62_500, [CHURN, row(LATER, "reactivation", 62_500, 62_500)], Outcome.SAVED,
         "Partly saved is back at $625.00 of $2,125.00 MRR"),
        # a cent of rounding is no smaller plan
        (212_499, [CHURN, row(LATER, "reactivation", 212_499, 212_499)], Outcome.SAVED,
         "Saved is back at $2,124.99 MRR"),
        # from nothing, whatever the movement is called
        (62_500, [CHURN, row(LATER, "expansion", 62_500, 62_500)], Outcome.SAVED,
         "Partly saved is back at $625.00 of $2,125.00 MRR"),
        (62_500, [CHURN], Outcome.SAVED, "Partly saved is back at $625.00 of $2,125.00 MRR"),
        (8_000, [row(SECOND, "contraction", -204_500, 8_000)], Outcome.WITHDRAWN,
         "Withdrawn pays $80.00 MRR; ChartMogul now shows the cancellation as a contraction"),
        (8_000, [row(SECOND, "expansion", 100, 8_000)], Outcome.WITHDRAWN,
         "Withdrawn pays $80.00 MRR; ChartMogul now shows the cancellation as an expansion"),
        (8_000, [], Outcome.WITHDRAWN,
         "Withdrawn pays $80.00 MRR; ChartMogul does not list the cancellation any more"),
        (8_000, [row(LATER, "expansion", 100, 8_000)], Outcome.WITHDRAWN,
         "Withdrawn pays $80.00 MRR; ChartMogul does not list the cancellation any more"),
        (8_000, [row(SECOND, "churn", -212_500, 8_000)], Outcome.WITHDRAWN,
         "Withdrawn pays $80.00 MRR; the cancellation ended one of several subscriptions"),
        (8_000, [row("2026-06-20T07:02:18+00:00", "churn", -8_000, 0)], Outcome.WITHDRAWN,
         "Withdrawn pays $80.00 MRR; the cancellation was put off to 20 June 2026"),
    ],
)  # fmt: skip
def test_who_pays_is_not_lost(mrr: int, rows: list[CustomerMovement], outcome: Outcome, words: str) -> None:
    assert says(mrr, *rows) == (outcome, words)


def test_a_trial_or_a_free_plan_is_no_return_and_is_named() -> None:
    free = Subscription(external_id="sub_2", status="active", plan="Free")
    outcome, words = says(0, CHURN, subscriptions=[free])
    assert outcome is Outcome.LOST
    assert words.endswith("but uses a subscription without MRR")


def test_who_is_past_due_pays_until_they_leave() -> None:
    back = row(LATER, "reactivation", 212_500, 212_500)
    who = Customer.model_validate({"uuid": "cus_1", "mrr": 212_500, "status": "Past Due"})
    assert says(0, CHURN, back, who=who)[0] is Outcome.SAVED


def test_amounts_of_two_currencies_are_not_compared() -> None:
    back = row(LATER, "reactivation", 57_500, 57_500)
    who = Customer.model_validate({"uuid": "cus_1", "mrr": 57_500, "currency": "EUR"})
    assert says(0, CHURN, back, who=who) == (
        Outcome.SAVED, "Saved is back at €575.00 MRR, after $2,125.00",
    )  # fmt: skip


@pytest.mark.parametrize("currency", [None, "", "dollars", 7])
def test_a_currency_that_cannot_be_read_is_the_events(currency: Any) -> None:
    who = Customer.model_validate({"uuid": "cus_1", "mrr": 212_500, "currency": currency})
    assert facts(customer=who).current_mrr.currency == "USD"


def test_of_several_cancellations_in_one_second_the_own_one_counts() -> None:
    rows = [row(SECOND, "churn", -100, 0, "sub_2"), row(SECOND, "churn", -700, 100, "sub_1")]
    assert str(facts(movements=rows).lost) == "$7.00"


def test_without_the_list_of_movements_nobody_can_tell_what_a_payer_did() -> None:
    seen = facts(customer=customer(mrr=100), unread={"movements": "refused"})
    assert verdict(given(seen), seen, 7, NOW) is None
    gone = facts(customer=customer(mrr=0), unread={"movements": "refused"})
    found = verdict(given(gone), gone, 7, NOW)
    assert found is not None
    assert found.outcome is Outcome.LOST


def test_who_is_to_leave_on_a_day_that_lies_ahead_still_pays() -> None:
    seen = facts(customer=customer(mrr=212_500), movements=[CHURN])
    ahead = given(seen, CHURNED - timedelta(days=9))
    before = CHURNED - timedelta(days=8)
    assert first_sight(ahead, seen, before) is Sight.CHURN
    found = verdict(ahead, seen, 1, before)
    assert found is not None
    assert found.outcome is Outcome.LOST
