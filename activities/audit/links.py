"""The audit's rows, read anew from the histories of the ledger's runs, and compared with what it said."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.runs.audit import told_to
from clients.kit.errors import Rejected, Unavailable
from models.ledger import AuditPlace, Chain, LedgerState, Link, ledger_id

SYSTEM = "audit"

BEGUN_ANEW = (
    "The ledger is at row {there}, and row {known} is known: it was begun anew. Move the files that there are"
    " elsewhere, where they can be verified still; the next night begins new ones."
)
GAP = (
    "Rows {first} to {last} are in no run of the ledger any more: Temporal has forgotten them. Restore the"
    " files of the audit from a backup, or say `mogulflow audit export --accept-gap`."
)


@dataclass(frozen=True)
class _Run:
    run_id: str
    start: LedgerState


async def links_after(
    client: Client,
    account: str,
    place: AuditPlace,
    *,
    said: AuditPlace | None = None,
    accept_gap: bool = False,
) -> AsyncIterator[list[Link]]:
    """Those behind a known place, a run of the ledger at a time. Raises Rejected where the chain does not go
    on from there, or does not come by what the ledger has `said`, and Unavailable."""
    try:
        runs = await _back_to(client, account, place.number)
        if runs and runs[0].start.number > place.number and not accept_gap:
            last = runs[0].start.number
            raise Rejected(SYSTEM, GAP.format(first=place.number + 1, last=last))
        async for links in _links_of(client, runs, [place, said or place]):
            yield links
    except RPCError as error:
        raise Unavailable(SYSTEM, f"Could not read the ledger: {error.message}") from None


async def newest_links(client: Client, account: str, count: int) -> list[Link]:
    """As many as Temporal has, oldest first. Raises Rejected, Unavailable."""
    try:
        runs = await _back_to(client, account, 0, at_least=count)
        start = runs[0].start if runs else LedgerState(account=account)
        before = AuditPlace(number=start.number, head=start.head)
        found = [link async for links in _links_of(client, runs, [before]) for link in links]
    except RPCError as error:
        raise Unavailable(SYSTEM, f"Could not read the ledger: {error.message}") from None
    return found[-count:]


async def _back_to(client: Client, account: str, number: int, at_least: int | None = None) -> list[_Run]:
    """The ledger's runs with later rows than that, or with so many, oldest first; as far as there are any."""
    try:
        run_id = (await client.get_workflow_handle(ledger_id(account)).describe()).run_id
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return []
        raise
    found: list[_Run] = []
    while run_id:
        try:
            start = await _start_of(client, account, run_id)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND or not found:
                raise
            break
        found.insert(0, _Run(run_id, start))
        enough = at_least is not None and found[-1].start.number - start.number >= at_least
        run_id = "" if start.number <= number or enough else start.before
    return found


async def _start_of(client: Client, account: str, run_id: str) -> LedgerState:
    handle = client.get_workflow_handle(ledger_id(account), run_id=run_id)
    first = await anext(handle.fetch_history_events(page_size=1))
    given = first.workflow_execution_started_event_attributes.input
    [start] = await client.data_converter.decode(given.payloads, [LedgerState])
    return LedgerState.model_validate(start)


async def _links_of(client: Client, runs: list[_Run], known: list[AuditPlace]) -> AsyncIterator[list[Link]]:
    """Those behind the first known place. Each run must begin where the one before it ended."""
    end: AuditPlace | None = None
    for run in runs:
        begin = AuditPlace(number=run.start.number, head=run.start.head)
        if end and end != begin:
            raise Rejected(SYSTEM, f"The ledger's run behind row {end.number} begins with another one.")
        links, end = await _read(client, run)
        _check(known, [begin, *(link.place for link in links)])
        yield [link for link in links if link.number > known[0].number]
    last = max(place.number for place in known)
    if last and (end is None or end.number < last):
        raise Rejected(SYSTEM, BEGUN_ANEW.format(there=end.number if end else 0, known=last))


def _check(known: list[AuditPlace], places: list[AuditPlace]) -> None:
    hashes = {place.number: place.head for place in places}
    for each in known:
        if hashes.get(each.number, each.head) != each.head:
            raise Rejected(
                SYSTEM, f"Row {each.number} is another one in the ledger than is known: one was changed."
            )


async def _read(client: Client, run: _Run) -> tuple[list[Link], AuditPlace]:
    """The rows of one run, chained anew in the order in which it was told."""
    chain = Chain(run.start)
    _, appended = await told_to(client, run.start.account, run.run_id)
    rows = (row for each in appended for row in each.rows)
    links = [link for row in rows if (link := chain.append(row))]
    return links, chain.place
