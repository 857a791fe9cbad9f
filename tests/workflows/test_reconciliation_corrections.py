"""Findings of a month that are corrected in ChartMogul: proposed, agreed to, written, and looked at again."""

from typing import Any

import pytest
from pydantic import ValidationError

from models.changes import ChangeState, LineEdit
from models.templates.reconciliation import (
    Corrected,
    HoldMonth,
    Sign,
)
from models.undo import UndoState
from operations import changes
from operations.errors import Stopped
from operations.reconciliation import corrections
from operations.undo import Wish, undo
from simulators.billing.truth.month import month as books_of_a_month
from simulators.kit.control import Control
from tests.workflows import closing
from tests.workflows.closing import ANA, BEN, CORRECTED, CUT, PERIOD, Month, refusal

final = closing.final


async def test_what_is_proposed_is_agreed_to_by_another_and_leaves_what_was_predicted(final: Month) -> None:
    before = await final.opened()
    assert before.pack
    found = await final.proposable()
    assert {each.said.partition(":")[0] for each in found} == CORRECTED
    assert {each.predicted for each in found if each.predicted is not None} == {0}

    run = await final.propose(*CORRECTED)
    assert run.status is ChangeState.NEEDS_APPROVAL
    assert (await final.propose(*CORRECTED)).run_id == run.run_id
    with pytest.raises(changes.NotPossible) as own:
        await changes.decide(final.client, run.run_id, ANA, "console", True, "", run.plan)
    assert own.value.code == "own_request"
    done = await final.decided(run)
    assert (done.status, done.message) == (ChangeState.DONE, f"{len(found)} of {len(found)} written.")

    again = await final.opened(but=before.pack.sha256)
    assert again.differing == before.differing - len(CORRECTED)
    assert await final.proposable() == []


async def test_what_an_undo_takes_back_differs_again(final: Month) -> None:
    before = await final.opened()
    assert before.pack
    done = await final.decided(await final.propose("tax-included"))
    after = await final.opened(but=before.pack.sha256)
    assert after.pack

    undone = await undo(final.settings, Wish(done.run_id, "not after all"), dry_run=False)
    undone = await changes.state_of(final.client, undone.run_id, 60)
    assert (undone.status, [each.state for each in undone.undone]) == (
        ChangeState.UNDONE,
        [UndoState.UNDONE],
    )
    again = await final.opened(but=after.pack.sha256)
    assert again.differing == before.differing == after.differing + 1


async def test_what_a_person_has_set_since_is_not_taken_back(final: Month) -> None:
    await final.opened()
    done = await final.decided(await final.propose("tax-included"))
    [effect] = done.effects
    await final.edit(str(effect.object_id), tax_amount_in_cents=1_234)
    undone = await undo(final.settings, Wish(done.run_id, "not after all"), dry_run=False)
    undone = await changes.state_of(final.client, undone.run_id, 60)
    assert [each.state for each in undone.undone] == [UndoState.CHANGED_SINCE]


async def test_where_it_does_not_come_to_what_was_predicted_nothing_more_is_written(
    final: Month, simulators: Control
) -> None:
    await final.opened()
    run = await final.propose("tax-included", "duplicate-source")
    books = books_of_a_month(CUT.end, agreeing=2)
    dearer = [{**each, "unit": 12_900} if each["id"] == "tax-included" else each for each in books]
    simulators.put_books(*dearer)
    done = await final.decided(run)
    assert done.status is ChangeState.PARTIAL
    assert [each.object_type for each in done.effects] == ["line item"]
    assert (
        "it is 10.00 USD, and 0.00 USD was predicted. 1 further corrections were not written" in done.message
    )
    assert len(final.writes()) == 1


async def test_a_line_that_was_corrected_though_the_answer_was_lost_is_written_once(
    final: Month, simulators: Control
) -> None:
    await final.opened()
    simulators.fault("chartmogul", "drop_after", method="PATCH", path="/line_items/")
    done = await final.decided(await final.propose("tax-included"))
    [effect] = done.effects
    assert done.status is ChangeState.DONE
    assert (effect.before, effect.after) == ({"tax_amount_in_cents": 0}, {"tax_amount_in_cents": 1_900})
    assert len(final.writes("/line_items/")) == 1


async def test_who_proposed_does_not_sign_and_a_signed_month_is_corrected_no_more(final: Month) -> None:
    now = await final.opened()
    assert now.pack
    run = await final.propose("tax-included")
    wish = Sign(id="1", preparer="cleo@mogulflow.example", reviewer=ANA, pack=now.pack.sha256, comment="7.11")
    assert await refusal(final.run, "sign_off", wish) == "same_person"
    await final.run.execute_update("sign_off", wish.model_copy(update={"reviewer": BEN}))
    await final.run.result()

    done = await final.decided(run)
    assert (done.status, done.effects) == (ChangeState.FAILED, [])
    assert "is over: nothing is corrected in it any more" in done.message
    assert not final.writes()
    with pytest.raises(Stopped, match="It is over"):
        await final.proposable()


async def test_a_run_that_is_begun_again_reads_anew_what_it_looks_at_again(final: Month) -> None:
    """What was read stays where it is: another run's looks are others."""
    before = await final.opened()
    assert before.pack
    await final.decided(await final.propose("tax-included"))
    await final.opened(but=before.pack.sha256)
    await final.run.terminate()
    await final.begin()
    second = await final.opened()
    assert second.pack
    assert second.differing == before.differing  # as the final was read, once
    done = await final.decided(await final.propose("duplicate-source"))
    assert done.status is ChangeState.DONE
    assert (await final.opened(but=second.pack.sha256)).differing == before.differing - 2


async def test_nobody_signs_while_a_correction_is_being_written(final: Month) -> None:
    now = await final.opened()
    assert now.pack
    held = HoldMonth(account="default", period=PERIOD, change="change/correct_month/one")
    await final.run.execute_update("hold", held)
    wish = Sign(id="1", preparer=ANA, reviewer=BEN, pack=now.pack.sha256, comment="7.11 is being asked for")
    assert await refusal(final.run, "sign_off", wish) == "correcting"
    await final.run.signal("corrected", Corrected(change=held.change))
    await final.opened()
    await final.run.execute_update("sign_off", wish)
    assert await refusal(final.run, "hold", held) == "not_open"


async def test_what_is_no_error_of_chartmoguls_is_never_proposed(final: Month) -> None:
    """Whatever a finding's cause is but four, and whatever differs between documents."""
    now = await final.opened()
    others = [each.id for each in now.open][:3]
    with pytest.raises(Stopped, match="Nothing was proposed"):
        await corrections.propose(final.settings, "default", PERIOD, others, "as reconciled")
    with pytest.raises(Stopped, match="There is no finding"):
        await corrections.propose(final.settings, "default", PERIOD, ["0" * 16], "as reconciled")


@pytest.mark.parametrize(
    "fields",
    [
        {"amount_in_cents": 1},
        {"type": "subscription"},
        {"prorated": False},
        {"quantity": 2},
        {"plan_uuid": "pl_1"},
    ],
)
def test_no_amount_and_no_terms_of_a_line_can_be_asked_for(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        LineEdit.model_validate({"line_uuid": "li_1", "fields": fields})
