"""The ledger on a real server: one row each, whatever comes between, and rows that can be read anew."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client

import temporal
import worker
from activities.audit.links import links_after, newest_links
from activities.runs.audit import head_of, tell
from activities.runs.effects import effects_of
from clients.kit.errors import NotFound, Rejected, Unavailable
from models.changes import RunUndo
from models.effects import Action
from models.ledger import WORKFLOW, Append, AuditPlace, LedgerState, Link, ledger_id
from models.runs import Outcome
from settings import Settings
from simulators.kit.control import Control
from tests.audited import links, row
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until
from tests.workflows.conftest import RunAgain, Start, cancelled, until_effects

NUMBERS = itertools.count(1)
NOTHING = AuditPlace()


@pytest.fixture
def account() -> str:
    return f"ledger-{next(NUMBERS)}"


async def begun(client: Client, account: str, most_rows: int) -> None:
    await client.start_workflow(
        WORKFLOW,
        LedgerState(account=account, most_rows=most_rows),
        id=ledger_id(account),
        task_queue=temporal.WORKFLOWS,
    )


async def told(client: Client, account: str, *numbers: int) -> AuditPlace:
    """Where the chain ends then."""
    await tell(client, Append(account=account, rows=[row(number, account=account) for number in numbers]))
    head = await head_of(client, account)
    return AuditPlace(number=head.number, head=head.head)


async def read(client: Client, account: str, place: AuditPlace = NOTHING, **how: Any) -> list[Link]:
    return [link async for some in links_after(client, account, place, **how) for link in some]


async def test_a_row_told_twice_is_one_row(client: Client, workers: None, account: str) -> None:
    first = await told(client, account, 1)
    assert await told(client, account, 1) == first
    assert await told(client, account, 2, 3) == links(3, account)[-1].place
    assert (await told(client, account, 1, 2)).number == 3
    assert await read(client, account) == links(3, account)


async def test_a_ledger_that_was_ended_before_a_worker_had_it_goes_on_where_it_stood(
    client: Client, settings: Settings, account: str
) -> None:
    namespace = await in_a_namespace_of_its_own(client)
    await tell(namespace, Append(account=account, rows=[row(1, account=account)]))
    await namespace.get_workflow_handle(ledger_id(account)).terminate()
    await tell(namespace, Append(account=account, rows=[row(2, account=account)]))
    await namespace.get_workflow_handle(ledger_id(account)).terminate()
    async with worker.running(namespace, settings):
        assert (await head_of(namespace, account)).number == 2
        assert await told(namespace, account, 1, 3) == links(3, account)[-1].place
        assert await read(namespace, account) == links(3, account)


async def test_rows_go_on_in_the_next_run_and_are_read_from_all(
    client: Client, workers: None, account: str
) -> None:
    await begun(client, account, most_rows=3)
    for number in range(1, 11):
        assert await told(client, account, number) == links(number, account)[-1].place
    described = await client.get_workflow_handle(ledger_id(account)).describe()
    assert described.raw_description.workflow_execution_info.first_run_id != described.run_id
    assert (await told(client, account, 1)).number == 10  # known to a run that did not hear of it
    whole = links(10, account)
    assert await read(client, account) == whole
    assert await read(client, account, whole[3].place) == whole[4:]
    assert await read(client, account, whole[-1].place) == []
    assert await newest_links(client, account, 4) == whole[-4:]
    assert await newest_links(client, account, 100) == whole


async def test_of_many_at_once_each_has_a_row_of_its_own(client: Client, workers: None, account: str) -> None:
    """While runs of the ledger follow each other."""
    await begun(client, account, most_rows=7)

    rows = [row(number, account=account) for number in range(1, 101)]
    await asyncio.gather(*(tell(client, Append(account=account, rows=[each])) for each in rows))
    assert (await head_of(client, account)).number == 100
    found = await read(client, account)
    assert sorted(link.row["id"] for link in found) == sorted(each.id for each in rows)


async def test_where_somebody_ended_the_ledger_it_goes_on(
    client: Client, workers: None, account: str
) -> None:
    await told(client, account, 1, 2)
    await client.get_workflow_handle(ledger_id(account)).terminate("by mistake")
    assert await told(client, account, 2, 3) == links(3, account)[-1].place
    assert await read(client, account) == links(3, account)


async def test_a_chain_that_does_not_go_on_from_what_is_known_is_refused(
    client: Client, workers: None, account: str
) -> None:
    await told(client, account, 1, 2)
    with pytest.raises(Rejected, match="Row 2 is another one in the ledger than is known"):
        await read(client, account, links(2, "another")[-1].place)
    with pytest.raises(Rejected, match="The ledger is at row 2, and row 3 is known: it was begun anew"):
        await read(client, account, links(3, account)[-1].place)
    with pytest.raises(Rejected, match="Row 1 is another one in the ledger than is known"):
        await read(client, account, said=AuditPlace(number=1, head="0" * 64))
    with pytest.raises(Rejected, match="The ledger is at row 0, and row 3 is known"):
        await read(client, f"{account}-none", links(3)[-1].place)


async def test_rows_that_temporal_has_forgotten_are_a_gap(
    client: Client, workers: None, account: str
) -> None:
    """As they are once the run is gone that had them."""
    whole = links(5, account)
    await client.start_workflow(
        WORKFLOW,
        LedgerState(account=account, number=2, head=whole[1].hash, before=str(uuid4())),
        id=ledger_id(account),
        task_queue=temporal.WORKFLOWS,
    )
    await told(client, account, 3, 4, 5)
    with pytest.raises(Rejected, match="Rows 1 to 2 are in no run of the ledger any more"):
        await read(client, account)
    assert await read(client, account, whole[1].place) == whole[2:]
    assert await read(client, account, accept_gap=True) == whole[2:]


async def test_who_tells_it_while_no_worker_is_there_finds_one_row(
    client: Client, settings: Settings, account: str
) -> None:
    """Whoever told it may be gone by then, and tells it again."""
    own = await in_a_namespace_of_its_own(client)
    for number in (1, 1, 2):
        await tell(own, Append(account=account, rows=[row(number, account=account)]))
    async with worker.running(own, settings):
        assert await told(own, account, 2) == links(2, account)[-1].place
    await tell(own, Append(account=account, rows=[row(1, account=account), row(3, account=account)]))
    async with worker.running(own, settings):
        assert await told(own, account, 3) == links(3, account)[-1].place
        assert await read(own, account) == links(3, account)


@pytest.fixture
async def unending(client: Client) -> AsyncIterator[str]:
    """A run of no template of ours, on a queue that nobody takes from."""
    handle = await client.start_workflow("marker", id=f"marker-{next(NUMBERS)}", task_queue="nobody")
    yield handle.id
    await handle.terminate()


async def test_what_a_run_has_written_is_told_open_or_closed(
    client: Client, start: Start, simulators: Control, unending: str
) -> None:
    closed = await start(cancelled(simulators))
    effects = (await closed.result()).effects
    assert await effects_of(client, RunUndo(workflow_id=closed.id)) == effects
    open_run = await start(cancelled(simulators, number=1), check_back_days=[1])
    written = await until_effects(open_run, 2)
    run_id = (await open_run.describe()).run_id
    assert await effects_of(client, RunUndo(workflow_id=open_run.id, run_id=run_id)) == written
    await open_run.terminate()
    assert await effects_of(client, RunUndo(workflow_id=open_run.id)) == written
    with pytest.raises(NotFound, match="There is no run churn_save/none"):
        await effects_of(client, RunUndo(workflow_id="churn_save/none"))
    with pytest.raises(Unavailable, match="No worker says"):
        await effects_of(client, RunUndo(workflow_id=unending))


async def test_a_run_of_another_kind_has_none(client: Client, workers: None, account: str) -> None:
    await told(client, account, 1)
    with pytest.raises(Rejected, match="is no run that tells of its effects"):
        await effects_of(client, RunUndo(workflow_id=ledger_id(account)))


async def test_of_a_run_that_was_run_again_the_first_one_s_writes_are_told(
    client: Client, start: Start, simulators: Control, run_again: RunAgain
) -> None:
    first = await start(cancelled(simulators))
    before = (await first.result()).effects
    again = await run_again(first)
    assert again.outcome is Outcome.ACTED
    assert {each.action for each in again.effects} == {Action.UNCHANGED}

    async def told_of_first() -> bool:
        effects = await effects_of(client, RunUndo(workflow_id=first.id))
        return {each.key: each.action for each in effects} == {each.key: each.action for each in before}

    await until(told_of_first)
