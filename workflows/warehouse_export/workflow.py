"""Warehouse export: once a night all of ChartMogul's streams go into the warehouse, each on its own."""

import asyncio
from collections.abc import Iterable

from temporalio import workflow

from activities.warehouse.steps import WarehouseActivities
from models.runs import Outcome
from models.templates.warehouse_export import (
    ExportInput,
    ExportReport,
    Night,
    NightWork,
    Prepared,
    StreamWork,
)
from temporal import NOMINAL_TIME
from workflows.engine.ops import tell_ops
from workflows.engine.steps import StepFailed, long_step
from workflows.warehouse_export.texts import ExportRunLog, moved, restated_line

AFTER_OTHERS = ("subscriptions",)
"""Read for the customers that the other streams found changed."""


@workflow.defn(name="warehouse_export")
class WarehouseExport:
    """Streams run side by side, as many as the worker has slots for. One that fails stops no other."""

    @workflow.init
    def __init__(self, given: ExportInput) -> None:
        self._given = given
        self._night = _night(given)
        self._streams = [each for each in given.mapping.read_streams if each in (given.streams or [each])]
        title = f"Export of account {given.account}, night of {self._night.due_at:%d %b %Y %H:%M} UTC"
        self._run_log = ExportRunLog(title, self._streams)

    @workflow.run
    async def run(self, given: ExportInput) -> ExportReport:
        self._run_log.show()
        try:
            prepared = await self._prepare()
        except StepFailed as failure:
            raise self._run_log.fail(failure) from None
        await self._export(prepared, [each for each in self._streams if each not in AFTER_OTHERS])
        await self._export(prepared, [each for each in self._streams if each in AFTER_OTHERS])
        await self._check()
        await self._tell_of_restated_history(prepared.currency)
        result = self._run_log.end(Outcome.ACTED)
        return ExportReport(
            outcome=result.outcome,
            run_id=self._night.run_id,
            engine=prepared.engine,
            streams=self._run_log.reports,
            checked=self._run_log.checked,
            problems=result.problems,
            more_problems=result.more_problems,
        )

    async def _prepare(self) -> Prepared:
        work, limit = NightWork(night=self._night, mapping=self._given.mapping), self._given.patience
        return await long_step(
            WarehouseActivities.prepare, work, summary="Prepare the warehouse", limit=limit
        )

    async def _export(self, prepared: Prepared, streams: Iterable[str]) -> None:
        await asyncio.gather(*(self._export_one(prepared, each) for each in streams))

    async def _export_one(self, prepared: Prepared, stream: str) -> None:
        mapping = self._given.mapping.only(stream)
        work = StreamWork(night=self._night, stream=stream, mapping=mapping, prepared=prepared)
        summary, limit = f"Export {stream}", self._given.patience
        export = WarehouseActivities.export_stream
        report = await self._run_log.attempt(long_step(export, work, summary=summary, limit=limit))
        if report is not None:
            self._run_log.note_stream(report)
            for table in report.unreadable:
                self._run_log.note_problem(_unreadable(stream, table))

    async def _check(self) -> None:
        """Whether customers and movements agree, where both came."""
        if {"customers", "mrr_movements"} <= {each.stream for each in self._run_log.reports}:
            work = NightWork(night=self._night, mapping=self._given.mapping)
            check, limit = WarehouseActivities.check, self._given.patience
            summary = "Compare customers with their movements"
            self._run_log.note_check(
                await self._run_log.attempt(long_step(check, work, summary=summary, limit=limit))
            )

    async def _tell_of_restated_history(self, currency: str) -> None:
        months, wish = moved(self._run_log.reports), self._given.mapping.restated
        if not wish.channel or sum(map(abs, months.values())) <= wish.from_cents:
            return
        text = restated_line(self._given.account, months, currency, self._night.run_id)
        if await tell_ops(wish.channel, f"restated:{self._night.run_id}", text) is None:
            self._run_log.note_problem(_untold(wish.channel, text))


def _untold(channel: str, text: str) -> StepFailed:
    words = f"Slack did not take this for {channel}: {text}"
    return StepFailed("slack.post_message", "Untold", words, permanent=True, pause=None)


def _unreadable(stream: str, table: str) -> StepFailed:
    words = f"No row of {table} could be read, and none was written. See whether ChartMogul's API or "
    words += "config/warehouse.yaml changed; the table load_rejects says what is wrong with each."
    return StepFailed(f"warehouse.export_stream {stream}", "Rejected", words, permanent=True, pause=None)


def _night(given: ExportInput) -> Night:
    """The time a run was due rules, not the clock: nights can be made up for."""
    info = workflow.info()
    due = given.night or info.typed_search_attributes.get(NOMINAL_TIME) or info.start_time
    return Night(
        account=given.account,
        run_id=f"{given.account}/{due:%Y-%m-%dT%H:%M:%SZ}",
        due_at=due,
        began_at=info.start_time,
        full=given.full,
        accept_missing=given.accept_missing,
    )
