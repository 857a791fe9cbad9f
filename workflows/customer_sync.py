"""Customer sync: a movement of MRR, and within seconds the CRM says what ChartMogul says of the customer."""

import asyncio
from datetime import timedelta

from temporalio import workflow

from activities.crm import CrmActivities
from activities.definition import Step
from models.crm import System
from models.effects import Effect, Mode
from models.events import MrrMovement
from models.holds import Decision
from models.runs import Outcome, RunResult
from models.templates.crm_sync import CustomerWork, FactsNow, FactsQuery
from models.templates.customer_sync import CustomerSyncInput
from workflows.engine.held import Dropped, Held
from workflows.engine.run_log import Ledger
from workflows.engine.steps import StepFailed, step
from workflows.engine.trouble import pausing

SYNC: dict[System, Step[CrmActivities, CustomerWork, Effect]] = {
    "hubspot": CrmActivities.sync_to_hubspot,
    "salesforce": CrmActivities.sync_to_salesforce,
}


@workflow.defn(name="customer_sync")
class CustomerSync:
    """What is written is what ChartMogul says now, whatever the event said."""

    @workflow.init
    def __init__(self, given: CustomerSyncInput) -> None:
        self._given = given
        self._ledger = Ledger.of_event(given)
        self._stated = [given.event.stated]
        self._held = Held(given.held_by, given.event.summary)

    @workflow.run
    async def run(self, given: CustomerSyncInput) -> RunResult:
        try:
            await self._held.until_released()
        except Dropped as dropped:
            return dropped.result
        return await self._sync_all(given)

    async def _sync_all(self, given: CustomerSyncInput) -> RunResult:
        if (day := given.waits_until) and (left := day - workflow.now()) > timedelta(0):
            with pausing("Wait for the day of the movement", day):
                await workflow.sleep(left, summary="Wait for the day of the movement")
        try:
            known = await self._read_when_settled()
        except StepFailed as failure:
            raise self._ledger.fail(failure) from None
        if known is None:
            return self._ledger.end(Outcome.UNVERIFIED)
        objects = [
            (system, name) for system in given.options.systems for name in given.mapping.objects(system)
        ]
        await asyncio.gather(*(self._sync(system, name, known) for system, name in objects))
        if given.shadow:
            await self._keep_its_day()
        return self._ledger.end(Outcome.PREVIEWED if given.mode is Mode.PREVIEW else Outcome.ACTED)

    @workflow.query(name="effects", description="What this run has done so far")
    def effects(self) -> list[Effect]:
        return self._ledger.effects

    @workflow.signal(name="restated", description="ChartMogul says otherwise of this movement now")
    def restated(self, now: MrrMovement) -> None:
        self._ledger.note_restatement(self._stated, now.stated)

    @workflow.signal(name="hold_ended", description="What held this run has ended: begin, or be dropped")
    def hold_ended(self, decision: Decision) -> None:
        self._held.end(decision)

    async def _keep_its_day(self) -> None:
        """Temporal forgets closed runs; a movement that lies ahead would be listed, and acted on, again."""
        if (left := self._given.event.occurred_at - workflow.now()) > timedelta(0):
            self._ledger.state(Outcome.PREVIEWED)
            await workflow.sleep(left, summary="Keep its day: it is acted on no more")

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

    async def _sync(self, system: System, name: str, known: FactsNow) -> None:
        work = CustomerWork(
            key=f"{self._given.event.event_id}:{system}:{name}",
            mode=self._given.mode,
            account=self._given.event.account,
            object=name,
            mapping=self._given.mapping,
            known=known,
        )
        await self._ledger.attempt(step(SYNC[system], work, summary=f"Write to {system} {name}"))
