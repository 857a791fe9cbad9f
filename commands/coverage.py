"""`coverage`: is every movement of ChartMogul's own list accounted for by a run, or by a reason?"""

from datetime import UTC, datetime, timedelta

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import WorkflowFailureError

import temporal
from commands.backfill import known_account
from commands.dates import shown, time_span
from commands.following import started
from commands.show import heading, listed, print_tally
from commands.stopped import Stopped, why_failed
from commands.waiting import trouble_of
from models.movements import ACTED, EXPLAINED, CoverageInput, CoverageReport, Found, Named, Shadow, Tally
from settings import Settings

DAYS = timedelta(days=3)
DOING = "Comparing ChartMogul's list with the runs"


async def coverage(
    settings: Settings,
    account: str,
    first: str | None,
    last: str | None,
    console: Console,
    *,
    lists: bool = False,
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
        CoverageInput(account=account, start=start, end=end, lists=lists),
        CoverageReport,
        id=f"coverage/{account}/{shown(start)}/{shown(end)}{'/list' if lists else ''}",
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
            raise Stopped(f"The report failed: {why_failed(failure)}.") from None
    print_report(report, console)
    if lists:
        _print_list(report.tally, settings.web_ui_url, client.namespace, console)
    link = temporal.run_link(settings.web_ui_url, client.namespace, run.id, run.result_run_id or "")
    console.print(f"Run: {link}", soft_wrap=True)
    return report.complete


def print_report(report: CoverageReport, console: Console) -> None:
    tally = report.tally
    title = (
        f"Coverage of account {report.account}, {shown(report.start)} to {shown(report.end)} (not included)"
    )
    console.print(title, highlight=False, soft_wrap=True)
    print_tally(tally, console, always=(*ACTED, Found.UNACCOUNTED))
    if tally.unread:
        console.print(f"{tally.unread} of the {tally.rows} rows that ChartMogul lists cannot be read.")
    missed = tally.of(Found.POLL, Found.BACKFILL, Found.UNACCOUNTED)
    due = missed + tally.of(Found.WEBHOOK)
    console.print(f"The webhook alone would have missed {missed} of {due} that were to be acted on.")
    for route, shadow in tally.shadows.items():
        runs = "1 run" if shadow.runs == 1 else f"{shadow.runs} runs"
        console.print(f"Route {route} was in preview; its {runs} wrote nothing:", highlight=False)
        console.print(_would_have(shadow), highlight=False)
    again = f"--account {report.account} --from {shown(report.start)} --to {shown(report.end)}"
    lines = [
        *listed(f"Neither run nor reason; `mogulflow backfill {again}` acts on them:", tally.unaccounted),
        *listed("These rows cannot be read; look whether ChartMogul changed them:", tally.unreadable),
        *listed("These runs are stuck; their pages in the Web UI say why:", tally.stuck),
    ]
    for line in lines:
        console.print(line, soft_wrap=True)
    if any(tally.of(each) for each in (Found.UNROUTED, Found.TOO_OLD, Found.RESTATED)) and not tally.named:
        console.print(f"`mogulflow coverage --list {again}` names them, with the reason.", soft_wrap=True)


def _would_have(shadow: Shadow) -> Table:
    """What the runs of a route in preview came to, and what they would have written."""
    table = Table(box=SIMPLE, pad_edge=False, show_header=False)
    for what, count in [*shadow.outcomes.items(), *sorted(shadow.effects.items())]:
        table.add_row(what, str(count))
    return table


def _print_list(tally: Tally, web_ui_url: str, namespace: str, console: Console) -> None:
    """Movement by movement, what was not acted on, and why. Without customers: the run names them."""
    for found in EXPLAINED:
        named = [each for each in tally.named if each.found is found]
        if not named:
            continue
        more = tally.of(found) - len(named)
        shown_of = f"the first {len(named)} of {tally.of(found)}" if more > 0 else str(len(named))
        console.print(f"[bold]{heading(found)}[/], {shown_of}:", highlight=False)
        for each in named:
            console.print(f"  {escape(_named(each))}", soft_wrap=True, highlight=False)
            if each.workflow_id:
                link = temporal.run_link(web_ui_url, namespace, each.workflow_id, each.run_id or "")
                console.print(f"    {link}", soft_wrap=True, highlight=False)


def _named(each: Named) -> str:
    what = f"{each.movement_type} {each.amount}, event {each.event_id}"
    return f"{each.occurred_at:%Y-%m-%d %H:%M:%S} UTC {what}: {each.reason}"
