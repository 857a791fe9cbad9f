"""`coverage`: is every movement of ChartMogul's own list accounted for by a run, or by a reason?"""

from datetime import UTC, datetime, timedelta

from rich.console import Console
from rich.markup import escape
from temporalio.client import WorkflowFailureError

import temporal
from commands.backfill import known_account
from commands.dates import shown, time_span
from commands.events import Stopped
from commands.following import started
from commands.show import listed, tally_table
from commands.waiting import trouble_of
from models.movements import ACTED, CoverageInput, CoverageReport, Found
from settings import Settings

DAYS = timedelta(days=3)
DOING = "Comparing ChartMogul's list with the runs"


async def coverage(
    settings: Settings, account: str, first: str | None, last: str | None, console: Console
) -> bool:
    """Print the report. False where a movement has neither run nor reason, or cannot be read."""
    known_account(settings, account)
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = time_span(first or shown(now - DAYS), last or shown(now))
    client = await temporal.connect()
    what, span = f"Coverage of account {account}", f"{shown(start)} to {shown(end)}"
    run = await started(
        client,
        "coverage",
        CoverageInput(account=account, start=start, end=end),
        CoverageReport,
        id=f"coverage/{account}/{shown(start)}/{shown(end)}",
        what=what,
        account=account,
        summary=f"{what}, {span}",
    )
    with console.status(DOING) as status:
        async for trouble in trouble_of(run):
            status.update(f"{DOING}. {escape(trouble)}" if trouble else DOING)
        try:
            report = await run.result()
        except WorkflowFailureError as failure:
            raise Stopped(f"The report failed: {failure.cause}") from None
    print_report(report, console)
    link = temporal.run_link(settings.web_ui_url, client.namespace, run.id, run.result_run_id or "")
    console.print(f"Run: {link}", soft_wrap=True)
    return report.complete


def print_report(report: CoverageReport, console: Console) -> None:
    tally = report.tally
    title = (
        f"Coverage of account {report.account}, {shown(report.start)} to {shown(report.end)} (not included)"
    )
    console.print(title, highlight=False, soft_wrap=True)
    console.print(tally_table(tally, always=(*ACTED, Found.UNACCOUNTED)))
    missed = tally.of(Found.POLL, Found.BACKFILL, Found.UNACCOUNTED)
    due = missed + tally.of(Found.WEBHOOK)
    console.print(f"The webhook alone would have missed {missed} of {due} that were to be acted on.")
    again = f"--account {report.account} --from {shown(report.start)} --to {shown(report.end)}"
    lines = [
        *listed(f"Neither run nor reason; `mogulflow backfill {again}` acts on them:", tally.unaccounted),
        *listed("These rows cannot be read; look whether ChartMogul changed them:", tally.unreadable),
        *listed("These runs are stuck; their pages in the Web UI say why:", tally.stuck),
    ]
    for line in lines:
        console.print(line, soft_wrap=True)
