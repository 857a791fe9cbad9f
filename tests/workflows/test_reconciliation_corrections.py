"""Findings of a month that are corrected in ChartMogul: proposed, agreed to, written, and looked at again."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import ValidationError
from temporalio.client import Client, WorkflowHandle

import temporal
import worker
from domains.reconciliation.pack.keys import make_key
from domains.reconciliation.settings import Reconciliation
from models.changes import ChangeRun, ChangeState, Correction, LineEdit
from models.templates.reconciliation import (
    Corrected,
    HoldMonth,
    ReconciliationInput,
    ReconciliationState,
    Sign,
    workflow_id,
)
from models.undo import UndoState
from operations import changes
from operations.errors import Stopped
from operations.reconciliation import corrections
from operations.undo import Wish, undo
from settings import Settings
from simulators.billing.truth.month import month as books_of_a_month
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.test_reconciliation import CUT, PERIOD, RATES, RULES, ZONE, refusal

ANA, BEN = "ana@mogulflow.example", "ben@mogulflow.example"
CORRECTED = {"tax-included", "one-time-as-recurring", "proration-flag", "duplicate-source"}


class Month:
    """A final run of its own, in which people propose, agree and look."""

    def __init__(self, client: Client, settings: Settings, simulators: Control) -> None:
        self.client, self.settings, self.simulators = client, settings, simulators
        self.account, id = "default", workflow_id("default", PERIOD, "final")
        self.run: WorkflowHandle[Any, Any] = client.get_workflow_handle(id)

    async def begin(self) -> None:
        rates = self.settings.reconciliation.folder.parent / "rates.csv"
        given = ReconciliationInput(
            account=self.account,
            period=PERIOD,
            kind="final",
            time_zone=ZONE,
            rules=RULES.model_copy(update={"rates_file": str(rates)}),
        )
        await self.client.start_workflow(
            "reconciliation", given, id=self.run.id, task_queue=temporal.WORKFLOWS
        )

    async def state(self) -> ReconciliationState:
        found: ReconciliationState = await self.run.query("state", result_type=ReconciliationState)
        return found

    async def opened(self, but: str = "") -> ReconciliationState:
        async def look() -> ReconciliationState | None:
            now = await self.state()
            return now if now.phase == "open" and now.pack and now.pack.sha256 != but else None

        return await until(look)

    async def proposable(self) -> list[Correction]:
        return (await corrections.proposable(self.settings, self.account, PERIOD)).corrections

    async def propose(self, *subjects: str, **more: Any) -> ChangeRun:
        found = {each.said.partition(":")[0]: each.finding for each in await self.proposable()}
        ids = [found[each] for each in subjects]
        return await corrections.propose(
            self.settings, self.account, PERIOD, ids, "as reconciled", settles_within=timedelta(0), **more
        )

    async def edit(self, line: str, **fields: Any) -> None:
        """As a person does in ChartMogul."""
        url = f"{self.simulators.url}/chartmogul/v1/line_items/{line}"
        query, key = {"handle_as_user_edit": "true"}, (CHARTMOGUL_KEY, "")
        async with httpx.AsyncClient() as http:
            (await http.patch(url, params=query, json=fields, auth=key)).raise_for_status()

    def writes(self, path: str = "") -> list[str]:
        calls = self.simulators.calls("chartmogul")
        return [each.path for each in calls if each.method == "PATCH" and path in each.path]

    async def decided(self, run: ChangeRun, who: str = BEN, *, approve: bool = True) -> ChangeRun:
        await changes.decide(self.client, run.run_id, who, "console", approve, "", run.plan)
        return await changes.state_of(self.client, run.run_id, 60)


@pytest.fixture
async def final(
    client: Client, settings: Settings, simulators: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Month]:
    simulators.put_books(*books_of_a_month(CUT.end, agreeing=2))
    namespace = await in_a_namespace_of_its_own(client)
    (tmp_path / "rates.csv").write_text(RATES)
    found = Reconciliation(folder=tmp_path / "data", key_file=tmp_path / "key")
    make_key(found.key_file)
    own = settings.model_copy(update={"reconciliation": found, "operator_email": ANA})

    async def connect() -> Client:
        return namespace

    monkeypatch.setattr(temporal, "connect", connect)
    async with worker.running(namespace, own):
        month = Month(namespace, own, simulators)
        await month.begin()
        yield month


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
