"""The service is killed at each call of a change, a decision and an undo: one effect and one row."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import pytest
from temporalio.client import Client

from activities.audit.links import newest_links
from local.stack import Stack
from models.canonical import digest_of
from models.changes import ChangeInput, ChangeRun, ChangeState, CustomerMerge, TagChange
from operations.changes import ask, decide, state_of
from simulators.kit.control import Control
from simulators.kit.shapes import Call
from tests.chaos import FULL
from tests.chaos.conftest import Figures
from tests.waiting import until
from tests.workflows.changing import asks, change_of, tags, undo_of

APPROVER = "ben@vendor.example"
TAGS, MERGES = r"/attributes/tags$", r"/customers/(un)?merges$"
CUSTOMER = r"/customers/cus_[^/]+$"
HELD_SECONDS = 4.0
REPEATS, CLIENTS = 1000 if FULL else 200, 32

Given = Callable[[Client, Control], Awaitable[ChangeInput]]


@dataclass(frozen=True)
class Scene:
    """`path` is the call at which it is killed, after `skip` of them. `writes` are counted."""

    name: str
    given: Given
    method: str
    path: str
    writes: str
    skip: int = 0
    asked: bool = False


async def _tag(client: Client, control: Control) -> ChangeInput:
    return change_of(TagChange(customer_uuid=control.customers()[0].uuid, add=["vip"]))


async def _tag_that_is_asked_for(client: Client, control: Control) -> ChangeInput:
    return change_of(TagChange(customer_uuid=control.customers()[1].uuid, add=["vip"]), asks())


async def _merge(client: Client, control: Control) -> ChangeInput:
    one, two = control.customers()[2:4]
    return change_of(CustomerMerge(customer_uuid=one.uuid, into_uuid=two.uuid), asks())


async def _undo(client: Client, control: Control) -> ChangeInput:
    change = TagChange(customer_uuid=control.customers()[4].uuid, add=["gold"])
    done = await ask(client, change_of(change, digest=digest_of(change.customer_uuid, "first")))
    return undo_of(done.run_id)


SCENES = [
    Scene("the preview", _tag, "GET", CUSTOMER, TAGS),
    Scene("the write", _tag, "POST", TAGS, TAGS),
    Scene("the look before the write", _tag, "GET", CUSTOMER, TAGS, skip=1),
    Scene("the look after a decision", _tag_that_is_asked_for, "GET", CUSTOMER, TAGS, asked=True),
    Scene("a merge that was decided", _merge, "POST", MERGES, MERGES, asked=True),
    Scene("an undo", _undo, "DELETE", TAGS, TAGS),
]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
async def test_a_kill_leaves_one_effect_one_decision_and_one_row(
    scene: Scene, stack: Stack, simulators: Control, client: Client, figures: Figures
) -> None:
    given = await scene.given(client, simulators)
    run_id = f"change/{given.tool}/{given.digest}"
    state = await ask(client, given, seconds=20) if scene.asked else None
    held = simulators.fault(
        "chartmogul",
        "slow",
        method=scene.method,
        path=scene.path,
        skip=scene.skip,
        delay_seconds=HELD_SECONDS,
    )
    before = len(simulators.calls("chartmogul"))
    asking = asyncio.create_task(_decided(client, state) if state else ask(client, given, seconds=20))
    await until(lambda: any(rule.hits for rule in simulators.faults() if rule.id == held.id))
    await stack.serve.kill()
    simulators.clear_faults()
    await stack.serve.start()
    await asyncio.gather(asking, return_exceptions=True)
    await client.get_workflow_handle(run_id).result()
    found = await state_of(client, run_id)
    calls = simulators.calls("chartmogul")[before:]
    rows = Counter(link.row["id"] for link in await newest_links(client, "default", 50))
    figures |= {"effects": len(found.effects), "writes": len(_of(scene, calls)), "rows": rows[given.key]}
    assert found.status in (ChangeState.DONE, ChangeState.UNDONE)
    assert [each.who for each in found.decisions] == [APPROVER] * scene.asked
    assert (len(found.effects), rows[given.key]) == (1, 1)
    assert_it_is_so(given, simulators)


async def _decided(client: Client, state: ChangeRun) -> ChangeRun:
    return await decide(client, state.run_id, APPROVER, "command", True, "", state.plan)


def _of(scene: Scene, calls: list[Call]) -> list[Call]:
    return [call for call in calls if call.method != "GET" and re.search(scene.writes, call.path)]


async def test_a_change_that_is_asked_for_over_and_over_is_one_run(
    client: Client, simulators: Control, figures: Figures
) -> None:
    given = change_of(TagChange(customer_uuid=simulators.customers()[5].uuid, add=["vip"]))
    left, runs = iter(range(REPEATS)), set[str]()

    async def one_after_the_other() -> None:
        for _ in left:
            runs.add((await ask(client, given, seconds=60)).run_id)

    await asyncio.gather(*(one_after_the_other() for _ in range(CLIENTS)))
    writes = [call for call in simulators.calls("chartmogul") if call.method == "POST"]
    rows = Counter(link.row["id"] for link in await newest_links(client, "default", 50))
    figures |= {"asked": REPEATS, "runs": len(runs), "writes": len(writes), "rows": rows[given.key]}
    assert (len(runs), len(writes), rows[given.key]) == (1, 1, 1)


def assert_it_is_so(given: ChangeInput, simulators: Control) -> None:
    """In ChartMogul's own book."""
    change = given.change
    if isinstance(change, TagChange):
        assert tags(simulators, change.customer_uuid).count("vip") == 1
    elif isinstance(change, CustomerMerge):
        assert change.customer_uuid not in {each.uuid for each in simulators.customers(limit=200)}
    else:
        assert "gold" not in tags(simulators, simulators.customers()[4].uuid)
