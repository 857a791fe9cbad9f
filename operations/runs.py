"""What has run, for whom, and what an open run waits for."""

import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.client import WorkflowExecution as Run
from temporalio.service import RPCError, RPCStatusCode

import temporal
from activities.dismissals import dismissals
from activities.runs.steps import last_of_each
from dispatch.dead_letters import TEMPLATE as UNREADABLE
from models.attention import Dismissal
from models.headlines import customer_in
from models.runs import Outcome
from models.templates import catalogue
from operations.errors import Stopped
from operations.run_facts import Facts, facts_of, side_by_side, summary_of
from settings import Settings

OURS = f"{temporal.TEMPLATE.name} IS NOT NULL"
RUNNING = "ExecutionStatus = 'Running'"
LOOKED_THROUGH = 2000
"""Runs whose customers' names are looked at for one name; Temporal's list cannot be asked for it."""

CUSTOMER_ID = re.compile(r"cus_[0-9a-fA-F-]{20,}")
TEMPLATES = (*catalogue.TEMPLATES, UNREADABLE)


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


@dataclass(frozen=True)
class ListedRun:
    """`waits` is what an open one is about, in words; `outcome` as it was when it ended, or somebody ended
    it. Of a run in preview, `shadow_of` names the route and `would` the effects it has not had."""

    workflow_id: str
    run_id: str
    started: datetime
    customer: str
    headline: str
    outcome: str
    status: WorkflowExecutionStatus | None
    waits: str = ""
    shadow_of: str | None = None
    would: Sequence[str] = ()
    dismissal: Dismissal | None = None


@dataclass(frozen=True)
class RunList:
    """Newest first. `cut` says that not all runs were looked through for a name; `link` leads to the Web
    UI's list."""

    runs: Sequence[ListedRun]
    cut: bool
    link: str


async def list_runs(settings: Settings, wanted: Wanted) -> RunList:
    """Raises Stopped where the filter cannot be used."""
    client = await temporal.connect()
    try:
        found, looked = await _found(client, wanted)
    except RPCError as error:
        if error.status is not RPCStatusCode.INVALID_ARGUMENT or temporal.unprepared(error):
            raise
        raise Stopped(f"Temporal cannot use --query {wanted.query!r}: {error.message}") from None
    facts = await facts_of(client, found)
    known = await dismissals(client, (run.run_id for run in found))
    runs = [
        await _listed_run(run, fact, known.get(run.run_id)) for run, fact in zip(found, facts, strict=True)
    ]
    cut = bool(wanted.name) and looked == LOOKED_THROUGH
    return RunList(runs, cut, temporal.runs_link(settings.web_ui_url, client.namespace))


async def _listed_run(run: Run, facts: Facts, dismissal: Dismissal | None) -> ListedRun:
    memo = await run.memo()
    return ListedRun(
        workflow_id=run.id,
        run_id=run.run_id,
        started=run.start_time,
        customer=facts.customer,
        headline=str(run.typed_search_attributes.get(temporal.HEADLINE) or "-"),
        outcome=str(run.typed_search_attributes.get(temporal.OUTCOME) or "-"),
        status=run.status,
        waits=facts.waits,
        shadow_of=memo.get(temporal.SHADOW_OF),
        would=sorted(memo.get(temporal.WOULD, {})),
        dismissal=dismissal,
    )


async def _found(client: Client, wanted: Wanted) -> tuple[list[Run], int]:
    """And how many were looked at by name, where one is wanted."""
    if not wanted.name:
        return await newest(client, wanted.filter, wanted.limit, wanted.open), 0
    runs = await newest(client, wanted.filter, LOOKED_THROUGH, wanted.open)
    names = await _names(client, runs)
    name = wanted.name.casefold()
    found = [run for run in runs if name in names.get(_customer(run), "").casefold()]
    return found[: wanted.limit], len(runs)


async def customers_named(client: Client, name: str) -> dict[str, str]:
    """Names by uuid, of those with this in their name. Runs of that many are looked through."""
    names = await _names(client, await newest(client, OURS, LOOKED_THROUGH))
    return {uuid: each for uuid, each in names.items() if name.casefold() in each.casefold()}


async def _names(client: Client, runs: Sequence[Run]) -> dict[str, str]:
    """By customer: one look-up for each, however many runs they have."""
    one_each = {_customer(run): run for run in reversed(runs) if _names_customer(run)}

    async def name(run: Run) -> str:
        return customer_in(
            await summary_of(await client.get_workflow_handle(run.id, run_id=run.run_id).describe())
        )

    return dict(zip(one_each, await side_by_side(name, list(one_each.values())), strict=True))


async def newest(client: Client, query: str, limit: int, only_open: bool = False) -> list[Run]:
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


def _names_customer(run: Run) -> bool:
    """A change's summary names who asked."""
    return bool(_customer(run)) and run.workflow_type != "change"


def _customer(run: Run) -> str:
    return str(run.typed_search_attributes.get(temporal.CUSTOMER) or "")
