"""The writes of which a change consists, each of which can be tried without writing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from activities.chartmogul import ChartMogulActivities
from models.changes import (
    AttributeChange,
    ChangeInput,
    CustomerDeletion,
    CustomerMerge,
    CustomerSave,
    EventImport,
    TagChange,
)
from models.chartmogul_writes import (
    AttributesWrite,
    ChartMogulWrite,
    CustomerWrite,
    DeletionWrite,
    EventWrite,
    MergeWrite,
    TagsWrite,
)
from models.effects import Effect, Mode, Write
from models.undo import Undone
from workflows.engine.steps import step


@dataclass(frozen=True)
class Part:
    """One write, by one step. Its preview and its effect have the same sides where nothing has moved."""

    activity: Any
    write: Write
    summary: str

    async def run(self, mode: Mode, planned: Effect | None = None) -> Effect | Undone:
        """`planned` is what its preview has found: what a try that was lost may have overwritten since.
        Raises StepFailed."""
        update: dict[str, Any] = {"mode": mode}
        if planned and isinstance(self.write, ChartMogulWrite):
            update["was"] = planned.before
        write = self.write.model_copy(update=update)
        done: Effect | Undone = await step(self.activity, write, summary=self.summary)
        return done


def effect_of(done: Effect | Undone) -> Effect:
    return done if isinstance(done, Effect) else done.effect


def parts_of(given: ChangeInput) -> list[Part]:
    """In the order in which they are written. Those of an undo are in `undoing`."""
    return list(_parts(given))


def _parts(given: ChangeInput) -> Iterator[Part]:
    change, steps = given.change, ChartMogulActivities
    common = {"account": given.account}
    if isinstance(change, EventImport):
        for number, event in enumerate(change.events, start=1):
            write = EventWrite(key=f"{given.key}:event_{number}", event=event, **common)
            yield Part(steps.import_event, write, f"Import event {number}")
        return
    common |= {"key": f"{given.key}:{change.kind}"} | change.model_dump(exclude={"kind"})
    if isinstance(change, TagChange):
        yield Part(steps.change_tags, TagsWrite.model_validate(common), "Change the tags")
    elif isinstance(change, AttributeChange):
        yield Part(steps.set_attributes, AttributesWrite.model_validate(common), "Set the attributes")
    elif isinstance(change, CustomerSave):
        yield Part(steps.save_customer, CustomerWrite.model_validate(common), "Save the customer")
    elif isinstance(change, CustomerMerge):
        yield Part(steps.merge_customers, MergeWrite.model_validate(common), "Merge the customers")
    elif isinstance(change, CustomerDeletion):
        yield Part(steps.delete_customer, DeletionWrite.model_validate(common), "Delete the customer")
