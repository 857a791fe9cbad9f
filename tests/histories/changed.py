"""Templates as a careless change would leave them: the same name, other or differently ordered steps."""

import asyncio
from typing import Any

from temporalio import workflow

from models.attention import Dismissal, WatchInput, WatchState
from models.deliveries import DeliveryResult, UnreadableDelivery
from models.effects import Effect
from models.holds import HoldInput, HoldResult
from models.movements import (
    BackfillInput,
    BackfillProgress,
    CoverageInput,
    CoverageReport,
    PollInput,
    PollState,
)
from models.runs import RunResult
from models.templates.churn_save import ChurnSaveInput
from models.templates.crm_sync import CrmReport, CrmSyncInput
from models.templates.customer_sync import CustomerSyncInput
from models.templates.warehouse_export import ExportInput, ExportReport
from workflows.backfill import Backfill
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.workflow import ChurnSave
from workflows.coverage import Coverage
from workflows.crm_sync.workflow import CrmSync
from workflows.customer_sync import CustomerSync
from workflows.dismissal import KeptDismissal
from workflows.hold.workflow import Hold
from workflows.movement_poll import MovementPoll
from workflows.ops_watch.workflow import OpsWatch
from workflows.unreadable_delivery import KeptDelivery
from workflows.warehouse_export.workflow import WarehouseExport


@workflow.defn(name="churn_save")
class AlertFirst(ChurnSave):
    @workflow.init
    def __init__(self, given: ChurnSaveInput) -> None:
        super().__init__(given)
        self._alerted = asyncio.Event()

    @workflow.run
    async def run(self, given: ChurnSaveInput) -> RunResult:
        return await super().run(given)

    async def _give_the_owner_a_save_task(self, facts: ChurnFacts) -> None:
        await self._alerted.wait()
        await super()._give_the_owner_a_save_task(facts)

    async def _alert_the_channel(self, facts: ChurnFacts) -> Effect | None:
        try:
            return await super()._alert_the_channel(facts)
        finally:
            self._alerted.set()


@workflow.defn(name="unreadable_delivery")
class WaitsTwice(KeptDelivery):
    @workflow.init
    def __init__(self, given: UnreadableDelivery) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: UnreadableDelivery) -> DeliveryResult:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="dismissal")
class DismissesLater(KeptDismissal):
    @workflow.run
    async def run(self, given: Dismissal) -> Dismissal:
        await workflow.sleep(2)
        return await super().run(given)


@workflow.defn(name="movement_poll")
class PollsLater(MovementPoll):
    @workflow.run
    async def run(self, given: PollInput) -> PollState:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="backfill")
class FillsLater(Backfill):
    @workflow.init
    def __init__(self, given: BackfillInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: BackfillInput) -> BackfillProgress:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="coverage")
class ComparesLater(Coverage):
    @workflow.run
    async def run(self, given: CoverageInput) -> CoverageReport:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="ops_watch")
class WatchesLater(OpsWatch):
    @workflow.init
    def __init__(self, given: WatchInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: WatchInput) -> WatchState:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="crm_sync")
class SyncsLater(CrmSync):
    @workflow.init
    def __init__(self, given: CrmSyncInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: CrmSyncInput) -> CrmReport:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="customer_sync")
class WritesLater(CustomerSync):
    @workflow.init
    def __init__(self, given: CustomerSyncInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: CustomerSyncInput) -> RunResult:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="warehouse_export")
class ExportsLater(WarehouseExport):
    @workflow.init
    def __init__(self, given: ExportInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: ExportInput) -> ExportReport:
        await workflow.sleep(1)
        return await super().run(given)


@workflow.defn(name="hold")
class HoldsLater(Hold):
    @workflow.init
    def __init__(self, given: HoldInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: HoldInput) -> HoldResult:
        await workflow.sleep(1)
        return await super().run(given)


CHANGED: dict[str, type[Any]] = {
    "churn_save": AlertFirst,
    "unreadable_delivery": WaitsTwice,
    "movement_poll": PollsLater,
    "backfill": FillsLater,
    "coverage": ComparesLater,
    "ops_watch": WatchesLater,
    "crm_sync": SyncsLater,
    "customer_sync": WritesLater,
    "dismissal": DismissesLater,
    "hold": HoldsLater,
    "warehouse_export": ExportsLater,
}
"""By template: each must be refused by every history of it."""
