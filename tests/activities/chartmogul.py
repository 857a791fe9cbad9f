"""ChartMogul's steps, run one by one as a worker runs them, against its simulator."""

import dataclasses
from collections.abc import Sequence
from typing import Any, TypeVar, cast

from temporalio.testing import ActivityEnvironment

from activities.chartmogul import ChartMogulActivities
from models.changes import AttributeValue, SubscriptionEvent
from models.chartmogul_writes import (
    AttributesWrite,
    ChartMogulWrite,
    CustomerWrite,
    DeletionWrite,
    EventWrite,
    MergeWrite,
    TagsWrite,
)
from models.effects import Effect, Mode
from models.undo import Undoing, Undone
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow

SOURCE = "ds_7b0c4e5e-5a0e-11ee-8f0c-0b6d2f1a9c44"
OWNER = "ana@mogulflow.example"
STEPS: dict[type, str] = {
    TagsWrite: "change_tags",
    AttributesWrite: "set_attributes",
    CustomerWrite: "save_customer",
    EventWrite: "import_event",
    MergeWrite: "merge_customers",
    DeletionWrite: "delete_customer",
    Undoing: "undo",
}
W = TypeVar("W", bound=ChartMogulWrite)


class Steps:
    def __init__(self, activities: ChartMogulActivities) -> None:
        self._activities = activities
        self.kept: list[Sequence[Any]] = []
        """What heartbeats told for the next try."""

    async def run(self, write: Any, *, attempt: int = 1) -> Any:
        environment = ActivityEnvironment()
        environment.info = dataclasses.replace(
            environment.info,
            attempt=attempt,
            heartbeat_details=self.kept[-1] if self.kept and attempt > 1 else [],
        )
        environment.on_heartbeat = lambda *details: self.kept.append(details)
        return await environment.run(cast(Any, getattr(self._activities, STEPS[type(write)])), write)

    async def write(self, write: ChartMogulWrite, *, attempt: int = 1) -> Effect:
        effect = await self.run(write, attempt=attempt)
        assert isinstance(effect, Effect)
        return effect

    async def preview(self, write: ChartMogulWrite) -> Effect:
        return await self.write(write.model_copy(update={"mode": Mode.PREVIEW}))

    async def undo(self, effect: Effect, *, attempt: int = 1, **options: Any) -> Undone:
        undone = await self.run(Undoing(key="undo:1", effect=effect, **options), attempt=attempt)
        assert isinstance(undone, Undone)
        return undone


def tags(uuid: str, add: Sequence[str] = (), remove: Sequence[str] = ()) -> TagsWrite:
    return TagsWrite(key="k:tags", account="default", customer_uuid=uuid, add=[*add], remove=[*remove])


def attributes(uuid: str, *given: AttributeValue, remove: Sequence[str] = ()) -> AttributesWrite:
    return AttributesWrite(
        key="k:attributes", account="default", customer_uuid=uuid, set=[*given], remove=[*remove]
    )


def fields(uuid: str, **values: Any) -> CustomerWrite:
    return CustomerWrite(key="k:save", account="default", customer_uuid=uuid, fields=values)


def newcomer(external_id: str = "new-1", **values: Any) -> CustomerWrite:
    return CustomerWrite(
        key="k:save", account="default", data_source_uuid=SOURCE, external_id=external_id, fields=values
    )


def event(**values: Any) -> EventWrite:
    given = {
        "external_id": "ev_1",
        "data_source_uuid": SOURCE,
        "customer_external_id": "cus_N1001",
        "subscription_external_id": "sub_1",
        "event_type": "subscription_start",
        "event_date": "2026-05-18T11:48:34+02:00",
        "effective_date": "2026-05-20T07:02:18Z",
        "plan_external_id": "team-monthly",
        "currency": "USD",
        "amount_in_cents": 4900,
        "quantity": 1,
    }
    made = SubscriptionEvent.model_validate(given | values)
    return EventWrite(key="k:event", account="default", event=made)


def merge(one: CustomerRow, into: CustomerRow) -> MergeWrite:
    return MergeWrite(key="k:merge", account="default", customer_uuid=one.uuid, into_uuid=into.uuid)


def deletion(uuid: str) -> DeletionWrite:
    return DeletionWrite(key="k:delete", account="default", customer_uuid=uuid)


def writes_of(control: Control) -> list[str]:
    """Methods of the calls that ChartMogul got, but reads."""
    return [call.method for call in control.calls("chartmogul") if call.method != "GET"]
