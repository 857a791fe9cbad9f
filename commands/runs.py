"""`runs`: what has run, for whom, and what an open run waits for."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Run
from temporalio.service import RPCError, RPCStatusCode

import temporal
from activities.dismissals import dismissals
from activities.runs import last_of_each
from commands.run_facts import Facts, facts_of, side_by_side, summary_of
from commands.stopped import Stopped
from dispatch.dead_letters import TEMPLATE as UNREADABLE
from models.attention import Dismissal
from models.headlines import customer_in
from models.runs import Outcome
from models.templates import catalogue
from settings import Settings

Memo = Mapping[str, Any]

OURS = f"{temporal.TEMPLATE.name} IS NOT NULL"
RUNNING = "ExecutionStatus = 'Running'"
LOOKED_THROUGH = 2000
"""Runs whose customers' names are looked at for one name; Temporal's list cannot be asked for it."""

LONGEST_ID = 38
"""Characters of the id of a run that acts on an event: `customer_sync/` and the event's."""

CUSTOMER_ID = re.compile(r"cus_[0-9a-fA-F-]{20,}")
TEMPLATES = (*catalogue.TEMPLATES, UNREADABLE)
WORDS = {
    WorkflowExecutionStatus.CANCELED: "cancelled",
    WorkflowExecutionStatus.TIMED_OUT: "ran out of time",
}


@dataclass(frozen=True)
class Wanted:
    """`query` is a Temporal list filter, added to ours; `customer` a name, part of one, or an id."""

    limit: int = 20
    query: str = ""
    customer: str = ""
    open: bool = False
    template: str = ""
    outcome: str = ""

    @property
    def filter(self) -> str:
        """Raises Stopped where a word is not one of ours: it must not become part of a query."""
        parts = [OURS]
        if self.template:
            parts.append(f"Template = '{_known('template', self.template, TEMPLATES)}'")
        if self.outcome:
            parts.append(f"Outcome = '{_known('outcome', self.outcome, list(Outcome))}'")
        if CUSTOMER_ID.fullmatch(self.customer):
            parts.append(f"Customer = '{self.customer}'")
        return " AND ".join([*parts, *([f"({self.query})"] if self.query else [])])

    @property
    def name(self) -> str:
        return "" if CUSTOMER_ID.fullmatch(self.customer) else self.customer.strip()


def _known(what: str, word: str, words: Sequence[str]) -> str:
    if word not in words:
        raise Stopped(f"There is no {what} {word}; there are: {', '.join(words)}.")
    return word


async def show_runs(settings: Settings, wanted: Wanted, console: Console) -> None:
    """The newest runs. Raises Stopped where the filter cannot be used."""
    client = await temporal.connect()
    try:
        found, looked = await _found(client, wanted)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT or temporal.unprepared(error):
            raise
        raise Stopped(f"Temporal cannot use --query {wanted.query!r}: {error.message}") from None
    facts = await facts_of(client, found)
    known = await dismissals(client, (run.run_id for run in found))
    memos = [await run.memo() for run in found]
    console.print(_table(found, facts, memos, known, console.width) if found else _nothing(wanted))
    if wanted.name and looked == LOOKED_THROUGH:
        console.print(f"Only the newest {looked:,} runs were looked through for that name.")
    console.print(f"Web UI: {settings.web_ui_url}/namespaces/{client.namespace}/workflows", soft_wrap=True)


def _nothing(wanted: Wanted) -> str:
    return (
        "There are no runs yet."
        if wanted == Wanted(limit=wanted.limit)
        else "There are no runs of that kind."
    )


async def _found(client: Client, wanted: Wanted) -> tuple[list[Run], int]:
    """And how many were looked at by name, where one is wanted."""
    if not wanted.name:
        return await _newest(client, wanted.filter, wanted.limit, wanted.open), 0
    runs = await _newest(client, wanted.filter, LOOKED_THROUGH, wanted.open)
    names = await _names(client, runs)
    name = wanted.name.casefold()
    found = [run for run in runs if name in names.get(_customer(run), "").casefold()]
    return found[: wanted.limit], len(runs)


