"""Churn save, from a cancellation in ChartMogul to what Salesforce and Slack show."""

from datetime import UTC, datetime, timedelta

import pytest

from models.effects import Action, Mode
from models.runs import Outcome
from simulators.kit.control import Control
from tests.models.bodies import webhook
from tests.workflows.conftest import (
    SECOND,
    Start,
    by_object,
    cancelled,
    outcome_attribute,
    owner_of,
    until_effects,
)

FALLBACK = "revops@mogulflow.example"


async def test_a_cancellation_becomes_a_task_and_an_alert(simulators: Control, start: Start) -> None:
    body = cancelled(simulators, reason="Too expensive")
    handle = await start(body)
    result = await handle.result()
    assert result.outcome is Outcome.ACTED
    assert [(each.action, each.tries) for each in result.effects] == [(Action.CREATED, 1)] * 2
    [task], [message] = simulators.records("Task"), simulators.messages()
    assert by_object(result.effects)["Task"].object_id == task["Id"]
    assert by_object(result.effects)["message"].object_id == message["ts"]
    assert await outcome_attribute(handle) == "acted"


async def test_the_task_tells_the_owner_what_to_know(simulators: Control, start: Start) -> None:
    customer = simulators.customers(case="account")[0]
    body = simulators.cancel(customer.uuid, send=False, reason="Too expensive")
    await (await start(body)).result()
    [task] = simulators.records("Task")
    assert customer.company in task["Subject"]
    assert owner_of(simulators, task)["Email"] == customer.owner_email
    assert task["Priority"] == "High"
    due = datetime.fromisoformat(task["ActivityDate"]).date()
    assert datetime.now(UTC).date() < due <= datetime.now(UTC).date() + timedelta(days=4)
    assert due.weekday() < 5
    assert task["WhatId"]
    assert task["WhoId"]
    for line in ("MRR lost: ", f"Plan: {customer.plan}", "Customer for: ", "Lifetime value: ",
                 "Reason: Too expensive", "ChartMogul: http", "Run: http"):  # fmt: skip
        assert line in task["Description"], line
    assert f"\nOwner: {owner_of(simulators, task)['Name']}" in task["Description"]


async def test_the_alert_has_the_facts_the_owner_and_the_links(simulators: Control, start: Start) -> None:
    customer = simulators.customers(case="account")[0]
    body = simulators.cancel(customer.uuid, send=False, reason="<!channel> & <@U1> too *dear*")
    await (await start(body)).result()
    [message], [task] = simulators.messages(), simulators.records("Task")
    fields = [field["text"] for block in message["blocks"] for field in block.get("fields", [])]
    assert any("&lt;!channel&gt; &amp; &lt;@U1&gt; too *dear*" in field for field in fields)
    owner = owner_of(simulators, task)["Name"]  # a directory that is slow costs the mention
    assert any(field.startswith(("*Owner*\n<@U", f"*Owner*\n{owner}")) for field in fields)
    links = [
        each["url"] for block in message["blocks"] for each in block.get("elements", []) if "url" in each
    ]
    assert len(links) == 3
    assert any(customer.uuid in link for link in links)
    assert any(task["Id"] in link for link in links)
    assert any("churn_save" in link for link in links)


@pytest.mark.parametrize(
    ("case", "why"),
    [
        ("none", "Owner: No Salesforce account carries"),
        ("several", "Owner: 2 contacts on 2 accounts"),
        ("inactive_owner", " is inactive"),
    ],
)
async def test_without_a_clear_owner_the_fallback_gets_the_task_and_learns_why(
    simulators: Control, start: Start, case: str, why: str
) -> None:
    await (await start(cancelled(simulators, case))).result()
    [task] = simulators.records("Task")
    assert owner_of(simulators, task)["Email"] == FALLBACK
    assert why in task["Description"]


async def test_whom_a_field_of_the_account_names_gets_the_task(simulators: Control, start: Start) -> None:
    """Where it names nobody who is active, the account's owner does."""
    field = {"salesforce_user_field": "CSM__c", "fallback_owner": "revops@mogulflow.example"}
    users = {each["Email"]: each["Id"] for each in simulators.records("User")}
    accounts = {each["CM_Customer_UUID__c"]: each for each in simulators.records("Account")}
    csm = users["maya.okafor@mogulflow.example"]
    named, unnamed = simulators.customers(case="account")[:2]
    simulators.change_record("Account", accounts[named.uuid]["Id"], CSM__c=csm)
    for number in range(2):
        await (await start(cancelled(simulators, number=number), task=field)).result()
    owners = {each["WhatId"]: each["OwnerId"] for each in simulators.records("Task")}
    assert owners == {
        accounts[named.uuid]["Id"]: csm,
        accounts[unnamed.uuid]["Id"]: accounts[unnamed.uuid]["OwnerId"],
    }


async def test_a_contact_leads_to_the_owner_where_the_account_has_no_uuid(
    simulators: Control, start: Start
) -> None:
    customer = simulators.customers(case="contact_only")[0]
    await (await start(simulators.cancel(customer.uuid, send=False))).result()
    [task] = simulators.records("Task")
    assert owner_of(simulators, task)["Email"] == customer.owner_email


