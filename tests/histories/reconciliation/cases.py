"""How the recorded month ends come about."""

from domains.reconciliation.cut import month_cut
from models.canonical import digest_of
from models.changes import MonthCorrection
from models.reconciliation.rules import BillingSource, ReconciliationRules
from models.runs import RunResult
from models.templates.reconciliation import (
    Kind,
    Propose,
    Proposed,
    ReconciliationInput,
    ReconciliationState,
    Sign,
    workflow_id,
)
from operations.changes import ask, decide
from simulators.billing.truth.month import SYSTEMS, month
from simulators.chartmogul.books import SECOND, SOURCES
from tests.histories.studio import OPS, Case, Run, Studio, start
from tests.waiting import until
from tests.workflows.changing import asks, change_of

PERIOD, ZONE = "2026-10", "Europe/Berlin"
RULES = ReconciliationRules(
    sources=[
        BillingSource(system=each, data_source=SOURCES[each].uuid, also=[SECOND.uuid]) for each in SYSTEMS
    ]
)


async def _begun(studio: Studio, kind: Kind, account: str = "default", id: str = "") -> Run:
    studio.simulators.put_books(*month(month_cut(PERIOD, ZONE).end, agreeing=3))
    given = ReconciliationInput(
        account=account, period=PERIOD, kind=kind, time_zone=ZONE, rules=RULES, ops_channel=OPS
    )
    return await start(studio, "reconciliation", given, ReconciliationState, id)


async def draft(studio: Studio) -> Run:
    return await _begun(studio, "draft")


async def signed(studio: Studio) -> Run:
    run = await _begun(studio, "final")
    await _sign(run, await _opened(run))
    return run


async def _opened(run: Run, but: str = "") -> str:
    """Its pack, once that is another one."""

    async def look() -> str | None:
        now: ReconciliationState = await run.query("state", result_type=ReconciliationState)
        pack = now.pack.sha256 if now.pack else ""
        return pack if now.phase == "open" and pack not in ("", but) else None

    return await until(look)


async def _sign(run: Run, pack: str) -> None:
    wish = Sign(id="1", preparer="ana", reviewer="ben", comment="7.11 is being asked for", pack=pack)
    await run.execute_update("sign_off", wish)


async def corrected(studio: Studio) -> Run:
    """A tax, by a change to which somebody agrees; then it is looked at again, and signed."""
    month, _ = await correcting(studio)
    await _sign(month, await _opened(month))
    return month


async def correcting(studio: Studio, key: str = "month") -> tuple[Run, Run]:
    """A month that was corrected, and the change, which is another one by another key."""
    run = await _begun(studio, "final", id=workflow_id("default", PERIOD, "final"))
    pack = await _opened(run)
    found: Proposed = await run.execute_update("propose", Propose(id="1", who="ana"), result_type=Proposed)
    taxes = [each for each in found.corrections if each.said.startswith("tax-included")]
    wish = Propose(id="2", who="ana", findings=list({each.finding for each in taxes}))
    await run.execute_update("propose", wish, result_type=Proposed)
    wanted = MonthCorrection(period=PERIOD, corrections=taxes)
    asked = await ask(studio.client, change_of(wanted, asks(), digest=digest_of(key)), seconds=30)
    await decide(studio.client, asked.run_id, "ben", "command", True, "", asked.plan)
    await _opened(run, but=pack)
    return run, studio.client.get_workflow_handle(asked.run_id, result_type=RunResult)


async def not_read(studio: Studio) -> Run:
    return await _begun(studio, "draft", account="nobody")


CASES = [
    Case(draft, lambda state: state.phase == "done"),
    Case(signed, lambda state: state.phase == "signed"),
    Case(corrected, lambda state: state.phase == "signed"),
    Case(not_read, lambda state: state.phase == "stopped"),
]
