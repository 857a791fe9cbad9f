"""How the recorded runs of the warehouse export come about."""

from models.runs import Outcome
from models.templates.warehouse_export import ExportInput, ExportReport
from tests.contracts.warehouse_rows import MAPPING as ALL
from tests.histories.studio import Case, Run, Studio, start

READ = {"mrr_movements", "customers", "subscriptions", "invoices"}
MAPPING = ALL.model_copy(update={"streams": [each for each in ALL.streams if each.target in READ]})
"""Enough for every path: a history holds the mapping."""


async def night(studio: Studio) -> Run:
    """Customers are others in each case, in one warehouse."""
    given = ExportInput(account="default", mapping=MAPPING, accept_missing=True)
    return await start(studio, "warehouse_export", given, ExportReport)


async def history_restated(studio: Studio) -> Run:
    """A night after one that has all: the line for Slack is posted, too."""
    await (await night(studio)).result()
    customer = next(each for each in studio.simulators.customers(case="account") if each.mrr)
    studio.simulators.restate(customer.uuid, cents=customer.mrr + 300_000, index=0, whole_history=True)
    return await night(studio)


async def invoices_refused(studio: Studio) -> Run:
    studio.simulators.fault("chartmogul", "status", status=403, path="/invoices")
    return await night(studio)


async def some_streams(studio: Studio) -> Run:
    given = ExportInput(account="default", mapping=MAPPING, streams=["customers"], accept_missing=True)
    return await start(studio, "warehouse_export", given, ExportReport)


CASES = [
    Case(night, Outcome.ACTED),
    Case(history_restated, lambda report: any(each.months for each in report.streams)),
    Case(invoices_refused, Outcome.PARTIAL),
    Case(some_streams, Outcome.ACTED),
]
