"""The demo's story: a cancellation, its duplicates, one in bad weather, one whose webhook is lost, an event
of each other template, and how it ends with who comes back and who does not."""

import asyncio
from datetime import UTC, datetime, timedelta

from rich.console import Console
from temporalio.client import Client

import temporal
from commands.coverage import print_report
from local.demo.agents import governed
from local.demo.claims import Claim, claim
from local.demo.enriching import enrichment
from local.demo.month import month_end
from local.demo.nights import two_nights
from local.demo.scenes import ACCOUNT, NOTHING_DONE, Stage, endings
from local.demo.templates import other_templates
from local.stack import Stack
from models.movements import CoverageInput, CoverageReport, Found
from simulators.kit.control import Control

WITHIN_MS = 1000
ONE_OF_EACH = "1 task, 1 alert"
TWO_AND_ONE = "2 by webhook, 1 by poll, 0 unaccounted"
CUSTOMERS = 200
LIST_SECONDS = 5
"""Temporal's list of runs is that far behind at most, on a busy machine."""


async def tell(stack: Stack, control: Control, token: str, console: Console) -> list[Claim]:
    """Play the story and return what it claims, each claim checked. `token` is the agent's."""
    client = await stack.client()
    stage = Stage(client, control, stack.environment["WEB_UI_URL"])
    one, two, three, four = [each for each in control.customers(case="account") if each.mrr][:4]
    began = datetime.now(UTC) - timedelta(seconds=1)  # movements have whole seconds
    first = await stage.cancellation(one)
    console.print(first.table("A customer cancels"))
    duplicates = [await stage.again(first) for _ in range(2)]
    for said in duplicates:
        console.print(f"The same webhook again: {said}")
    after_duplicates = stage.left_behind(first)
    control.fault("slack", "status", path="chat.postMessage", status=429, retry_after=1)
    control.fault("salesforce", "drop_after", method="PATCH")
    second = await stage.cancellation(two)
    console.print(
        second.table("Another cancels; Slack answers 429, Salesforce drops the line when it is done")
    )
    struck = [rule.hits for rule in control.faults()]
    third = await stage.lost_webhook(three)
    console.print(third.table("A third cancels and the webhook is lost; the poll finds it"))
    report = await _coverage(client, began)
    console.print()
    print_report(report, console)
    fourth = await stage.cancellation(four)
    console.print(fourth.table("A fourth cancels, and comes back a second later"))
    await asyncio.sleep(1)  # who is back in the same second has not left, to ChartMogul
    control.reactivate(four.uuid)
    others = await other_templates(stage, console)
    nights = await two_nights(stack, client, control, console)
    crm = await enrichment(stack, client, control, console)
    agent = await governed(stack, client, control, token, console)
    closed = await month_end(stack, client, control, console)
    with console.status("Waiting until the first customer is looked for once more"):
        saved, lost = [await stage.ending(each) for each in (fourth, first)]
    console.print(endings([saved, lost]))
    return [
        claim("a cancellation makes one task and one alert", stage.left_behind(first), ONE_OF_EACH),
        Claim(f"... within {WITHIN_MS} ms of the webhook", first.took_ms < WITHIN_MS, f"{first.took_ms} ms"),
        claim("the same webhook twice more does nothing", duplicates, [NOTHING_DONE] * 2),
        claim("... and leaves one task and one alert", after_duplicates, ONE_OF_EACH),
        claim("bad weather leaves one task and one alert", stage.left_behind(second), ONE_OF_EACH),
        claim("... though one call of each system went wrong", struck, [1, 1]),
        claim("a lost webhook leaves one task and one alert", stage.left_behind(third), ONE_OF_EACH),
        claim("every movement is accounted for", _accounted(report), TWO_AND_ONE),
        *others,
        claim("the first night exports every customer", nights.customers, CUSTOMERS),
        claim(
            "the second shows the one movement that was restated",
            [round(delta * 100) for *_, delta in nights.restated],
            [nights.moved_cents],
        ),
        claim("the preview of the CRM sync writes nothing", crm.after_preview, 0),
        Claim("the sync writes records of HubSpot", crm.after_sync > 0, f"{crm.after_sync}"),
        claim("... as many as it says, and the second writes none", crm.written, (crm.after_sync, 0)),
        *agent,
        *closed,
        claim("a customer who comes back is saved", saved.outcome, "saved"),
        Claim("... and thread and task say so", saved.told, f"{saved.thread} {saved.task} {saved.field}"),
        claim("one who does not is lost", lost.outcome, "lost"),
        Claim("... and thread and task say so", lost.told, f"{lost.thread} {lost.task} {lost.field}"),
    ]


async def _coverage(client: Client, began: datetime) -> CoverageReport:
    """Of the story alone; asked again while the list of runs is behind."""
    given = CoverageInput(account=ACCOUNT, start=began, end=datetime.now(UTC), fresh=timedelta(0))
    deadline = datetime.now(UTC) + timedelta(seconds=LIST_SECONDS)
    while True:
        report: CoverageReport = await client.execute_workflow(
            "coverage",
            given,
            id=f"coverage/{ACCOUNT}/demo",
            result_type=CoverageReport,
            task_queue=temporal.WORKFLOWS,
        )
        if report.complete or datetime.now(UTC) > deadline:
            return report
        await asyncio.sleep(0.5)


def _accounted(report: CoverageReport) -> str:
    found = {"by webhook": Found.WEBHOOK, "by poll": Found.POLL, "unaccounted": Found.UNACCOUNTED}
    return ", ".join(f"{report.tally.of(each)} {name}" for name, each in found.items())
