"""Audit export: each night events' runs are told to the ledger, and its rows go to files and a warehouse."""

from datetime import datetime

from temporalio import workflow

from activities.audit.steps import AuditActivities
from models.nightly_audit import AuditExportInput, AuditExportReport, AuditNight, Written
from models.runs import Outcome
from models.warehouse_loads import Loaded
from models.zones import day_in
from temporal import NOMINAL_TIME
from workflows.engine.ops import tell_ops
from workflows.engine.run_log import RunLog
from workflows.engine.steps import StepFailed, long_step


@workflow.defn(name="audit_export")
class AuditExport:
    """A night that was missed, or that failed, is made up for by the next one: each goes on where the files
    end, and where the ledger was told last."""

    @workflow.init
    def __init__(self, given: AuditExportInput) -> None:
        self._given = given
        self._night = _night(given)
        self._run_log = RunLog(f"Audit of account {given.account}, {self._night.day:%d %b %Y}")

    @workflow.run
    async def run(self, given: AuditExportInput) -> AuditExportReport:
        self._run_log.show()
        try:
            events = await self._tell_events()
            written = await self._write_files()
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        told = written is not None and await self._post(written)
        loads = await self._load_tables()
        result = self._run_log.end(Outcome.ACTED, _verdict(written))
        return AuditExportReport(
            outcome=result.outcome,
            events=events,
            written=written,
            loads=loads,
            told=told,
            problems=result.problems,
            more_problems=result.more_problems,
        )

    async def _tell_events(self) -> int:
        summary = "Tell the ledger which runs of events have ended"
        told = await long_step(
            AuditActivities.tell_events, self._night, summary=summary, limit=self._given.patience
        )
        return told.runs

    async def _write_files(self) -> Written | None:
        summary = "Write the ledger's rows to files"
        return await long_step(
            AuditActivities.write_files, self._night, summary=summary, limit=self._given.patience
        )

    async def _post(self, written: Written) -> bool:
        """Where it has left the machine nobody can write the rows anew unseen."""
        key = f"audit:{self._given.account}:{written.number}:{written.head[:16]}"
        return await tell_ops(self._given.ops_channel, key, _line(self._given.account, written)) is not None

    async def _load_tables(self) -> list[Loaded]:
        if not self._given.warehouse:
            return []
        loaded = await self._run_log.attempt(
            long_step(
                AuditActivities.load_tables,
                self._night,
                summary="Load runs, effects and the audit into the warehouse",
                limit=self._given.patience,
            )
        )
        return loaded.loads if loaded else []


def _verdict(written: Written | None) -> str:
    if written is None:
        return "No row yet."
    return f"{written.file} has rows {written.first} to {written.number}, {written.new} of them new."


def _line(account: str, written: Written) -> str:
    """`Audit of account default: rows 1 to 12 in audit-2026-11-30.jsonl; row 12 has the hash …`"""
    return (
        f"Audit of account {account}: rows {written.first} to {written.number} in {written.file}; "
        f"row {written.number} has the hash {written.head}. "
        f"`mogulflow audit verify FILE --head HASH` proves that nobody has changed a row since."
    )


def _night(given: AuditExportInput) -> AuditNight:
    """The day is the one on which the run was due."""
    info = workflow.info()
    due: datetime = given.night or info.typed_search_attributes.get(NOMINAL_TIME) or info.start_time
    return AuditNight(
        account=given.account,
        began_at=info.start_time,
        day=day_in(given.time_zone, due),
        time_zone=given.time_zone,
        accept_gap=given.accept_gap,
    )
