"""Customer sync: a movement of MRR, and within seconds the CRM says what ChartMogul says of the customer."""

import asyncio
from datetime import timedelta

from temporalio import workflow

from activities.crm.steps import CrmActivities
from activities.definition import Step
from models.crm import CrmName
from models.effects import Effect, Mode
from models.runs import Outcome, RunResult
from models.templates.crm_sync import CustomerWork, FactsNow, FactsQuery
from models.templates.customer_sync import CustomerSyncInput
from workflows.engine.event_run import EventRun
from workflows.engine.steps import StepFailed, step

SYNC: dict[CrmName, Step[CrmActivities, CustomerWork, Effect]] = {
    "hubspot": CrmActivities.sync_to_hubspot,
    "salesforce": CrmActivities.sync_to_salesforce,
}


@workflow.defn(name="customer_sync")
class CustomerSync(EventRun[CustomerSyncInput]):
    """What is written is what ChartMogul says now, whatever the event said."""

    @workflow.init
    def __init__(self, given: CustomerSyncInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: CustomerSyncInput) -> RunResult:
        return await self._when_released(self._sync_all)

    async def _sync_all(self) -> RunResult:
        given = self._given
        await self._wait_for_its_day("Wait for the day of the movement")
        try:
            known = await self._read_when_settled()
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        if known is None:
            return self._run_log.end(Outcome.UNVERIFIED)
        objects = [
            (system, name) for system in given.options.systems for name in given.mapping.objects(system)
        ]
        await asyncio.gather(*(self._sync(system, name, known) for system, name in objects))
        if given.shadow:
            await self._keep_its_day()
        return self._run_log.end(Outcome.PREVIEWED if given.mode is Mode.PREVIEW else Outcome.ACTED)

    async def _read_when_settled(self) -> FactsNow | None:
        """Once more where ChartMogul does not show the movement yet; then what it shows is what there is."""
        known = await self._read()
        if known is None or not known.shows_movement:
            settling = timedelta(seconds=self._given.options.settling_seconds)
            await workflow.sleep(settling, summary="Give ChartMogul time to show the movement")
            known = await self._read()
        return known

    async def _read(self) -> FactsNow | None:
        event = self._given.event
        query = FactsQuery(
            account=event.account,
            customer=event.customer_uuid,
            mapping=self._given.mapping,
            movement_type=event.movement_type,
            occurred_at=event.occurred_at,
        )
        return await step(CrmActivities.read_facts, query, summary="Read the customer")

    async def _sync(self, system: CrmName, name: str, known: FactsNow) -> None:
        work = CustomerWork(
            key=self._key(f"{system}:{name}"),
            mode=self._given.mode,
            account=self._given.event.account,
            object=name,
            mapping=self._given.mapping,
            known=known,
        )
        await self._run_log.attempt(step(SYNC[system], work, summary=f"Write to {system} {name}"))
