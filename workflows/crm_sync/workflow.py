"""CRM sync: once a day what ChartMogul knows of every customer goes to a CRM, where it differs."""

from temporalio import workflow

from activities.crm.steps import CrmActivities
from models.runs import Outcome
from models.templates.crm_sync import CrmReport, CrmSyncInput, SyncReport, SyncWork
from workflows.crm_sync.texts import CrmRunLog
from workflows.engine.steps import StepFailed, long_step


@workflow.defn(name="crm_sync")
class CrmSync:
    """One long step: facts of all customers never travel through here. An object that cannot be written
    stops no other, and a record that cannot be written stops nothing."""

    @workflow.init
    def __init__(self, given: CrmSyncInput) -> None:
        title = f"Sync of account {given.account} to {given.system}"
        self._run_log = CrmRunLog(title)

    @workflow.run
    async def run(self, given: CrmSyncInput) -> CrmReport:
        self._run_log.show()
        try:
            report = await self._sync(given)
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        self._run_log.note_report(report)
        result = self._run_log.end(Outcome.ACTED)
        return CrmReport(
            **dict(report),
            outcome=result.outcome,
            system=given.system,
            problems=result.problems,
            more_problems=result.more_problems,
        )

    async def _sync(self, given: CrmSyncInput) -> SyncReport:
        work = SyncWork(
            account=given.account,
            system=given.system,
            mapping=given.mapping,
            as_of=workflow.info().start_time,
        )
        summary = f"Write to {given.system} what differs"
        return await long_step(CrmActivities.sync, work, summary=summary, limit=given.patience)
