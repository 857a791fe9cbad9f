"""Taking back what was written to Salesforce: what a person has changed since stays."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.salesforce.effects import OFF
from activities.salesforce.steps import SalesforceActivities
from activities.salesforce.undo import TAKEN_BACK
from activities.undoing import DELETED_FOR_GOOD, LOST, NO_ID, NOT_ASKED
from clients.salesforce.client import SalesforceClient
from models.effects import Action, Effect
from models.salesforce import (
    ContactLink,
    NoteWrite,
    OpportunityAmount,
    OpportunityWrite,
    SaveTask,
    TaskChange,
)
from models.undo import UndoState
from simulators.kit.control import Control
from tests.activities.undo.running import preview, run, undo, undo_once
from tests.contracts.salesforce import client_of

TASK_KEY, DEAL_KEY = "0123456789abcdef01234567:save_task", "0123456789abcdef01234567:opportunity"


@pytest.fixture
async def client(simulators: Control) -> AsyncIterator[SalesforceClient]:
    client = client_of(simulators.salesforce_url)
    yield client
    await client.aclose()


@pytest.fixture
def salesforce(client: SalesforceClient) -> SalesforceActivities:
    return SalesforceActivities(client)


@pytest.fixture
def account(simulators: Control) -> str:
    return str(simulators.records("Account")[0]["Id"])


async def made_task(salesforce: SalesforceActivities, **more: Any) -> Effect:
    task = SaveTask(key=TASK_KEY, subject="Win back Acme", due=date(2026, 12, 1), description="They left.")
    effect = await run(salesforce.create_save_task, task.model_copy(update=more))
    assert isinstance(effect, Effect)
    return effect


async def closed_task(salesforce: SalesforceActivities) -> Effect:
    change = TaskChange(
        key="0123456789abcdef01234567:outcome",
        task_key=TASK_KEY,
        append_to_description="Outcome: saved",
        close=True,
        fields={"CM_Outcome__c": "saved"},
    )
    effect = await run(salesforce.record_task_outcome, change)
    assert isinstance(effect, Effect)
    return effect


async def made_opportunity(salesforce: SalesforceActivities, account: str) -> Effect:
    write = OpportunityWrite.model_validate({
        "key": DEAL_KEY, "account_id": account, "name": "Acme grows", "amount": "100.00", "currency": "USD",
        "stage": "Prospecting", "close_date": date(2026, 12, 31),
    })  # fmt: skip
    effect = await run(salesforce.save_opportunity, write)
    assert isinstance(effect, Effect)
    return effect


def note(account: str, **more: Any) -> NoteWrite:
    return NoteWrite(key="0123456789abcdef01234567:note", account_id=account, title="Left", **more)


def task(simulators: Control) -> dict[str, Any]:
    [found] = simulators.records("Task")
    return found


@pytest.mark.parametrize("status", [None, "In Progress"])
async def test_a_task_that_was_made_is_closed_and_says_why(
    simulators: Control, salesforce: SalesforceActivities, status: str | None
) -> None:
    effect = await made_task(salesforce, status=status)
    done = await undo(salesforce, effect)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    assert done.effect.before == {"Status": status or "Not Started", "Description": "They left."}
    assert task(simulators)["IsClosed"]
    assert task(simulators)["Description"] == f"They left.\n\n{TAKEN_BACK}"
    again = await undo(salesforce, effect)
    assert (again.state, again.effect.action) == (UndoState.UNDONE, Action.UNCHANGED)


async def test_an_undo_can_be_undone_and_that_too(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    effect = await made_task(salesforce)
    first = await undo(salesforce, effect)
    second = await undo(salesforce, first.effect)
    assert (second.state, task(simulators)["Status"]) == (UndoState.UNDONE, "Not Started")
    assert task(simulators)["Description"] == "They left."
    third = await undo(salesforce, second.effect)
    assert (third.state, task(simulators)["Status"]) == (UndoState.UNDONE, "Completed")


@pytest.mark.parametrize("status", ["In Progress", "Completed"])
async def test_a_task_that_a_person_has_moved_on_stays(
    simulators: Control, salesforce: SalesforceActivities, status: str
) -> None:
    effect = await made_task(salesforce)
    simulators.change_record("Task", task(simulators)["Id"], Status=status)
    before = task(simulators)
    done = await undo(salesforce, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["Status"])
    assert done.effect.action is Action.SKIPPED
    assert task(simulators) == before


async def test_a_task_is_deleted_where_that_is_asked_for(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    effect = await made_task(salesforce)
    done = await undo(salesforce, effect, delete=True)
    assert (done.state, done.effect.after) == (UndoState.UNDONE, {"deleted": True})
    assert simulators.records("Task") == []
    assert (await undo(salesforce, effect, delete=True)).state is UndoState.GONE
    assert (await undo(salesforce, effect)).state is UndoState.GONE
    again = await undo(salesforce, done.effect)
    assert (again.state, again.note) == (UndoState.NOT_POSSIBLE, DELETED_FOR_GOOD)


async def test_a_task_to_which_a_person_has_added_is_closed_and_not_deleted(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    effect = await made_task(salesforce)
    simulators.change_record("Task", task(simulators)["Id"], Description="They left. I called them.")
    done = await undo(salesforce, effect, delete=True)
    assert done.state is UndoState.UNDONE
    assert task(simulators)["Description"] == f"They left. I called them.\n\n{TAKEN_BACK}"
    assert task(simulators)["IsClosed"]


async def test_what_came_of_a_task_is_taken_back_before_the_task(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    made, outcome = await made_task(salesforce), await closed_task(salesforce)
    planned = await preview(salesforce, made, delete=True, newer=[outcome])
    assert (planned.effect.action, planned.effect.after) == (Action.WOULD_UPDATE, {"deleted": True})
    done = await undo(salesforce, outcome)
    assert (done.state, done.left) == (UndoState.UNDONE, [])
    found = task(simulators)
    assert (found["Status"], found["Description"], found["CM_Outcome__c"]) == (
        "Not Started",
        "They left.",
        None,
    )
    assert (await undo(salesforce, made, delete=True)).effect.after == planned.effect.after
    assert simulators.records("Task") == []


async def test_fields_that_a_person_has_changed_stay_and_the_others_are_set_back(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    await made_task(salesforce)
    outcome = await closed_task(salesforce)
    simulators.change_record("Task", task(simulators)["Id"], CM_Outcome__c="saved by Ann", Status="Deferred")
    done = await undo(salesforce, outcome)
    assert (done.state, sorted(done.left)) == (UndoState.UNDONE, ["CM_Outcome__c", "Status"])
    assert done.effect.after == {"Description": "They left."}
    found = task(simulators)
    assert (found["Status"], found["CM_Outcome__c"]) == ("Deferred", "saved by Ann")


async def test_nothing_is_set_back_where_a_person_has_changed_all(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    await made_task(salesforce)
    outcome = await closed_task(salesforce)
    mine = {"CM_Outcome__c": "x", "Status": "Deferred", "Description": "y"}
    simulators.change_record("Task", task(simulators)["Id"], **mine)
    done = await undo(salesforce, outcome)
    assert (done.state, sorted(done.left)) == (UndoState.CHANGED_SINCE, sorted(mine))
    assert task(simulators) | mine == task(simulators)


async def test_what_a_person_has_set_back_is_left_so(
    simulators: Control, salesforce: SalesforceActivities, account: str
) -> None:
    contact = simulators.add_record("Contact", LastName="Lind")["Id"]
    link = await run(
        salesforce.link_contact, ContactLink(key="k:link", contact_id=contact, account_id=account)
    )
    simulators.change_record("Contact", contact, AccountId=None)
    done = await undo(salesforce, link)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UNCHANGED)


@pytest.mark.parametrize("repeat", [False, True])
async def test_a_contact_is_taken_out_of_the_account_again(
    simulators: Control, salesforce: SalesforceActivities, account: str, repeat: bool
) -> None:
    contact = simulators.add_record("Contact", LastName="Lind")["Id"]
    link = ContactLink(key="k:link", contact_id=contact, account_id=account)
    effect = await run(salesforce.link_contact, link)
    if repeat:  # as where the answer to the first was lost
        effect = await run(salesforce.link_contact, link.model_copy(update={"repeat": True}))
    done = await undo(salesforce, effect)
    assert (done.state, done.effect.after) == (UndoState.UNDONE, {"AccountId": None})
    [found] = [each for each in simulators.records("Contact") if each["Id"] == contact]
    assert found["AccountId"] is None


async def test_an_opportunity_is_closed_as_lost(
    simulators: Control, salesforce: SalesforceActivities, account: str
) -> None:
    effect = await made_opportunity(salesforce, account)
    done = await undo(salesforce, effect)
    [found] = simulators.records("Opportunity")
    assert (done.state, found["StageName"]) == (UndoState.UNDONE, "Closed Lost")
    assert (await undo(salesforce, done.effect)).state is UndoState.UNDONE
    assert simulators.records("Opportunity")[0]["StageName"] == "Prospecting"


async def test_an_opportunity_that_was_won_meanwhile_stays(
    simulators: Control, salesforce: SalesforceActivities, account: str
) -> None:
    effect = await made_opportunity(salesforce, account)
    simulators.change_record("Opportunity", effect.object_id or "", StageName="Closed Won")
    for delete in (False, True):
        done = await undo(salesforce, effect, delete=delete)
        assert (done.state, done.left) == (UndoState.CHANGED_SINCE, ["StageName"])
    assert simulators.records("Opportunity")[0]["StageName"] == "Closed Won"


async def test_an_amount_is_set_back_and_then_the_opportunity_deleted(
    simulators: Control, salesforce: SalesforceActivities, account: str
) -> None:
    made = await made_opportunity(salesforce, account)
    wanted = OpportunityAmount.model_validate({
        "key": "k:amount", "opportunity_key": DEAL_KEY, "expected_amount": "100.00", "amount": "250.00",
        "currency": "USD", "description_line": "250 more.",
    })  # fmt: skip
    amount = await run(salesforce.set_opportunity_amount, wanted)
    planned = await preview(salesforce, made, delete=True, newer=[amount])
    assert planned.effect.after == {"deleted": True}
    await undo(salesforce, amount)
    assert simulators.records("Opportunity")[0]["Amount"] == 100
    assert (await undo(salesforce, made, delete=True)).state is UndoState.UNDONE
    assert simulators.records("Opportunity") == []


@pytest.mark.parametrize("kind", ["note", "chatter"])
async def test_a_note_is_deleted(
    simulators: Control, salesforce: SalesforceActivities, account: str, kind: str
) -> None:
    effect = await run(salesforce.post_note, note(account, kind=kind, body="They said why."))
    done = await undo(salesforce, effect)
    assert (done.state, done.effect.after) == (UndoState.UNDONE, {"deleted": True})
    assert simulators.records(effect.object_type) == []


@pytest.mark.parametrize(("kind", "field"), [("note", "Description"), ("chatter", "Body")])
async def test_a_note_that_a_person_has_changed_stays(
    simulators: Control, salesforce: SalesforceActivities, account: str, kind: str, field: str
) -> None:
    effect = await run(salesforce.post_note, note(account, kind=kind, body="They said why."))
    simulators.change_record(effect.object_type, effect.object_id, **{field: "And more."})
    done = await undo(salesforce, effect)
    assert (done.state, done.left) == (UndoState.CHANGED_SINCE, [field])
    assert len(simulators.records(effect.object_type)) == 1


def synced(simulators: Control, object_type: str, **values: Any) -> Effect:
    """As the CRM sync tells of a record that it has made."""
    made = simulators.add_record(object_type, **values)
    return Effect(
        system="salesforce",
        object_type=object_type,
        object_id=made["Id"],
        action=Action.CREATED,
        key="k:sync",
        before=dict.fromkeys(values),
        after=values,
    )


@pytest.mark.parametrize(
    ("object_type", "values"),
    [
        ("Account", {"Name": "Acme"}),
        ("Contact", {"LastName": "Lind"}),
        ("Lead", {"LastName": "Lind", "Company": "Acme"}),
    ],
)
async def test_records_of_people_are_deleted_on_request_alone(
    simulators: Control, salesforce: SalesforceActivities, object_type: str, values: dict[str, Any]
) -> None:
    effect = synced(simulators, object_type, **values)
    kept = await undo(salesforce, effect)
    assert (kept.state, kept.note) == (UndoState.NOT_POSSIBLE, NOT_ASKED)
    assert (await undo(salesforce, effect, delete=True)).state is UndoState.UNDONE
    assert effect.object_id not in [each["Id"] for each in simulators.records(object_type)]


async def test_an_account_on_which_others_have_put_something_is_not_deleted(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    effect = synced(simulators, "Account", Name="Acme")
    contact = synced(simulators, "Contact", LastName="Lind", AccountId=effect.object_id)
    done = await undo(salesforce, effect, delete=True)
    assert done.state is UndoState.CHANGED_SINCE
    assert "Contact on it" in done.note
    ours = await preview(salesforce, effect, delete=True, newer=[contact])
    assert ours.effect.after == {"deleted": True}


@pytest.mark.parametrize("field", ["CM_Plan__c", "CM_MRR__c"])
async def test_fields_of_the_sync_are_set_back(
    simulators: Control, salesforce: SalesforceActivities, account: str, field: str
) -> None:
    before = {"CM_Plan__c": "Team", "CM_MRR__c": 49.0}
    after = {"CM_Plan__c": "Scale", "CM_MRR__c": 99.5}
    simulators.change_record("Account", account, **after)
    effect = Effect(
        system="salesforce", object_type="Account", object_id=account, action=Action.UPDATED, key="k:sync",
        before=before, after=after,
    )  # fmt: skip
    simulators.change_record("Account", account, **{field: None})
    done = await undo(salesforce, effect)
    assert (done.state, done.left) == (UndoState.UNDONE, [field])
    [found] = [each for each in simulators.records("Account") if each["Id"] == account]
    assert {name: found[name] for name in before} == before | {field: None}


@pytest.mark.parametrize("delete", [False, True])
@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_a_lost_answer_is_made_good(
    simulators: Control, salesforce: SalesforceActivities, delete: bool, fault: Any
) -> None:
    effect = await made_task(salesforce)
    planned = await preview(salesforce, effect, delete=delete)
    simulators.fault("salesforce", fault, method="DELETE" if delete else "PATCH")
    with pytest.raises(ApplicationError):
        await undo_once(salesforce, effect, delete=delete)
    done = await undo_once(salesforce, effect, delete=delete, repeat=True)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    assert (done.effect.before, done.effect.after) == (planned.effect.before, planned.effect.after)


@pytest.mark.parametrize("kind", ["note", "chatter"])
async def test_a_note_is_deleted_once_where_the_answer_was_lost(
    simulators: Control, salesforce: SalesforceActivities, account: str, kind: str
) -> None:
    effect = await run(salesforce.post_note, note(account, kind=kind))
    simulators.fault("salesforce", "drop_after", method="DELETE")
    with pytest.raises(ApplicationError):
        await undo_once(salesforce, effect)
    done = await undo_once(salesforce, effect, repeat=True)
    assert (done.state, done.effect.after) == (UndoState.UNDONE, {"deleted": True})


@pytest.mark.parametrize("fault", ["drop_before", "drop_after"])
async def test_fields_are_set_back_once_where_the_answer_was_lost(
    simulators: Control, salesforce: SalesforceActivities, fault: Any
) -> None:
    await made_task(salesforce)
    outcome = await closed_task(salesforce)
    planned = await preview(salesforce, outcome)
    simulators.fault("salesforce", fault, method="PATCH")
    with pytest.raises(ApplicationError):
        await undo_once(salesforce, outcome)
    done = await undo_once(salesforce, outcome, repeat=True)
    assert (done.state, done.effect.action) == (UndoState.UNDONE, Action.UPDATED)
    assert (done.effect.before, done.effect.after) == (planned.effect.before, planned.effect.after)
    assert task(simulators)["Status"] == "Not Started"


async def test_a_record_that_is_gone_is_said_so(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    made = await made_task(salesforce)
    outcome = await closed_task(salesforce)
    simulators.delete_record("Task", made.object_id or "")
    for effect in (made, outcome):
        for repeat in (False, True):
            done = await undo(salesforce, effect, repeat=repeat)
            assert (done.state, done.effect.action) == (UndoState.GONE, Action.SKIPPED)


async def test_a_rule_of_the_org_that_forbids_it_is_an_error(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    effect = await made_task(salesforce)
    simulators.refuse_record(effect.object_id or "")
    with pytest.raises(ApplicationError, match="FIELD_CUSTOM"):
        await undo(salesforce, effect)


async def test_a_field_that_is_refused_is_left_and_named(
    simulators: Control, salesforce: SalesforceActivities
) -> None:
    await made_task(salesforce)
    outcome = await closed_task(salesforce)
    odd = outcome.model_copy(update={"before": {**(outcome.before or {}), "Status": "Nowhere"}})
    planned = await preview(salesforce, odd)
    done = await undo_once(salesforce, odd)
    assert (planned.left, done.left) == ([], ["Status"])
    assert "Status was left out" in done.note
    assert task(simulators)["Description"] == "They left."


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"object_id": None}, NO_ID),
        (
            {"action": Action.UPDATED, "before": {"Status": "Completed"}, "after": {"Status": "Completed"}},
            LOST,
        ),
    ],
)
async def test_an_effect_that_does_not_hold_enough_is_said_so(
    salesforce: SalesforceActivities, changes: dict[str, Any], why: str
) -> None:
    effect = (await made_task(salesforce)).model_copy(update=changes)
    done = await undo(salesforce, effect)
    assert (done.state, done.note) == (UndoState.NOT_POSSIBLE, why)


async def test_without_a_connection_nothing_can_be_taken_back(salesforce: SalesforceActivities) -> None:
    effect = await made_task(salesforce)
    done = await undo(SalesforceActivities(None), effect)
    assert (done.state, done.note) == (UndoState.NOT_POSSIBLE, OFF)
