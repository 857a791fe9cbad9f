"""A month end for real: billing and ChartMogul are read, judged, packed, looked after and signed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError

import temporal
import worker
from domains.reconciliation.cut import month_cut
from domains.reconciliation.pack.keys import make_key, public_file
from domains.reconciliation.settings import Reconciliation
from domains.reconciliation.verify import verify
from models.reconciliation.causes import Cause
from models.reconciliation.findings import Judgement, Restated
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


def month_before(period: str) -> str:
    year, number = (int(each) for each in period.split("-"))
    return f"{year - (number == 1)}-{(number - 2) % 12 + 1:02}"


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
DOCUMENTS = {
    "in_unexplained": [],
    "in_user-edit": [(Cause.USER_EDIT, 3_000)],
    "S-duplicate-source": [(Cause.DUPLICATE_DOCUMENT, 9_900)],
    "ch_duplicate-source": [(Cause.DUPLICATE_DOCUMENT, 9_900)],
}
"""And payments, by number and id."""


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


async def begun(
    own: Client, kind: Any, folder: Path, account: str = "default", period: str = PERIOD, **more: Any
) -> WorkflowHandle[Any, Any]:
    given = ReconciliationInput(
        account=account,
        period=period,
        kind=kind,
        time_zone=ZONE,
        rules=RULES.model_copy(update={"rates_file": str(folder / "rates.csv")}),
        **more,
    )
    return await own.start_workflow(
        "reconciliation",
        given,
        id=workflow_id(account, period, kind),
        task_queue=temporal.WORKFLOWS,
        result_type=ReconciliationState,
    )


async def opened(final: WorkflowHandle[Any, Any]) -> ReconciliationState:
    async def is_open() -> ReconciliationState | None:
        now: ReconciliationState = await final.query("state", result_type=ReconciliationState)
        return now if now.phase == "open" else None

    now = await until(is_open)
    assert now is not None
    assert now.pack
    return now


async def test_a_month_is_judged_looked_after_and_signed(own: Client, books: Control, folder: Path) -> None:
    draft: ReconciliationState = await (await begun(own, "draft", folder)).result()
    assert (draft.phase, draft.stopped, draft.problems) == ("done", [], [])

    final = await begun(own, "final", folder)
    now = await opened(final)
    judgement = _judged(folder, now)
    assert all(each.closes for each in judgement.tie_outs)
    of_mrr = [each for each in judgement.findings if each.comparison == "mrr" and each.difference]
    found = {each.subject: [(cause.cause, cause.minor) for cause in each.causes] for each in of_mrr}
    assert found == {subject: [each] for subject, each in EXPLAINED.items()} | {"unexplained": []}
    assert {each.subject: each.unexplained for each in of_mrr if each.is_open} == UNEXPLAINED
    others = [each for each in judgement.findings if each.comparison != "mrr" and each.difference]
    assert {each.subject: [(it.cause, it.minor) for it in each.causes] for each in others} == DOCUMENTS
    assert {each.subject: each.unexplained for each in others if each.is_open} == {"in_unexplained": 711}
    odd = next(each for each in now.open if each.subject == "unexplained")

    await final.execute_update("assign", Assign(id="1", who="ana", finding=odd.id, owner="ben"))
    await final.execute_update("note", AddNote(id="2", who="ana", finding=odd.id, text="asked billing"))
    seen: ReconciliationState = await final.query("state", result_type=ReconciliationState)
    [said] = [each for each in seen.open if each.id == odd.id]
    assert (said.owner, [each.text for each in said.notes]) == ("ben", ["asked billing"])

    wish = signing(now)
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


def signing(now: ReconciliationState) -> Sign:
    pack = now.pack.sha256 if now.pack else ""
    return Sign(id="3", preparer="ana@mogulflow.example", reviewer="ben@mogulflow.example", pack=pack)


async def test_what_changed_since_is_told(own: Client, simulators: Control, folder: Path) -> None:
    """Of a month that is signed, and of one whose snapshot is there already."""
    signed, later = month_before(month_before(PERIOD)), month_before(PERIOD)
    simulators.put_books(*agreeing(signed))
    final = await begun(own, "final", folder, period=signed)
    await final.execute_update("sign_off", signing(await opened(final)))
    assert (await final.result()).phase == "signed"

    first, *others = agreeing(later)
    raised = first | {"unit": first["unit"] + 1_000}
    simulators.put_books(raised, *others)
    draft = await (await begun(own, "draft", folder, period=later)).result()
    assert (draft.phase, draft.problems) == ("done", [])
    late = first | {"id": "late", "customer": "customer-late", "unit": 7_000}
    simulators.put_books(raised, *others, late)

    final = await begun(own, "final", folder, period=later)
    judgement = _judged(folder, await opened(final))
    was = sum(each["unit"] for each in [first, *others])
    assert judgement.restated == [Restated(period=signed, signed=was, now=was + 8_000)]
    assert judgement.late == 7_000
    [found] = [each for each in judgement.findings if each.comparison == "mrr" and each.difference]
    assert (found.subject, found.difference) == ("late", 7_000)
    assert found.notes == ["7000 of it came after the snapshot, in hundredths"]
    pack = folder / "data" / "packs" / later / "default"
    told = (pack / "run-2" / "report.html").read_text()
    assert "of which came after the snapshot" in told
    assert f'<th scope="row">{signed}</th>' in told
    await final.terminate()


async def test_open_items_are_judged_again_until_it_is_signed(
    own: Client, simulators: Control, folder: Path
) -> None:
    """By ChartMogul as it is then; where it cannot be read, what was judged before stands."""
    period = month_before(month_before(month_before(PERIOD)))
    books = agreeing(period)
    simulators.put_books(*books)
    final = await begun(own, "final", folder, period=period, rejudge_every=timedelta(seconds=1))
    first = (await opened(final)).pack

    async def now() -> ReconciliationState:
        found: ReconciliationState = await final.query("state", result_type=ReconciliationState)
        return found

    async def with_late() -> ReconciliationState | None:
        found = await now()
        told = {each.subject: each.unexplained for each in found.open}
        return found if (found.phase, told) == ("open", LATE) else None

    async def looked_again() -> None:
        """Twice: what the first look found is done with."""
        reads = len(accounts_read(simulators))
        await until(lambda: len(accounts_read(simulators)) >= reads + 4)

    async def signed() -> bool:
        """While it is being judged there is nothing to sign."""
        try:
            await final.execute_update("sign_off", wish)
        except WorkflowUpdateFailedError:
            return False
        return True

    late = books[0] | {"id": "late", "customer": "customer-late", "unit": 7_000}
    simulators.put_books(*books, late)
    await until(with_late)
    packs = []
    for _ in range(2):
        await looked_again()
        packs.append((await now()).pack)
    simulators.fault("chartmogul", "status", status=400, path="/v1/account", times=None)
    await looked_again()
    found = await until(with_late)
    packs.append(found.pack)
    assert (found.stopped, packs) == ([], [found.pack] * 3)
    assert found.pack != first

    wish = signing(found).model_copy(update={"comment": "70.00 came late"})
    await until(signed)
    ended: ReconciliationState = await final.result()
    assert (ended.phase, ended.stopped, ended.differing) == ("signed", [], len(LATE))
    checked = verify(folder / "data" / "packs" / period, str(public_file(folder / "key")))
    assert checked.is_whole


def accounts_read(simulators: Control) -> list[Any]:
    return [each for each in simulators.calls("chartmogul") if each.path.endswith("/account")]


LATE = {"late": 7_000, "in_late": 7_000, "ch_late": 7_000}
"""In ChartMogul alone: a subscription, its invoice and what was paid."""


def agreeing(period: str) -> list[dict[str, Any]]:
    found = month(month_cut(period, ZONE).end, agreeing=4)
    return [each for each in found if each["id"].startswith("agree-")]


async def test_a_system_that_is_not_read_stops_the_month(own: Client, books: Control, folder: Path) -> None:
    stopped: ReconciliationState = await (await begun(own, "draft", folder, account="nobody")).result()
    assert stopped.phase == "stopped"
    assert any("not read" in each for each in stopped.stopped)


def _judged(folder: Path, now: ReconciliationState) -> Judgement:
    place = folder / "data" / "snapshots" / now.account / now.period / "final"
    return Judgement.model_validate_json((place / "judgement.json").read_bytes())
