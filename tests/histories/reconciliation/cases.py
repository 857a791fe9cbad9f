"""How the recorded month ends come about."""

from domains.reconciliation.cut import month_cut
from models.reconciliation.rules import BillingSource, ReconciliationRules
from models.templates.reconciliation import Kind, ReconciliationInput, ReconciliationState, Sign
from simulators.billing.truth.month import SYSTEMS, month
from simulators.chartmogul.books import SECOND, SOURCES
from tests.histories.studio import OPS, Case, Run, Studio, start
from tests.waiting import until

PERIOD, ZONE = "2026-10", "Europe/Berlin"
RULES = ReconciliationRules(
    sources=[
        BillingSource(system=each, data_source=SOURCES[each].uuid, also=[SECOND.uuid]) for each in SYSTEMS
    ]
)


async def _begun(studio: Studio, kind: Kind, account: str = "default") -> Run:
    studio.simulators.put_books(*month(month_cut(PERIOD, ZONE).end, agreeing=3))
    given = ReconciliationInput(
        account=account, period=PERIOD, kind=kind, time_zone=ZONE, rules=RULES, ops_channel=OPS
    )
    return await start(studio, "reconciliation", given, ReconciliationState)


async def draft(studio: Studio) -> Run:
    return await _begun(studio, "draft")


async def signed(studio: Studio) -> Run:
    run = await _begun(studio, "final")

    async def opened() -> ReconciliationState | None:
        now: ReconciliationState = await run.query("state", result_type=ReconciliationState)
        return now if now.phase == "open" else None

    now = await until(opened)
    pack = now.pack.sha256 if now and now.pack else ""
    wish = Sign(id="1", preparer="ana", reviewer="ben", comment="7.11 is being asked for", pack=pack)
    await run.execute_update("sign_off", wish)
    return run


async def not_read(studio: Studio) -> Run:
    return await _begun(studio, "draft", account="nobody")


CASES = [
    Case(draft, lambda state: state.phase == "done"),
    Case(signed, lambda state: state.phase == "signed"),
    Case(not_read, lambda state: state.phase == "stopped"),
]
