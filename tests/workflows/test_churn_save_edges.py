"""A return while ChartMogul settles, other currencies, and days on both sides of a change of the clocks."""

from datetime import datetime

import pytest

from models.runs import Outcome
from simulators.kit.control import Control
from tests.workflows.churn_facts import CHURN, LATER, customer, facts, given, says
from tests.workflows.conftest import Start
from tests.workflows.leaving import acted_on, left, payers, said, until_read, uuid_of
from workflows.churn_save import texts as churn_texts


async def test_who_comes_back_while_chartmogul_settles_is_already_saved(
    simulators: Control, start: Start
) -> None:
    """The MRR lags behind the list until the return shows."""
    body = left(simulators)
    lagging = {"uuid": uuid_of(body), "mrr": 77_700, "currency": "USD"}
    path = f"/customers/{uuid_of(body)}$"
    fault = simulators.fault("chartmogul", "status", path=path, status=200, times=None, body=lagging)
    handle = await start(body, settling_seconds=3)
    await until_read(simulators, body, 1)
    simulators.reactivate(uuid_of(body), send=False, cents=52_000)
    simulators.remove_fault(fault.id)
    result = await handle.result()
    assert result.outcome is Outcome.ALREADY_SAVED
    assert simulators.records("Task") == []
    assert len(simulators.messages()) == 1


async def test_of_a_merge_into_a_payer_in_another_currency_the_mrr_is_said_in_theirs(
    simulators: Control, start: Start
) -> None:
    body = left(simulators)
    handle = await acted_on(start, body)
    survivor = payers(simulators)[0]
    simulators.odd(survivor.uuid, "currency", '"EUR"')
    simulators.merge(uuid_of(body), survivor.uuid)
    result = await handle.result()
    assert result.outcome is Outcome.WITHDRAWN
    assert f"pays €{survivor.mrr / 100:,.2f} MRR" in result.verdict
    assert f"€{survivor.mrr / 100:,.2f}" in said(simulators)


def test_amounts_have_the_currency_of_their_row() -> None:
    euros = CHURN.model_copy(update={"currency": "EUR"})
    assert str(facts(movements=[euros]).lost) == "€2,125.00"
    assert facts(movements=[euros]).lost_together == facts(movements=[euros]).lost
    assert str(facts(movements=[CHURN.model_copy(update={"currency": " "})]).lost) == "$2,125.00"


def test_a_return_in_another_currency_is_compared_with_nothing() -> None:
    back = CHURN.model_copy(update={"type": "reactivation", "date": datetime.fromisoformat(LATER)})
    outcome, words = says(10_000, back, CHURN, who=customer(mrr=10_000, currency="EUR"))
    assert (outcome, words) == (Outcome.SAVED, "Saved is back at €100.00 MRR, after $2,125.00")


def test_amounts_in_several_currencies_are_not_added_up() -> None:
    rows = [CHURN.model_copy(update={"currency": each}) for each in ("EUR", "USD")]
    seen = facts(movements=rows)
    assert seen.lifetime_value is None
    figures = dict(churn_texts.figures(given(seen), seen))
    assert figures["Lifetime value"] == "unknown, ChartMogul lists the movements in several currencies"


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        ("2026-10-24T21:59:59+00:00", "2026-10-24"),  # summer time: two hours ahead
        ("2026-10-24T22:00:00+00:00", "2026-10-25"),
        ("2026-10-25T22:59:59+00:00", "2026-10-25"),  # the day of 25 hours
        ("2026-10-25T23:00:00+00:00", "2026-10-26"),
        ("2026-03-28T22:59:59+00:00", "2026-03-28"),
        ("2026-03-29T21:59:59+00:00", "2026-03-29"),  # the day of 23 hours
        ("2026-03-29T22:00:00+00:00", "2026-03-30"),
    ],
)
def test_a_day_is_the_day_there_on_both_sides_of_a_change_of_the_clocks(instant: str, day: str) -> None:
    run = given(facts()).model_copy(update={"time_zone": "Europe/Berlin"})
    assert run.day(datetime.fromisoformat(instant)).isoformat() == day


def test_the_due_day_is_counted_from_the_day_there() -> None:
    """22:30 UTC on a Friday is half past midnight there, before the clocks change; the task is due after."""
    seen, friday = facts(), datetime.fromisoformat("2026-10-23T22:30:00+00:00")
    run = given(seen, friday).model_copy(update={"time_zone": "Europe/Berlin"})
    assert churn_texts.due_date(run).isoformat() == "2026-10-26"
