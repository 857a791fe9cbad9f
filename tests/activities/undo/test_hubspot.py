"""Taking back what was written to HubSpot: what a person has changed since stays."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError

from activities.hubspot.effects import OFF
from activities.hubspot.steps import HubSpotActivities
from activities.hubspot.undo import NO_STAGE, TAKEN_BACK
from activities.undoing import DELETED_FOR_GOOD, LOST, NO_ID, NOT_ASKED
from clients.hubspot.client import HubSpotClient
from clients.hubspot.records import key_property
from clients.hubspot.settings import HubSpot
from models.effects import Action, Effect
from models.hubspot import DealAmount, DealWrite, HubSpotTask, HubSpotTaskChange, NewProperty
from models.undo import UndoState
from simulators.kit.control import Control
from simulators.kit.shapes import HUBSPOT_TOKEN
from tests.activities.undo.running import preview, run, undo, undo_once

TASK_KEY, DEAL_KEY = "0123456789abcdef01234567:task", "0123456789abcdef01234567:deal"
PLAN = NewProperty(name="chartmogul_plan", label="Plan", type="string", field_type="text")
MRR = NewProperty(name="chartmogul_mrr", label="MRR", type="number", field_type="number")


@pytest.fixture
async def client(simulators: Control) -> AsyncIterator[HubSpotClient]:
    """A portal that is prepared."""
    settings = HubSpot(
        token=SecretStr(HUBSPOT_TOKEN), base_url=simulators.hubspot_url, requests_per_10_seconds=5000
    )
    client = HubSpotClient(settings)
    await client.prepare("companies", [PLAN, MRR], dry_run=False)
    await client.prepare("deals", [key_property("mogulflow_key")], dry_run=False)
    await client.prepare("tasks", [key_property("mogulflow_key")], dry_run=False)
    yield client
    await client.aclose()


@pytest.fixture
def hubspot(client: HubSpotClient) -> HubSpotActivities:
    return HubSpotActivities(client)


async def made_task(hubspot: HubSpotActivities) -> Effect:
    task = HubSpotTask.model_validate(
        {"key": TASK_KEY, "subject": "Win back Acme", "body": "They <left>.", "due": date(2026, 12, 1)}
    )
    effect = await run(hubspot.create_task, task)
    assert isinstance(effect, Effect)
    return effect


async def completed_task(hubspot: HubSpotActivities) -> Effect:
    change = HubSpotTaskChange.model_validate(
        {"key": "k:outcome", "task_key": TASK_KEY, "append": "Outcome: saved", "complete": True}
    )
    effect = await run(hubspot.change_task, change)
    assert isinstance(effect, Effect)
    return effect


async def made_deal(hubspot: HubSpotActivities, pipeline: str | None = None) -> Effect:
    write = DealWrite.model_validate({
        "key": DEAL_KEY, "name": "Acme grows", "amount": "100.00", "currency": "USD", "pipeline": pipeline,
        "stage": "In Talks" if pipeline else "Qualified To Buy", "close_date": date(2026, 12, 31),
    })  # fmt: skip
    effect = await run(hubspot.save_deal, write)
    assert isinstance(effect, Effect)
    return effect


def one(simulators: Control, object_type: str) -> dict[str, Any]:
    [found] = simulators.hubspot_records(object_type)
    return found


async def test_a_task_is_completed_and_says_why(simulators: Control, hubspot: HubSpotActivities) -> None:
    effect = await made_task(hubspot)
    done = await undo(hubspot, effect)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    found = one(simulators, "tasks")
    assert found["hs_task_status"] == "COMPLETED"
    assert found["hs_task_body"] == f"They &lt;left&gt;.<br><br>{TAKEN_BACK}"
    again = await undo(hubspot, effect)
    assert (again.state, again.effect.action) == (UndoState.UNDONE, Action.UNCHANGED)


async def test_an_undo_can_be_undone_and_that_too(simulators: Control, hubspot: HubSpotActivities) -> None:
    for effect, object_type, field in (
        (await made_task(hubspot), "tasks", "hs_task_status"),
        (await made_deal(hubspot), "deals", "dealstage"),
    ):
        was = one(simulators, object_type)[field]
        first = await undo(hubspot, effect)
        closed = one(simulators, object_type)[field]
        second = await undo(hubspot, first.effect)
        assert (second.state, one(simulators, object_type)[field]) == (UndoState.UNDONE, was)
        third = await undo(hubspot, second.effect)
        assert (third.state, one(simulators, object_type)[field]) == (UndoState.UNDONE, closed)


@pytest.mark.parametrize(("pipeline", "lost"), [(None, "closedlost"), ("Expansions", "74025")])
async def test_a_deal_is_closed_as_lost_in_its_own_pipeline(
    simulators: Control, hubspot: HubSpotActivities, pipeline: str | None, lost: str
) -> None:
    done = await undo(hubspot, await made_deal(hubspot, pipeline))
    found = one(simulators, "deals")
    assert (done.state, found["dealstage"]) == (UndoState.UNDONE, lost)
    assert found["description"] == TAKEN_BACK


async def test_a_deal_of_which_no_pipeline_is_known_stays(
    simulators: Control, hubspot: HubSpotActivities
) -> None:
    effect = await made_deal(hubspot)
    simulators.change_hubspot_record("deals", effect.object_id or "", pipeline="gone")
    done = await undo(hubspot, effect)
    assert (done.state, done.note) == (UndoState.NOT_POSSIBLE, NO_STAGE)


@pytest.mark.parametrize("delete", [False, True])
@pytest.mark.parametrize(
    ("object_type", "field", "value"),
    [("tasks", "hs_task_status", "COMPLETED"), ("deals", "dealstage", "closedwon")],
)
async def test_what_a_person_has_moved_on_stays(
    simulators: Control, hubspot: HubSpotActivities, delete: bool, object_type: str, field: str, value: str
) -> None:
    effect = await (made_task(hubspot) if object_type == "tasks" else made_deal(hubspot))
    simulators.change_hubspot_record(object_type, effect.object_id or "", **{field: value})
    before = one(simulators, object_type)
    done = await undo(hubspot, effect, delete=delete)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, [field])
    assert one(simulators, object_type) == before


async def test_tasks_and_deals_are_deleted_where_that_is_asked_for(
    simulators: Control, hubspot: HubSpotActivities
) -> None:
    for effect, object_type in ((await made_task(hubspot), "tasks"), (await made_deal(hubspot), "deals")):
        done = await undo(hubspot, effect, delete=True)
        assert (done.state, done.effect.after) == (UndoState.UNDONE, {"deleted": True})
        assert simulators.hubspot_records(object_type) == []
        assert (await undo(hubspot, effect)).state is UndoState.GONE
        again = await undo(hubspot, done.effect)
        assert (again.state, again.note) == (UndoState.NOT_POSSIBLE, DELETED_FOR_GOOD)


async def test_what_came_of_a_task_is_taken_back_before_the_task(
    simulators: Control, hubspot: HubSpotActivities
) -> None:
    made, outcome = await made_task(hubspot), await completed_task(hubspot)
    planned = await preview(hubspot, made, newer=[outcome])
    done = await undo(hubspot, outcome)
    assert (done.state, done.left) == (UndoState.UNDONE, [])
    found = one(simulators, "tasks")
    assert (found["hs_task_status"], found["hs_task_body"]) == ("NOT_STARTED", "They &lt;left&gt;.")
    closed = await undo(hubspot, made)
    assert (closed.effect.before, closed.effect.after) == (planned.effect.before, planned.effect.after)


async def test_a_text_that_hubspot_has_written_anew_is_still_ours(
    simulators: Control, hubspot: HubSpotActivities
) -> None:
    await made_task(hubspot)
    outcome = await completed_task(hubspot)
    anew = "<p>They &lt;left&gt;.</p><p>Outcome: saved</p>"
    simulators.change_hubspot_record("tasks", outcome.object_id or "", hs_task_body=anew)
    done = await undo(hubspot, outcome)
    assert (done.state, done.left) == (UndoState.UNDONE, [])


async def test_an_amount_is_set_back_unless_a_person_has_changed_it(
    simulators: Control, hubspot: HubSpotActivities
) -> None:
    await made_deal(hubspot)
    wanted = DealAmount.model_validate({
        "key": "k:amount", "deal_key": DEAL_KEY, "expected_amount": "100.00", "amount": "250.00",
        "currency": "USD", "description_line": "250 more.",
    })  # fmt: skip
    effect = await run(hubspot.set_deal_amount, wanted)
    simulators.change_hubspot_record("deals", effect.object_id, amount="300")
    done = await undo(hubspot, effect)
    assert (done.state, done.left) == (UndoState.UNDONE, ["amount"])
    found = one(simulators, "deals")
    assert (found["amount"], found["description"] or "") == ("300", "")
    simulators.change_hubspot_record("deals", effect.object_id, amount="250.0", description="250 more.")
    assert (await undo(hubspot, effect)).left == []
    assert one(simulators, "deals")["amount"] == "100.00"


def synced(simulators: Control, object_type: str, **values: str) -> Effect:
    """As the CRM sync tells of a record that it has made."""
    made = simulators.add_hubspot_record(object_type, **values)
    return Effect(
        system="hubspot",
        object_type=object_type,
        object_id=made["id"],
        action=Action.CREATED,
        key="k:sync",
        before=dict.fromkeys(values),
        after=dict(values),
    )


@pytest.mark.parametrize(
    ("object_type", "values"),
    [("contacts", {"email": "Nora@fjord.example"}), ("companies", {"name": "Fjord Labs"})],
)
async def test_people_and_companies_are_deleted_on_request_alone(
    simulators: Control, hubspot: HubSpotActivities, object_type: str, values: dict[str, str]
) -> None:
    effect = synced(simulators, object_type, **values)
    kept = await undo(hubspot, effect)
    assert (kept.state, kept.note) == (UndoState.NOT_POSSIBLE, NOT_ASKED)
    simulators.change_hubspot_record(object_type, effect.object_id or "", phone="1")
    assert (await undo(hubspot, effect, delete=True)).state is UndoState.UNDONE
    assert simulators.hubspot_records(object_type) == []


async def test_a_company_that_a_person_has_renamed_is_not_deleted(
    simulators: Control, hubspot: HubSpotActivities
) -> None:
    effect = synced(simulators, "companies", name="Fjord Labs")
    simulators.change_hubspot_record("companies", effect.object_id or "", name="Fjord Laboratories")
    done = await undo(hubspot, effect, delete=True)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["name"])


async def test_properties_of_the_sync_are_set_back(simulators: Control, hubspot: HubSpotActivities) -> None:
    after = {"chartmogul_plan": "Scale", "chartmogul_mrr": "99.50"}
    company = simulators.add_hubspot_record("companies", name="Fjord Labs", **after)
    effect = Effect(
        system="hubspot", object_type="companies", object_id=company["id"], action=Action.UPDATED,
        key="k:sync", before={"chartmogul_plan": None, "chartmogul_mrr": "49"}, after=dict(after),
    )  # fmt: skip
    simulators.change_hubspot_record("companies", company["id"], chartmogul_mrr="99.5")
    done = await undo(hubspot, effect)
    assert (done.state, done.left) == (UndoState.UNDONE, [])
    found = one(simulators, "companies")
    assert (found["chartmogul_plan"] or "", found["chartmogul_mrr"]) == ("", "49")
    again = await undo(hubspot, done.effect)
    assert again.state is UndoState.UNDONE
    assert one(simulators, "companies")["chartmogul_plan"] == "Scale"


@pytest.mark.parametrize("delete", [False, True])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_a_lost_answer_is_made_good(
    simulators: Control, hubspot: HubSpotActivities, delete: bool, fault: Any
) -> None:
    effect = await made_deal(hubspot)
    planned = await preview(hubspot, effect, delete=delete)
    if delete:
        simulators.fault("hubspot", fault, method="DELETE")
    else:
        simulators.fault("hubspot", fault, path="batch/update")
    with pytest.raises(ApplicationError):
        await undo_once(hubspot, effect, delete=delete)
    done = await undo_once(hubspot, effect, delete=delete, repeat=True)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    assert (done.effect.before, done.effect.after) == (planned.effect.before, planned.effect.after)


async def test_what_is_gone_is_said_so(simulators: Control, hubspot: HubSpotActivities) -> None:
    made = await made_task(hubspot)
    outcome = await completed_task(hubspot)
    simulators.delete_hubspot_record("tasks", made.object_id or "")
    for effect in (made, outcome):
        for repeat in (False, True):
            assert (await undo(hubspot, effect, repeat=repeat)).state is UndoState.GONE


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"object_id": None}, NO_ID),
        ({"object_type": "ticket"}, NO_ID),
        (
            {
                "action": Action.UPDATED,
                "before": {"hs_task_status": "COMPLETED"},
                "after": {"hs_task_status": "COMPLETED"},
            },
            LOST,
        ),
    ],
)
async def test_an_effect_that_does_not_hold_enough_is_said_so(
    hubspot: HubSpotActivities, changes: dict[str, Any], why: str
) -> None:
    effect = (await made_task(hubspot)).model_copy(update=changes)
    done = await undo(hubspot, effect)
    assert (done.state, done.note) == (UndoState.NOT_POSSIBLE, why)


async def test_without_a_connection_nothing_can_be_taken_back(hubspot: HubSpotActivities) -> None:
    done = await undo(HubSpotActivities(None), await made_task(hubspot))
    assert (done.state, done.note) == (UndoState.NOT_POSSIBLE, OFF)
