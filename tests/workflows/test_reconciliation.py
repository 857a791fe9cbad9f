"""A month end for real: billing and ChartMogul are read, judged, packed, looked after and signed."""

from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

import temporal
import worker
from domains.reconciliation.pack.keys import make_key, public_file
from domains.reconciliation.settings import Reconciliation
from domains.reconciliation.verify import verify
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Judgement
from models.templates.reconciliation import (
    AddNote,
    Assign,
    ReconciliationInput,
    ReconciliationState,
    Sign,
    workflow_id,
)
from settings import Settings
from simulators.billing.truth.month import DAY, MONTH, month
from simulators.kit.control import Control
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.closing import CUT, PERIOD, RATES, RULES, ZONE, refusal

BEGIN = CUT.end - 10 * DAY
LEFT = Fraction((BEGIN + MONTH - (BEGIN + 4 * DAY)) // DAY, (BEGIN + MONTH - BEGIN) // DAY)
"""Of the period, after the change on its fifth day."""

EXPLAINED = {
    "discount-rule": (Cause.DISCOUNT_RULE, -2_000),
    "tax-included": (Cause.TAX_INCLUDED, 1_900),
    "one-time-as-recurring": (Cause.ONE_TIME_AS_RECURRING, 50_000),
    "cancel-timing": (Cause.CANCEL_TIMING, 10_000),
    "unpaid-counted": (Cause.UNPAID_COUNTED, 5_900),
    "duplicate-source": (Cause.DUPLICATE_SOURCE, 9_900),
    "proration-flag": (Cause.PRORATION_FLAG, round(16_000 * LEFT) - 16_000),
    "paused-counted": (Cause.PAUSED_COUNTED, 8_000),
    "unbilled-change": (Cause.UNBILLED_CHANGE, -4_800),
    "user-edit": (Cause.USER_EDIT, 3_000),
    "metered-counted": (Cause.METERED_COUNTED, 3_740),
    "import-error": (Cause.IMPORT_ERROR, -3_900),
    "fx-rate-date": (Cause.FX_RATE_DATE, -150),
}
UNEXPLAINED = {"unexplained": 711}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reconciliation")


@pytest.fixture(scope="module")
async def own(client: Client, settings: Settings, folder: Path) -> AsyncIterator[Client]:
    namespace = await in_a_namespace_of_its_own(client)
    (folder / "rates.csv").write_text(RATES)
    found = Reconciliation(folder=folder / "data", key_file=folder / "key")
    make_key(found.key_file)
    async with worker.running(namespace, settings.model_copy(update={"reconciliation": found})):
        yield namespace


@pytest.fixture
def books(simulators: Control) -> Control:
    simulators.put_books(*month(CUT.end, agreeing=6))
    return simulators


async def begun(own: Client, kind: Any, folder: Path, account: str = "default") -> WorkflowHandle[Any, Any]:
    given = ReconciliationInput(
        account=account,
        period=PERIOD,
        kind=kind,
        time_zone=ZONE,
        rules=RULES.model_copy(update={"rates_file": str(folder / "rates.csv")}),
    )
    return await own.start_workflow(
        "reconciliation",
        given,
        id=workflow_id(account, PERIOD, kind),
        task_queue=temporal.WORKFLOWS,
        result_type=ReconciliationState,
    )


async def test_a_month_is_judged_looked_after_and_signed(own: Client, books: Control, folder: Path) -> None:
    draft: ReconciliationState = await (await begun(own, "draft", folder)).result()
    assert (draft.phase, draft.stopped, draft.problems) == ("done", [], [])

    final = await begun(own, "final", folder)

    async def opened() -> ReconciliationState | None:
        now: ReconciliationState = await final.query("state", result_type=ReconciliationState)
        return now if now.phase == "open" else None

    now = await until(opened)
    assert now is not None
    judgement = _judged(folder, now)
    assert all(each.closes for each in judgement.tie_outs)
    of_mrr = [each for each in judgement.findings if each.comparison == "mrr" and each.difference]
    found = {each.subject: [(cause.cause, cause.minor) for cause in each.causes] for each in of_mrr}
    assert found == {subject: [each] for subject, each in EXPLAINED.items()} | {"unexplained": []}
    assert {each.subject: each.unexplained for each in of_mrr if each.is_open} == UNEXPLAINED
    odd = next(each for each in now.open if each.subject == "unexplained")

    await final.execute_update("assign", Assign(id="1", who="ana", finding=odd.id, owner="ben"))
    await final.execute_update("note", AddNote(id="2", who="ana", finding=odd.id, text="asked billing"))
    seen: ReconciliationState = await final.query("state", result_type=ReconciliationState)
    [said] = [each for each in seen.open if each.id == odd.id]
    assert (said.owner, [each.text for each in said.notes]) == ("ben", ["asked billing"])

    assert now.pack
    wish = Sign(
        id="3", preparer="ana@mogulflow.example", reviewer="ben@mogulflow.example", pack=now.pack.sha256
    )
    same = wish.model_copy(update={"reviewer": wish.preparer})
    assert await refusal(final, "sign_off", same) == "same_person"
    other = wish.model_copy(update={"reviewer": "eve@mogulflow.example"})
    assert await refusal(final, "sign_off", other) == "not_a_reviewer"
    assert await refusal(final, "sign_off", wish.model_copy(update={"pack": "0" * 64})) == "pack_changed"
    assert await refusal(final, "sign_off", wish) == "needs_a_comment"
    signed = wish.model_copy(update={"comment": "7.11 is being asked for"})
    await final.execute_update("sign_off", signed)
    ended: ReconciliationState = await final.result()
    assert ended.phase == "signed"
    assert ended.sign_off
    assert ended.sign_off.reviewer == "ben@mogulflow.example"

    public = str(public_file(folder / "key"))
    checked = verify(folder / "data" / "packs", public)
    assert checked.is_whole
    assert len(checked.packs) == 3

    again = await begun(own, "final", folder)
    with pytest.raises(Exception, match=r"failed|signed"):
        await again.result()


async def test_a_system_that_is_not_read_stops_the_month(own: Client, books: Control, folder: Path) -> None:
    stopped: ReconciliationState = await (await begun(own, "draft", folder, account="nobody")).result()
    assert stopped.phase == "stopped"
    assert any("not read" in each for each in stopped.stopped)


def _judged(folder: Path, now: ReconciliationState) -> Judgement:
    place = folder / "data" / "snapshots" / now.account / now.period / "final"
    return Judgement.model_validate_json((place / "judgement.json").read_bytes())
