"""`coverage`: the report, and event by event what was not acted on, and why."""

from collections.abc import Callable

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

import operations.coverage as operation
from commands.show import heading, listed, print_tally
from commands.texts import escape
from models.movements import ACTED, EXPLAINED, PAYMENT, CoverageReport, Found, Named, Shadow, Tally
from operations.coverage import Coverage
from operations.dates import shown
from settings import Settings

DOING = "Comparing what is listed with the runs"


async def coverage(
    settings: Settings,
    account: str,
    first: str | None,
    last: str | None,
    console: Console,
    *,
    lists: bool = False,
) -> bool:
    """Print the report. False where an event has neither run nor reason, or cannot be read, and where a list
    could not be asked."""
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
    acted = [each for each in ACTED if each is not Found.BILLING or tally.payments(*Found)]
    print_tally(tally, console, always=(*acted, Found.UNACCOUNTED))
    if tally.unread:
        console.print(f"{tally.unread} of the {tally.rows} rows that {_listing(tally)} cannot be read.")
    _print_missed("The webhook", tally.movements, console)
    if tally.payments(*Found):
        _print_missed("Of failed payments the billing webhooks", tally.payments, console)
    for route, shadow in tally.shadows.items():
        runs = "1 run" if shadow.runs == 1 else f"{shadow.runs} runs"
        console.print(f"Route {route} was in preview; its {runs} wrote nothing:", highlight=False)
        console.print(_would_have(shadow), highlight=False)
    again = f"--account {report.account} --from {shown(report.start)} --to {shown(report.end)}"
    payments = [each for each in tally.unaccounted if PAYMENT in each.split()]
    movements = [each for each in tally.unaccounted if each not in payments]
    who = "who sent them" if tally.payments(*Found) else "ChartMogul"
    at_once = f"`mogulflow backfill --kind failed_payment {again}` at once"
    lines = [
        *listed(f"Neither run nor reason; `mogulflow backfill {again}` acts on them:", movements),
        *listed(f"Neither run nor reason; the poll acts within the hour, {at_once}:", payments),
        *listed(f"These rows cannot be read; look whether {who} changed them:", tally.unreadable),
        *listed("What these lists do not tell is not counted:", tally.gone),
        *listed("The report is incomplete. What these would tell is not counted:", tally.unasked),
        *listed("These runs are stuck; their pages in the Web UI say why:", tally.stuck),
    ]
    for line in lines:
        console.print(line, soft_wrap=True)
    if any(tally.of(each) for each in (Found.UNROUTED, Found.TOO_OLD, Found.RESTATED)) and not tally.named:
        console.print(f"`mogulflow coverage --list {again}` names them, with the reason.", soft_wrap=True)


def _listing(tally: Tally) -> str:
    return "the systems list" if tally.payments(*Found) else "ChartMogul lists"


def _print_missed(who: str, of: Callable[..., int], console: Console) -> None:
    missed = of(Found.POLL, Found.BACKFILL, Found.UNACCOUNTED)
    due = missed + of(Found.WEBHOOK, Found.BILLING)
    console.print(f"{who} alone would have missed {missed} of {due} that were to be acted on.")


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
    amount = f" {each.amount}" if each.amount else ""
    what = f"{each.movement_type}{amount}, event {each.event_id}"
    return f"{each.occurred_at:%Y-%m-%d %H:%M:%S} UTC {what}: {each.reason}"
