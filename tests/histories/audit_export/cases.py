"""How the recorded nights of the audit come about."""

from activities.runs.audit import tell
from models.ledger import Append
from models.nightly_audit import AuditExportInput, AuditExportReport
from models.runs import Outcome
from tests.audited import row
from tests.histories.studio import OPS, Case, Run, Studio, start


async def _night(studio: Studio, account: str, *, warehouse: bool = False) -> Run:
    given = AuditExportInput(account=account, ops_channel=OPS, warehouse=warehouse)
    return await start(studio, "audit_export", given, AuditExportReport)


async def told(studio: Studio) -> Run:
    await tell(studio.client, Append(account="default", rows=[row(1), row(2)]))
    return await _night(studio, "default", warehouse=True)


async def no_row_yet(studio: Studio) -> Run:
    return await _night(studio, "empty")


async def no_channel(studio: Studio) -> Run:
    body = {"ok": False, "error": "channel_not_found"}
    studio.simulators.fault("slack", "status", path="chat.postMessage", status=200, body=body, times=None)
    await tell(studio.client, Append(account="untold", rows=[row(1, account="untold")]))
    return await _night(studio, "untold")


CASES = [
    Case(told, lambda report: report.told and len(report.loads) == 3),
    Case(no_row_yet, lambda report: report.written is None),
    Case(no_channel, lambda report: report.outcome is Outcome.ACTED and not report.told),
]