async def test_the_latest_note_is_the_reason_where_no_attribute_says_one(
    simulators: Control, start: Start
) -> None:
    customer = next(each for each in simulators.customers(limit=200, case="account"))
    simulators.add_note(customer.uuid, "Asked for SSO twice")
    body = simulators.cancel(customer.uuid, send=False)
    await (await start(body, reason_attributes=["nobody_set_this"])).result()
    [task] = simulators.records("Task")
    assert "Reason: Asked for SSO twice" in task["Description"]


async def test_a_customer_that_chartmogul_does_not_know_is_unverified(
    simulators: Control, start: Start
) -> None:
    body = cancelled(simulators)
    simulators.delete_customer(body["customer"]["uuid"])
    handle = await start(body)
    result = await handle.result()
    assert (result.outcome, result.effects, result.problems) == (Outcome.UNVERIFIED, [], [])
    assert await outcome_attribute(handle) == "unverified"
    assert (simulators.records("Task"), simulators.messages()) == ([], [])


async def test_a_customer_that_still_pays_is_unverified(simulators: Control, start: Start) -> None:
    body = webhook(customer={"uuid": simulators.customers(case="account")[0].uuid}, subscription={})
    result = await (await start(body)).result()
    assert result.outcome is Outcome.UNVERIFIED
    assert (simulators.records("Task"), simulators.messages()) == ([], [])


async def test_a_cancellation_that_the_api_shows_late_is_acted_on(simulators: Control, start: Start) -> None:
    simulators.chartmogul(lag_seconds=0.5)
    result = await (await start(cancelled(simulators), settling_seconds=1)).result()
    assert result.outcome is Outcome.ACTED


async def test_a_customer_already_back_gets_one_line_and_no_task(simulators: Control, start: Start) -> None:
    customer = simulators.customers(case="account")[0]
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    body = simulators.cancel(customer.uuid, send=False, at=earlier)
    simulators.reactivate(customer.uuid, send=False)
    result = await (await start(body)).result()
    assert result.outcome is Outcome.ALREADY_SAVED
    [message] = simulators.messages()
    assert "already back" in message["text"]
    assert simulators.records("Task") == []


async def test_a_customer_who_comes_back_is_saved(simulators: Control, start: Start) -> None:
    customer = simulators.customers(case="account")[0]
    earlier = datetime.now(UTC) - timedelta(minutes=5)
    body = simulators.cancel(customer.uuid, send=False, at=earlier)
    handle = await start(
        body,
        check_back_days=[1.5 * SECOND, 60],
        task={"fields_when_saved": {"CM_Outcome__c": "saved"}},
    )
    await until_effects(handle, 2)
    simulators.reactivate(customer.uuid, send=False)
    result = await handle.result()
    assert result.outcome is Outcome.SAVED
    alert, reply = simulators.messages()
    assert reply["thread_ts"] == alert["ts"]
    assert reply["text"].startswith("Saved: ")
    [task] = simulators.records("Task")
    mrr = simulators.customer(customer.uuid).mrr
    assert task["Description"].endswith(f"Outcome: saved, the customer is back at ${mrr / 100:,.2f} MRR.")
    assert "MRR lost: " in task["Description"]
    assert (task["Status"], task["CM_Outcome__c"]) == ("Completed", "saved")
    assert by_object(result.effects)["reply"].action is Action.CREATED
    change = result.effects[-1]
    assert (change.action, change.before and change.before["Status"]) == (Action.UPDATED, "Not Started")


async def test_a_customer_who_stays_away_is_lost_after_the_last_check(
    simulators: Control, start: Start
) -> None:
    result = await (await start(cancelled(simulators), check_back_days=[SECOND, 2 * SECOND])).result()
    assert result.outcome is Outcome.LOST
    _, reply = simulators.messages()
    assert reply["text"].startswith("Lost: ")
    [task] = simulators.records("Task")
    assert "Outcome: lost, the customer has not come back in " in task["Description"]


async def test_a_preview_reads_everything_and_writes_nothing(simulators: Control, start: Start) -> None:
    body = cancelled(simulators)
    result = await (await start(body, mode=Mode.PREVIEW, check_back_days=[7])).result()
    assert result.outcome is Outcome.PREVIEWED
    assert {each.action for each in result.effects} == {Action.WOULD_CREATE}
    assert by_object(result.effects)["Task"].after["Subject"].startswith("Save ")
    assert (simulators.records("Task"), simulators.messages()) == ([], [])
    again = await (await start(body, mode=Mode.PREVIEW)).result()
    assert again.outcome is Outcome.PREVIEWED
    assert (await (await start(body)).result()).outcome is Outcome.ACTED


async def test_a_preview_of_what_is_done_shows_it_unchanged(simulators: Control, start: Start) -> None:
    body = cancelled(simulators)
    await (await start(body)).result()
    preview = await (await start(body, mode=Mode.PREVIEW)).result()
    assert {each.action for each in preview.effects} == {Action.UNCHANGED}
