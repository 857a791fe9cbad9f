"""The save task is made whatever one of its fields says; what was left out is named, and it is made once."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any, cast

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.salesforce.steps import SalesforceActivities
from clients.salesforce.client import SalesforceClient
from models.effects import Action, Effect, Mode
from models.salesforce import SaveTask, TaskChange
from simulators.kit.control import Control
from tests.contracts.salesforce import FALLBACK, TOKEN, client_of
from tests.contracts.scripted import Reply, ScriptedServer

KEY = "0123456789abcdef01234567:save_task"
MAYA = "maya.okafor@mogulflow.example"


@pytest.fixture
async def salesforce(simulators: Control) -> AsyncIterator[SalesforceClient]:
    client = client_of(simulators.salesforce_url)
    yield client
    await client.aclose()


def task_of(**changes: Any) -> SaveTask:
    task = SaveTask(
        key=KEY,
        subject="Win back Acme",
        due=date(2026, 12, 1),
        description="They left.",
        fallback_email=FALLBACK,
    )
    return task.model_copy(update=changes)


async def save(client: SalesforceClient, task: SaveTask) -> Effect:
    effect = await ActivityEnvironment().run(cast(Any, SalesforceActivities(client).create_save_task), task)
    assert isinstance(effect, Effect)
    return effect


def user(simulators: Control, email: str) -> dict[str, Any]:
    return next(each for each in simulators.records("User") if each["Email"] == email)


async def test_owner_who_cannot_own_tasks_gives_way_to_the_fallback(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    maya = user(simulators, MAYA)
    simulators.salesforce(no_tasks=[maya["Id"]])
    effect = await save(salesforce, task_of(owner_id=maya["Id"], owner_name="Maya Okafor"))
    [task] = simulators.records("Task")
    assert task["OwnerId"] == user(simulators, FALLBACK)["Id"] == effect.after["OwnerId"]
    why = "Maya Okafor cannot own this task (FIELD_INTEGRITY_EXCEPTION): it went to the fallback owner"
    assert effect.note is not None
    assert effect.note.startswith(why)
    assert task["Description"].startswith("They left.")
    assert why in task["Description"]
    again = await save(salesforce, task_of(owner_id=maya["Id"], repeat=True))
    assert (again.action, again.object_id) == (Action.CREATED, effect.object_id)
    assert len(simulators.records("Task")) == 1


async def test_inactive_owner_gives_way_to_the_fallback(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    left = user(simulators, "tom.verhoeven@mogulflow.example")
    await save(salesforce, task_of(owner_id=left["Id"]))
    [task] = simulators.records("Task")
    assert task["OwnerId"] == user(simulators, FALLBACK)["Id"]
    assert "cannot own this task (INACTIVE_OWNER_OR_USER)" in task["Description"]


@pytest.mark.parametrize("fallback", [FALLBACK, None, "nobody@mogulflow.example"])
async def test_task_is_made_where_the_fallback_owner_cannot_own_it_either(
    simulators: Control, salesforce: SalesforceClient, fallback: str | None
) -> None:
    maya, revops = user(simulators, MAYA), user(simulators, FALLBACK)
    simulators.salesforce(no_tasks=[maya["Id"], revops["Id"]])
    effect = await save(salesforce, task_of(owner_id=maya["Id"], fallback_email=fallback))
    [task] = simulators.records("Task")
    assert "it went to whom Salesforce gives it by itself" in task["Description"]
    assert "OwnerId" not in effect.after


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"contact_id": "0035e000000zzzzAAA"}, "WhoId"),
        ({"account_id": "0015e000000zzzzAAA"}, "WhatId"),
        ({"account_id": "nonsense"}, "WhatId"),
        ({"priority": "Burning"}, "Priority"),
        ({"status": "Nowhere"}, "Status"),
        ({"fields": {"Nonsense__c": "x"}}, "Nonsense__c"),
        ({"fields": {"CM_MRR_Lost__c": "much"}}, "CM_MRR_Lost__c"),
        ({"fields": {"IsClosed": True}}, "IsClosed"),
    ],
)
async def test_field_that_is_refused_is_left_out_and_named(
    simulators: Control, salesforce: SalesforceClient, changes: dict[str, Any], left_out: str
) -> None:
    effect = await save(salesforce, task_of(**changes))
    [task] = simulators.records("Task")
    assert f"{left_out} was left out" in task["Description"]
    assert f"{left_out} was left out" in (effect.note or "")
    assert task["Subject"] == "Win back Acme"


async def test_several_fields_are_left_out_at_once(simulators: Control, salesforce: SalesforceClient) -> None:
    maya = user(simulators, MAYA)
    simulators.salesforce(no_tasks=[maya["Id"]])
    fields: dict[str, str | int | float | bool] = {"A__c": 1, "B__c": 2, "CM_Outcome__c": "x" * 300}
    effect = await save(
        salesforce, task_of(owner_id=maya["Id"], priority="Burning", contact_id="nonsense", fields=fields)
    )
    [task] = simulators.records("Task")
    assert len(task["CM_Outcome__c"]) == 80
    for named in ("A__c", "B__c", "Priority", "WhoId", "CM_Outcome__c was cut to 80", "fallback owner"):
        assert named in (effect.note or "")
    assert task["OwnerId"] == user(simulators, FALLBACK)["Id"]


async def test_texts_fit_before_they_are_sent(simulators: Control, salesforce: SalesforceClient) -> None:
    odd = "Win\x00 back\r\nAcme\t" + "x" * 400
    effect = await save(salesforce, task_of(subject=odd, description="one\r\ntwo\x00\x07" + "y" * 40_000))
    [task] = simulators.records("Task")
    assert task["Subject"].startswith("Win back Acme x")
    assert len(task["Subject"]) == 255
    assert task["Description"].startswith("one\ntwoy")
    assert len(task["Description"]) == 32_000
    assert effect.note is None
    assert len([call for call in simulators.calls("salesforce") if call.method == "PATCH"]) == 1


async def test_rule_of_the_org_still_stops_the_task() -> None:
    rule = Reply(
        [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": ["Subject"]}], 400
    )
    with ScriptedServer(TOKEN, rule) as server:
        client = client_of(server.url)
        with pytest.raises(ApplicationError, match="FIELD_CUSTOM"):
            await save(client, task_of())
        await client.aclose()
        assert len(server.seen) == 2


async def test_preview_looks_past_a_field_that_the_org_does_not_have(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    effect = await save(salesforce, task_of(mode=Mode.PREVIEW, fields={"Nonsense__c": 1}))
    assert effect.action is Action.WOULD_CREATE
    assert simulators.records("Task") == []


async def test_outcome_is_recorded_without_a_field_that_is_refused(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    await save(salesforce, task_of(description="y" * 32_000))
    change = TaskChange(
        key="k",
        task_key=KEY,
        append_to_description="Outcome: lost",
        fields={"Nonsense__c": 1, "Status": "Completed"},
    )
    record = cast(Any, SalesforceActivities(salesforce).record_task_outcome)
    effect = await ActivityEnvironment().run(record, change)
    [task] = simulators.records("Task")
    assert task["Status"] == "Completed"
    assert "Outcome: lost" in task["Description"]
    assert "Nonsense__c was left out" in effect.note
