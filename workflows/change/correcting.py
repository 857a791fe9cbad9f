"""Correcting a month that is reconciled: nobody signs it meanwhile, and after each row its difference is read
again. Where that is not what was predicted, nothing more is written."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

from activities.chartmogul import ChartMogulActivities
from activities.chartmogul.correcting import PERIOD
from activities.reconciliation.steps import ReconciliationActivities
from activities.runs.steps import RunsActivities
from models.changes import ChangeInput, Correction, InvoiceSwitch, MonthCorrection
from models.effects import Effect
from models.minor_units import minor_text
from models.reconciliation.books import Reading
from models.runs import Problem
from models.templates.reconciliation import (
    BooksWork,
    Corrected,
    CorrectedRow,
    HeldMonth,
    HoldMonth,
    Placed,
    RecheckWork,
    SnapshotPlace,
    workflow_id,
)
from workflows.engine.steps import StepFailed, long_step, step

READING = timedelta(hours=2)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=2)
"""Between two looks whether ChartMogul has computed its MRR anew."""


class Correcting:
    """Also an undo of what has corrected a month holds it."""

    def __init__(self, given: ChangeInput) -> None:
        self._given, self._change = given, workflow.info().workflow_id
        self._held: dict[str, HeldMonth] = {}
        self._rows: list[CorrectedRow] = []
        self._looks = 0

    async def begin(self, planned: Sequence[Effect], agreed: Sequence[str]) -> None:
        """Raises StepFailed where a month is signed, or over, or has not proposed just that."""
        change = self._given.change
        own = change.corrections if isinstance(change, MonthCorrection) else []
        for period in _periods(self._given, planned):
            wish = HoldMonth(
                account=self._given.account,
                period=period,
                change=self._change,
                corrections=[each.digest for each in own],
                agreed=list(agreed),
            )
            summary = f"Keep {period} from being signed meanwhile"
            self._held[period] = await step(RunsActivities.hold_month, wish, summary=summary)

    async def end(self) -> None:
        """A month that is over needs no word."""
        for period in self._held:
            run = workflow_id(self._given.account, period, "final")
            told = Corrected(change=self._change, rows=self._rows)
            with suppress(FailureError):
                await workflow.get_external_workflow_handle(run).signal("corrected", told)

    async def goes_on(self, number: int, *, done: bool) -> Problem | None:
        """After the part of that number: why nothing more is to be written."""
        change = self._given.change
        if not isinstance(change, MonthCorrection):
            return None
        correction = change.corrections[number]
        if not done:
            return Problem(step="reconciliation.recheck", kind="Stopped", message=_left_out(change, number))
        if correction.predicted is None:
            return None
        found = await self._settled(change, correction)
        row = CorrectedRow(
            finding=correction.finding,
            currency=correction.currency,
            predicted=correction.predicted,
            found=found,
        )
        self._rows.append(row)
        return None if found == correction.predicted else _not_as_predicted(change, number, row)

    async def _settled(self, change: MonthCorrection, correction: Correction) -> int | None:
        """The row's difference, once it is as predicted or there was time enough for that."""
        began, pause = workflow.now(), FIRST_PAUSE
        while True:
            found = await self._difference(change, correction)
            if found == correction.predicted or workflow.now() - began + pause > change.settles_within:
                return found
            await workflow.sleep(pause, summary="Give ChartMogul time to compute its MRR anew")
            pause = min(pause * 2, LONGEST_PAUSE)

    async def _difference(self, change: MonthCorrection, correction: Correction) -> int | None:
        """None where it cannot be read."""
        held, self._looks = self._held[change.period], self._looks + 1
        place = SnapshotPlace(
            account=self._given.account,
            period=change.period,
            part="correction",
            of=workflow.info().run_id,
            number=self._looks,
        )
        try:
            reading = await self._read(place, held, correction)
            work = RecheckWork(
                place=place,
                cut=held.cut,
                rules=held.rules,
                readings=[*held.readings, Placed(place=place, reading=reading)],
                customer_uuid=correction.customer_uuid,
                row=correction.row,
            )
            recheck = ReconciliationActivities.recheck
            return (await long_step(recheck, work, summary="Compare the row", limit=READING)).difference
        except StepFailed:
            return None

    async def _read(self, place: SnapshotPlace, held: HeldMonth, correction: Correction) -> Reading:
        """A customer's own list of movements does not say of which source they are: where two sources have
        the same subscription, all is read."""
        whole = isinstance(correction.edit, InvoiceSwitch)
        customers = [] if whole else [correction.customer_uuid]
        work = BooksWork(place=place, cut=held.cut, site=self._given.account, customers=customers)
        read = ChartMogulActivities.read_books
        return await long_step(read, work, summary="Read ChartMogul again", limit=READING)


def _periods(given: ChangeInput, planned: Sequence[Effect]) -> list[str]:
    if isinstance(given.change, MonthCorrection):
        return [given.change.period]
    found = (str(each.undo[PERIOD]) for each in planned if each.undo.get(PERIOD))
    return sorted(set(found))


def _not_as_predicted(change: MonthCorrection, number: int, row: CorrectedRow) -> Problem:
    found = "could not be read" if row.found is None else f"is {minor_text(row.found, row.currency)}"
    predicted = minor_text(row.predicted, row.currency)
    said = f"{change.corrections[number].said}: it {found}, and {predicted} was predicted."
    message = f"{said} {_left_out(change, number)} Look at the row, or take it back with `mogulflow undo`."
    return Problem(step="reconciliation.recheck", kind="NotAsPredicted", message=message)


def _left_out(change: MonthCorrection, number: int) -> str:
    left = len(change.corrections) - number - 1
    return f"{left} further corrections were not written." if left else "Nothing more is written."
