"""`coverage`: the report, and movement by movement what was not acted on, and why."""

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import operations.coverage as operation
from commands.show import heading, listed, print_tally
from models.movements import ACTED, EXPLAINED, CoverageReport, Found, Named, Shadow
from operations.coverage import Coverage
from operations.dates import shown
from settings import Settings

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
    with console.status(DOING) as status:

        def told(trouble: str) -> None:
            status.update(f"{DOING}. {escape(trouble)}" if trouble else DOING)

        found = await operation.coverage(settings, account, first, last, lists=lists, told=told)
    print_report(found.report, console)
    if lists:
        _print_list(found, console)
    console.print(f"Run: {found.link}", soft_wrap=True)
    return found.report.complete


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


def _print_list(coverage: Coverage, console: Console) -> None:
    """Without customers: the run names them."""
    tally = coverage.report.tally
    for found in EXPLAINED:
        named = [each for each in tally.named if each.found is found]
        if not named:
            continue
        more = tally.of(found) - len(named)
        shown_of = f"the first {len(named)} of {tally.of(found)}" if more > 0 else str(len(named))
        console.print(f"[bold]{heading(found)}[/], {shown_of}:", highlight=False)
        for each in named:
            console.print(f"  {escape(_named(each))}", soft_wrap=True, highlight=False)
            if link := coverage.link_of(each):
                console.print(f"    {link}", soft_wrap=True, highlight=False)


def _named(each: Named) -> str:
    what = f"{each.movement_type} {each.amount}, event {each.event_id}"
    return f"{each.occurred_at:%Y-%m-%d %H:%M:%S} UTC {what}: {each.reason}"
