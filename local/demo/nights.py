"""The demo's last act: two nights of the export, and between them ChartMogul restates history."""

import asyncio
from dataclasses import dataclass
from typing import Any

import duckdb
from rich.console import Console
from rich.markup import escape
from temporalio.client import Client

import temporal
from commands.exports import print_report
from commands.show import folding
from configuration.files import load_mapping
from local.stack import Stack
from models.templates.warehouse_export import ExportInput, ExportReport
from simulators.kit.control import Control

ACCOUNT = "default"
MORE_CENTS = 150_000
FIRST_MOVEMENT = (
    "select mrr_movement_cents from mrr_movements where customer_uuid = '{uuid}' "
    "order by activity_date limit 1"
)
RESTATED = (
    "select month_before, customer_name, currency, delta from movements_restated where delta <> 0 "
    "order by month_before"
)
WHY_CHANGED = (
    "ChartMogul has recalculated the customer's whole history: each of its movements has a new id and so"
    " counts as changed, and of one the amount moved. Metrics changed for every day since."
)


@dataclass(frozen=True)
class Nights:
    """`customers` there are; `restated` are the rows of the view after the second night."""

    first: ExportReport
    second: ExportReport
    moved_cents: int
    """What the changed movement has gained."""
    restated: list[tuple[Any, ...]]

    @property
    def customers(self) -> int:
        return sum(load.rows_read for load in self.first.loads if load.stream == "customers")


async def two_nights(stack: Stack, client: Client, control: Control, console: Console) -> Nights:
    first = await _export(stack, client, "first", console)
    console.print("\nThe first night: all there is, into DuckDB")
    print_report(first, console)
    customer = next(each for each in control.customers(case="account") if each.mrr)
    before = (await asyncio.to_thread(_ask, stack, FIRST_MOVEMENT.format(uuid=customer.uuid)))[0][0]
    row = control.restate(customer.uuid, cents=before + MORE_CENTS, index=0, whole_history=True)
    second = await _export(stack, client, "second", console)
    console.print(
        f"The second night, after ChartMogul has restated {escape(customer.company)}'s first movement"
    )
    print_report(second, console)
    restated = await asyncio.to_thread(_ask, stack, RESTATED)
    console.print(WHY_CHANGED)
    table = folding("month", "customer", "MRR moved by", title="View movements_restated")
    for month, name, currency, delta in restated:
        table.add_row(f"{month:%Y-%m}", escape(str(name)), f"{delta:+,.2f} {currency}")
    console.print(table)
    return Nights(first, second, row["activity-mrr-movement"] - before, restated)


async def _export(stack: Stack, client: Client, night: str, console: Console) -> ExportReport:
    given = ExportInput(account=ACCOUNT, mapping=load_mapping(stack.environment["WAREHOUSE_FILE"]))
    with console.status(f"Exporting, the {night} night"):
        report: ExportReport = await client.execute_workflow(
            "warehouse_export",
            given,
            id=f"export/{ACCOUNT}/{night}-night",
            result_type=ExportReport,
            task_queue=temporal.WORKFLOWS,
            search_attributes=temporal.labels(f"Export of account {ACCOUNT}", ACCOUNT),
        )
    return report


def _ask(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(str(stack.warehouse), read_only=True) as database:
        database.execute("use warehouse.chartmogul")
        return database.execute(query).fetchall()
