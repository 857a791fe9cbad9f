"""The writes of which a change consists, each of which can be tried without writing."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from activities.chartmogul import ChartMogulActivities
from activities.runs.steps import RunsActivities
from models.base import Record
from models.changes import (
    AttributeChange,
    ChangeInput,
    CustomerDeletion,
    CustomerMerge,
    CustomerSave,
    EventImport,
    LineEdit,
    MetricWatch,
    MonthCorrection,
    TagChange,
)
from models.chartmogul_writes import (
    AttributesWrite,
    ChartMogulWrite,
    CustomerWrite,
    DeletionWrite,
    EventWrite,
    InvoiceWrite,
    LineWrite,
    MergeWrite,
    TagsWrite,
)
from models.effects import Effect, Mode, Write
from models.metric_alert import AlertWrite
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


STEPS: dict[type[Record], tuple[Any, type[Write], str]] = {
    TagChange: (ChartMogulActivities.change_tags, TagsWrite, "Change the tags"),
    AttributeChange: (ChartMogulActivities.set_attributes, AttributesWrite, "Set the attributes"),
    CustomerSave: (ChartMogulActivities.save_customer, CustomerWrite, "Save the customer"),
    CustomerMerge: (ChartMogulActivities.merge_customers, MergeWrite, "Merge the customers"),
    CustomerDeletion: (ChartMogulActivities.delete_customer, DeletionWrite, "Delete the customer"),
    MetricWatch: (RunsActivities.watch_metric, AlertWrite, "Set the alert"),
}
"""Of changes that are one write, which has the change's fields."""


def _parts(given: ChangeInput) -> Iterator[Part]:
    change = given.change
    if isinstance(change, EventImport):
        for number, event in enumerate(change.events, start=1):
            key = f"{given.key}:event_{number}"
            event_write = EventWrite(key=key, account=given.account, event=event)
            yield Part(ChartMogulActivities.import_event, event_write, f"Import event {number}")
    elif isinstance(change, MonthCorrection):
        yield from _corrections(given.account, change)
    elif type(change) in STEPS:
        activity, kind, summary = STEPS[type(change)]
        named = {"account": given.account, "key": f"{given.key}:{change.kind}"}
        yield Part(activity, kind.model_validate(named | change.model_dump(exclude={"kind"})), summary)


def _corrections(account: str, change: MonthCorrection) -> Iterator[Part]:
    """Keyed by month, finding and step: proposed again it is the same write."""
    for each in change.corrections:
        key = f"reconciliation:{account}:{change.period}:{each.finding}:{each.step}"
        named = {"key": key, "account": account, "period": change.period, "said": each.said}
        if isinstance(each.edit, LineEdit):
            line = LineWrite(**named, line_uuid=each.edit.line_uuid, fields=each.edit.fields)
            yield Part(ChartMogulActivities.correct_line, line, f"Correct a line of {each.said[:60]}")
        else:
            invoice = InvoiceWrite(**named, invoice_uuid=each.edit.invoice_uuid)
            yield Part(
                ChartMogulActivities.switch_invoice, invoice, f"Disable an invoice of {each.said[:60]}"
            )