async def _names(client: Client, runs: Sequence[Run]) -> dict[str, str]:
    """By customer: one look-up for each, however many runs they have."""
    one_each = {_customer(run): run for run in reversed(runs) if _customer(run)}

    async def name(run: Run) -> str:
        return customer_in(
            await summary_of(await client.get_workflow_handle(run.id, run_id=run.run_id).describe())
        )

    return dict(zip(one_each, await side_by_side(name, list(one_each.values())), strict=True))


async def _newest(client: Client, query: str, limit: int, only_open: bool) -> list[Run]:
    """Open and closed ones asked for apart, because the server lists all open ones first.

    Of a workflow that was run again the last run counts: the one before keeps its old outcome.
    """
    running = await _listed(client, f"{query} AND {RUNNING}", limit)
    if only_open:
        return running
    closed = await _listed(client, f"{query} AND NOT {RUNNING}", limit)
    found = {run.run_id: run for run in [*running, *await last_of_each(client, closed)]}
    return sorted(found.values(), key=lambda run: run.start_time, reverse=True)[:limit]


async def _listed(client: Client, query: str, limit: int) -> list[Run]:
    listed: AsyncIterator[Run] = client.list_workflows(query, limit=limit, page_size=min(limit, 1000))
    return [run async for run in listed]


def _table(
    runs: Sequence[Run],
    facts: Sequence[Facts],
    memos: Sequence[Memo],
    known: dict[str, Dismissal],
    width: int,
) -> Table:
    """Three columns, of which the last two fold: it fits into a terminal of 80, and no id is broken there."""
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column(f"Started, {datetime.now().astimezone().tzname()}", no_wrap=True)
    table.add_column("Customer, what happened, and the run", overflow="fold", min_width=LONGEST_ID)
    rest = max(20, width - LONGEST_ID - 22)
    table.add_column("Outcome, or what it waits for", overflow="fold", max_width=rest)
    for run, fact, memo in zip(runs, facts, memos, strict=True):
        table.add_row(*_row(run, fact, memo, known.get(run.run_id)))
    return table


def _row(run: Run, facts: Facts, memo: Memo, dismissal: Dismissal | None) -> tuple[str, str, str]:
    started = run.start_time.astimezone().strftime("%d %b %H:%M")
    who = f"[bold]{escape(facts.customer)}[/]\n" if facts.customer else ""
    what = escape(str(run.typed_search_attributes.get(temporal.HEADLINE) or "-"))
    state = escape(_outcome(run))
    if dismissal:
        state += escape(f"\ndismissed by {dismissal.who}: {dismissal.why}")
    if facts.waits:
        state += f"\n[dim]{escape(facts.waits)}[/]"
    return started, f"{who}{what}\n[dim]{escape(run.id)}[/]{_would(memo)}", state


def _would(memo: Memo) -> str:
    """A line on what a run whose route is in preview would have written."""
    if temporal.SHADOW_OF not in memo:
        return ""
    effects = ", ".join(sorted(memo.get(temporal.WOULD, {}))) or "nothing yet"
    return escape(f"\nroute {memo[temporal.SHADOW_OF]} is in preview: {effects}")


def _outcome(run: Run) -> str:
    """Of one that somebody ended the outcome is as it was when they did."""
    outcome = str(run.typed_search_attributes.get(temporal.OUTCOME) or "-")
    if run.status in (None, WorkflowExecutionStatus.RUNNING, WorkflowExecutionStatus.COMPLETED):
        return outcome
    return f"{outcome}, {WORDS.get(run.status, run.status.name.lower())}"


def _customer(run: Run) -> str:
    return str(run.typed_search_attributes.get(temporal.CUSTOMER) or "")
