"""HubSpot: whose customer it is, tasks and deals that are made once, and a deal's exact amount."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, cast

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.definition import steps_of
from activities.hubspot.effects import OFF
from activities.hubspot.steps import HubSpotActivities
from clients.hubspot import marked
from clients.hubspot.client import HubSpotClient
from clients.hubspot.doctor import hubspot_findings
from clients.hubspot.records import key_property
from clients.hubspot.settings import HubSpot
from clients.kit.errors import NotFound, OutcomeUnknown, RateLimited, Rejected, Unauthorized, Unavailable
from clients.kit.marks import mark_of
from models.effects import Action, Effect, Mode
from models.findings import Finding, State
from models.hubspot import (
    DealAmount,
    DealNow,
    DealQuery,
    DealWrite,
    HubSpotOwner,
    HubSpotOwnerQuery,
    HubSpotTask,
    HubSpotTaskChange,
    NewProperty,
    NewRow,
)
from models.routes import Route, Routes
from models.templates.expansion import ExpansionOptions
from models.templates.template import Names, RouteOptions
from operations import prepare_crm
from settings import Settings
from simulators.hubspot.seed import FIRST_OWNER
from simulators.kit.control import Control
from simulators.kit.shapes import HUBSPOT_TOKEN
from simulators.salesforce.seed import LEFT
from tests.contracts.scripted import Reply, ScriptedServer
from tests.workflows.crm import unlimited

KEY, DEAL_KEY = "0123456789abcdef01234567:task", "0123456789abcdef01234567:deal"
UUID_PROPERTY, OUR_KEY = "chartmogul_customer_uuid", "mogulflow_key"
MAYA, GONE = str(FIRST_OWNER + 2), str(FIRST_OWNER + LEFT)
FALLBACK = "revops@mogulflow.example"
PIPELINES = {
    "results": [
        {
            "id": "default",
            "label": "Sales",
            "displayOrder": 0,
            "stages": [{"id": "s1", "label": "Open", "metadata": {"isClosed": "false"}}],
        }
    ]
}


def client_of(url: str, **given: Any) -> HubSpotClient:
    settings = HubSpot(
        token=SecretStr(HUBSPOT_TOKEN),
        base_url=url,
        requests_per_10_seconds=5000,
        **{"portal_id": 42, **given},
    )
    return HubSpotClient(settings)


@pytest.fixture
async def bare(simulators: Control) -> AsyncIterator[HubSpotClient]:
    """A portal that has none of our properties."""
    client = client_of(simulators.hubspot_url)
    yield client
    await client.aclose()


@pytest.fixture
async def hubspot(bare: HubSpotClient) -> HubSpotClient:
    """A portal that is prepared."""
    uuid = NewProperty(name=UUID_PROPERTY, label="UUID", type="string", field_type="text", unique=True)
    await bare.prepare("companies", [uuid], dry_run=False)
    for object_type in ("deals", "tasks"):
        await bare.prepare(object_type, [key_property(OUR_KEY)], dry_run=False)
    return bare


@pytest.fixture
def contact(simulators: Control) -> str:
    [row] = simulators.hubspot_customers("contact_and_company", limit=1)
    return next(
        str(each["id"])
        for each in simulators.hubspot_records("contacts", all=True)
        if each["email"] == row.email
    )


@pytest.fixture
def company(simulators: Control) -> str:
    [row] = simulators.hubspot_customers("contact_and_company", limit=1)
    return next(
        str(each["id"])
        for each in simulators.hubspot_records("companies", all=True)
        if each["name"] == row.company
    )


async def run(client: HubSpotClient | None, name: str, arg: object) -> Any:
    step = getattr(HubSpotActivities(client), name)
    return await ActivityEnvironment().run(cast(Any, step), arg)


async def fails(client: HubSpotClient, name: str, arg: object, kind: type[Exception]) -> str:
    with pytest.raises(ApplicationError) as caught:
        await run(client, name, arg)
    assert caught.value.type == kind.__name__
    return str(caught.value)


def task_of(**changes: Any) -> HubSpotTask:
    task = HubSpotTask(
        key=KEY,
        subject="Save Acme & Co",
        due=date(2026, 12, 1),
        body="They <left>.\nCall them.",
        priority="High",
        owner_id=MAYA,
    )
    return task.model_copy(update=changes)


def deal_of(**changes: Any) -> DealWrite:
    deal = DealWrite(
        key=DEAL_KEY,
        name="Acme: more seats",
        amount=Decimal("1200.50"),
        currency="USD",
        stage="Usage grows",
        close_date=date(2026, 12, 31),
        owner_id=MAYA,
        description="They grow.",
    )
    return deal.model_copy(update=changes)


def amount(**changes: Any) -> DealAmount:
    wanted = DealAmount(
        key="k:amount",
        deal_key=DEAL_KEY,
        expected_amount=Decimal("1200.50"),
        amount=Decimal("1500"),
        currency="USD",
        description_line="Exact amount: 1,500.00 USD a year.",
    )
    return wanted.model_copy(update=changes)


def books(simulators: Control) -> list[Any]:
    return [simulators.hubspot_records(name) for name in ("contacts", "companies", "deals", "tasks")]


def query_for(simulators: Control, case: Any, **changes: Any) -> HubSpotOwnerQuery:
    row = simulators.hubspot_customers(case, limit=1)[0]
    query = HubSpotOwnerQuery(customer_uuid=row.uuid, email=row.email, fallback_email=FALLBACK)
    return query.model_copy(update=changes)


async def owner_for(client: HubSpotClient, query: HubSpotOwnerQuery) -> HubSpotOwner:
    return cast(HubSpotOwner, await run(client, "find_owner", query))


async def test_owner_of_the_company_is_found_by_id_and_by_email(
    simulators: Control, hubspot: HubSpotClient, company: str, contact: str
) -> None:
    query = query_for(simulators, "contact_and_company")
    simulators.change_hubspot_record("companies", company, hubspot_owner_id=str(FIRST_OWNER + 4))
    by_email = await owner_for(hubspot, query)
    assert (by_email.company_id, by_email.contact_id) == (company, contact)
    assert (by_email.found_by, by_email.why_fallback) == ("the contact's e-mail", None)
    assert by_email.owner_email == "ingrid.sorensen@mogulflow.example"
    row = NewRow(key=company, properties={UUID_PROPERTY: query.customer_uuid, "hubspot_owner_id": MAYA})
    await hubspot.update("companies", [row])
    by_id = await owner_for(hubspot, query.model_copy(update={"email": None}))
    assert (by_id.owner_id, by_id.owner_name) == (MAYA, "Maya Okafor")
    assert (by_id.company_id, by_id.contact_id) == (company, None)
    assert by_id.found_by == "ChartMogul's id on the company"
    assert by_id.company_name


async def test_contact_without_a_company_has_an_owner(simulators: Control, hubspot: HubSpotClient) -> None:
    [row] = simulators.hubspot_customers("contact_only", limit=1)
    made = next(
        each for each in simulators.hubspot_records("contacts", all=True) if each["email"] == row.email
    )
    simulators.change_hubspot_record("contacts", made["id"], hubspot_owner_id=MAYA)
    found = await owner_for(hubspot, query_for(simulators, "contact_only"))
    assert (found.company_id, found.contact_id) == (None, made["id"])
    assert (found.owner_id, found.why_fallback) == (MAYA, None)


@pytest.mark.parametrize(
    ("fallback", "why", "email"),
    [
        (FALLBACK, "", FALLBACK),
        (None, ", and no fallback owner is configured", None),
        ("tom.verhoeven@mogulflow.example", ", and the fallback owner is no active HubSpot user", None),
    ],
)
async def test_fallback_owner_stands_in_and_says_why(
    simulators: Control, hubspot: HubSpotClient, fallback: str | None, why: str, email: str | None
) -> None:
    found = await owner_for(hubspot, query_for(simulators, "missing", fallback_email=fallback))
    nobody = "No HubSpot company or contact carries this customer's ChartMogul id or e-mail"
    assert (found.why_fallback, found.owner_email) == (nobody + why, email)


async def test_owner_who_has_left_gives_way(
    simulators: Control, hubspot: HubSpotClient, company: str, contact: str
) -> None:
    simulators.change_hubspot_record("companies", company, hubspot_owner_id=GONE)
    simulators.change_hubspot_record("contacts", contact, hubspot_owner_id=MAYA)
    query = query_for(simulators, "contact_and_company")
    found = await owner_for(hubspot, query)
    assert (found.owner_id, found.why_fallback) == (MAYA, None)
    simulators.change_hubspot_record("contacts", contact, hubspot_owner_id=None)
    found = await owner_for(hubspot, query)
    why = "The company's owner Tom Verhoeven has left. The contact has no owner"
    assert (found.owner_email, found.why_fallback) == (FALLBACK, why)
    assert found.company_id == company


@pytest.mark.parametrize(
    ("value", "owner", "why"),
    [
        (MAYA, MAYA, None),
        (GONE, None, "The company's csm Tom Verhoeven has left"),
        ("Maya", None, "The company's csm holds no user of HubSpot"),
        (None, None, "The company has no csm"),
    ],
)
async def test_a_property_names_somebody_in_the_owners_place(
    simulators: Control, hubspot: HubSpotClient, company: str, value: str | None, owner: str | None, why: str
) -> None:
    simulators.change_hubspot_record("companies", company, csm=value)
    query = query_for(simulators, "contact_and_company")
    query = query.model_copy(update={"user_property": "csm", "fallback_email": None})
    found = await owner_for(hubspot, query)
    assert (found.owner_id, found.company_id) == (owner, company)
    assert (found.why_fallback or "").startswith(why or "")


async def test_look_up_that_the_portal_makes_impossible_is_left_out(
    simulators: Control, bare: HubSpotClient
) -> None:
    """There is no such property yet, and the token may not read users."""
    simulators.hubspot(missing_scopes=["crm.objects.owners.read"])
    found = await owner_for(bare, query_for(simulators, "contact_and_company"))
    assert found.owner_id
    assert (found.owner_name, found.why_fallback) == (None, None)
    assert "look up companies by chartmogul_customer_uuid" in found.left_out[0]
    assert "needs crm.objects.owners.read" in found.left_out[1]
    refused = await owner_for(bare, query_for(simulators, "missing"))
    assert (refused.why_fallback or "").endswith("and the fallback owner could not be looked up")
    wrong = HubSpotClient(HubSpot(token=SecretStr("wrong"), base_url=simulators.hubspot_url))
    await fails(wrong, "find_owner", query_for(simulators, "missing"), Unauthorized)
    await wrong.aclose()


async def test_task_is_made_once_and_connected(
    simulators: Control, hubspot: HubSpotClient, company: str, contact: str
) -> None:
    task = task_of(company_id=company, contact_id=contact)
    effect = cast(Effect, await run(hubspot, "create_task", task))
    [made] = simulators.hubspot_records("tasks")
    assert (effect.action, effect.object_id, effect.note) == (Action.CREATED, made["id"], None)
    assert effect.link == f"https://app.hubspot.com/contacts/42/record/0-27/{made['id']}"
    assert (made["hs_task_subject"], made["hs_task_priority"]) == ("Save Acme & Co", "HIGH")
    assert (made["hs_timestamp"], made["hubspot_owner_id"]) == ("2026-12-01T12:00:00.000Z", MAYA)
    assert (made["hs_task_body"], made[OUR_KEY]) == ("They &lt;left&gt;.<br>Call them.", KEY)
    for other, id in (("companies", company), ("contacts", contact)):
        found = await hubspot.associations("tasks", cast(Any, other), [made["id"]])
        assert [each.id for each in found[made["id"]]] == [id]
    simulators.change_hubspot_record("tasks", made["id"], hs_task_status="IN_PROGRESS")
    again = await run(hubspot, "create_task", task.model_copy(update={"repeat": True}))
    rerun = await run(hubspot, "create_task", task.model_copy(update={"repeat": True, "rerun": True}))
    assert (again.action, rerun.action) == (Action.CREATED, Action.UNCHANGED)
    assert rerun.after["hs_task_status"] == "IN_PROGRESS"
    assert len(simulators.hubspot_records("tasks")) == 1


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
@pytest.mark.parametrize("path", ["/tasks/batch/upsert", "/associate/default"])
async def test_keyed_task_is_there_once_and_connected_whatever_happens(
    simulators: Control, hubspot: HubSpotClient, company: str, fault: Any, path: str
) -> None:
    task = task_of(company_id=company)
    simulators.fault("hubspot", fault, path=path)
    await fails(hubspot, "create_task", task, OutcomeUnknown)
    effect = await run(hubspot, "create_task", task.model_copy(update={"repeat": True}))
    [made] = simulators.hubspot_records("tasks")
    assert (effect.action, effect.object_id) == (Action.CREATED, made["id"])
    assert list(await hubspot.associations("tasks", "companies", [made["id"]])) == [made["id"]]


@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_task_without_a_property_for_our_key_is_found_by_its_mark(
    simulators: Control, bare: HubSpotClient, company: str, fault: Any
) -> None:
    other = await run(bare, "create_task", task_of(key="other", company_id=company))
    task = task_of(company_id=company)
    simulators.fault("hubspot", fault, method="POST", path=r"/objects/2026-09/tasks$")
    await fails(bare, "create_task", task, OutcomeUnknown)
    effect = await run(bare, "create_task", task.model_copy(update={"repeat": True}))
    first, made = simulators.hubspot_records("tasks")
    assert first["id"] == other.object_id
    assert (effect.action, effect.object_id) == (Action.CREATED, made["id"])
    assert made["hs_task_body"].endswith(f"Call them.<br><br>{mark_of(KEY)}")
    assert list(await bare.associations("tasks", "companies", [made["id"]])) == [made["id"]]
    for found_by in ({"task_id": made["id"]}, {"company_id": company}):
        change = HubSpotTaskChange(key="k", task_key=KEY, append="Outcome: saved", **found_by)
        changed = await run(bare, "change_task", change)
        assert changed.object_id == made["id"]
    [_, made] = simulators.hubspot_records("tasks")
    assert made["hs_task_body"].count("Outcome: saved") == 1


async def test_task_with_a_mark_is_found_after_the_property_was_made(
    simulators: Control, bare: HubSpotClient, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = task_of(company_id=company)
    made = await run(bare, "create_task", task)
    await bare.prepare("tasks", [key_property(OUR_KEY)], dry_run=False)
    prepared = client_of(simulators.hubspot_url)
    rerun = await run(prepared, "create_task", task.model_copy(update={"repeat": True, "rerun": True}))
    assert (rerun.action, rerun.object_id) == (Action.UNCHANGED, made.object_id)
    monkeypatch.setattr(marked, "MOST_TASKS", 0)  # with a key, too many are no reason to make none
    other = task_of(key="other", company_id=company, repeat=True)
    assert (await run(prepared, "create_task", other)).action is Action.CREATED
    await prepared.aclose()


async def test_task_that_nobody_could_find_again_is_not_made(
    simulators: Control, bare: HubSpotClient, company: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = await fails(bare, "create_task", task_of(), Rejected)
    assert "no contact or company to look through. `mogulflow crm prepare hubspot` makes" in said
    monkeypatch.setattr(marked, "MOST_TASKS", 1)
    for number in range(2):
        await run(bare, "create_task", task_of(key=f"other{number}", company_id=company))
    ours = task_of(company_id=company, repeat=True)
    assert "more than 1 tasks to look through" in await fails(bare, "create_task", ours, Rejected)
    assert len(simulators.hubspot_records("tasks")) == 2


async def test_property_that_is_made_meanwhile_is_used_soon(
    simulators: Control, bare: HubSpotClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    simulators.hubspot(missing_scopes=["crm.schemas.contacts.read"])
    assert await bare.task_key() is None
    simulators.hubspot(missing_scopes=[])
    await bare.prepare("tasks", [key_property(OUR_KEY)], dry_run=False)
    assert await bare.task_key() is None  # remembered for five minutes
    bare._tasks_have_key = (0.0, False)
    assert await bare.task_key() == OUR_KEY


async def test_what_hubspot_refuses_of_a_task_is_left_out_and_named(
    simulators: Control, hubspot: HubSpotClient
) -> None:
    task = task_of(subject="x\x00 " * 300, priority="Burning", owner_id="404", company_id="404")
    effect = await run(hubspot, "create_task", task)
    [made] = simulators.hubspot_records("tasks")
    assert len(made["hs_task_subject"]) <= 255
    assert made.get("hubspot_owner_id") is made.get("hs_task_priority") is None
    for said in (
        "hs_task_subject was cut to 255 characters.",
        "hs_task_priority was left out: HubSpot refuses it (INVALID_OPTION)",
        "hubspot_owner_id was left out: HubSpot refuses it (INVALID_OPTION)",
        "Could not connect task",
    ):
        assert said in effect.note


async def test_task_is_changed_once(simulators: Control, hubspot: HubSpotClient) -> None:
    change = HubSpotTaskChange(key="k", task_key=KEY, append="Outcome: <saved>", complete=True)
    assert "somebody deleted it" in await fails(hubspot, "change_task", change, NotFound)
    await run(hubspot, "create_task", task_of(body="x" * 70_000))
    await fails(hubspot, "change_task", change.model_copy(update={"task_id": "404"}), NotFound)
    await run(hubspot, "create_task", task_of(key="other"))
    change = change.model_copy(update={"task_key": "other"})
    simulators.fault("hubspot", "drop_after", path="/tasks/batch/update")
    await fails(hubspot, "change_task", change, OutcomeUnknown)
    effect = await run(hubspot, "change_task", change.model_copy(update={"repeat": True}))
    made = simulators.hubspot_records("tasks")[-1]
    assert effect.action is Action.UPDATED
    assert made["hs_task_status"] == "COMPLETED"
    assert made["hs_task_body"] == "They &lt;left&gt;.<br>Call them.<br><br>Outcome: &lt;saved&gt;"
    rerun = await run(hubspot, "change_task", change.model_copy(update={"rerun": True}))
    assert rerun.action is Action.UNCHANGED
    other = change.model_copy(update={"append": "Outcome: lost", "complete": False})
    assert (await run(hubspot, "change_task", other)).action is Action.UPDATED
    assert (await run(hubspot, "change_task", change)).action is Action.UPDATED
    assert simulators.hubspot_records("tasks")[-1]["hs_task_body"].count("saved") == 2


async def test_deal_is_made_once_on_its_company(
    simulators: Control, hubspot: HubSpotClient, company: str
) -> None:
    deal = deal_of(company_id=company, properties={"dealtype": "existingbusiness"})
    effect = cast(Effect, await run(hubspot, "save_deal", deal))
    [made] = simulators.hubspot_records("deals")
    assert (effect.action, effect.object_id, effect.note) == (Action.CREATED, made["id"], None)
    assert effect.link == f"https://app.hubspot.com/contacts/42/record/0-3/{made['id']}"
    assert (made["pipeline"], made["dealstage"]) == ("74021", "74022")
    assert (made["amount"], made["deal_currency_code"], made[OUR_KEY]) == ("1200.50", "USD", DEAL_KEY)
    assert (made["closedate"], made["dealtype"]) == ("2026-12-31T12:00:00.000Z", "existingbusiness")
    found = await hubspot.associations("deals", "companies", [made["id"]])
    assert [(each.id, each.primary) for each in found[made["id"]]] == [(company, True)]
    simulators.change_hubspot_record("deals", made["id"], dealstage="74023")
    again = await run(hubspot, "save_deal", deal.model_copy(update={"repeat": True, "rerun": True}))
    assert (again.action, again.after["dealstage"]) == (Action.UNCHANGED, "74023")
    assert len(simulators.hubspot_records("deals")) == 1


@pytest.mark.parametrize("path", ["/deals/batch/upsert", "/associate/default"])
async def test_done_and_then_the_line_dropped_is_one_deal(
    simulators: Control, hubspot: HubSpotClient, company: str, path: str
) -> None:
    simulators.fault("hubspot", "drop_after", path=path)
    await fails(hubspot, "save_deal", deal_of(company_id=company), OutcomeUnknown)
    effect = await run(hubspot, "save_deal", deal_of(company_id=company, repeat=True))
    [made] = simulators.hubspot_records("deals")
    assert (effect.action, effect.object_id) == (Action.CREATED, made["id"])
    assert list(await hubspot.associations("deals", "companies", [made["id"]])) == [made["id"]]
    simulators.fault("hubspot", "drop_after", path="/deals/batch/update")
    await fails(hubspot, "set_deal_amount", amount(), OutcomeUnknown)
    effect = await run(hubspot, "set_deal_amount", amount(repeat=True))
    [made] = simulators.hubspot_records("deals")
    assert (effect.action, made["amount"]) == (Action.UPDATED, "1500")
    assert made["description"] == "They grow.\n\nExact amount: 1,500.00 USD a year."


async def test_simultaneous_saves_make_one_deal(simulators: Control, hubspot: HubSpotClient) -> None:
    await asyncio.gather(*(run(hubspot, "save_deal", deal_of()) for _ in range(8)))
    assert len(simulators.hubspot_records("deals")) == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stage": "Usage Grow"}, "no pipeline has a stage Usage Grow: did you mean Usage Grows?"),
        ({"pipeline": "Expansion"}, "deals have no pipeline Expansion: did you mean Expansions?"),
        ({"pipeline": "default"}, "pipeline Sales Pipeline has no stage Usage grows"),
        ({"currency": "GBP"}, "in GBP, which is no currency of the HubSpot account"),
    ],
)
async def test_deal_without_its_stage_or_currency_is_not_made(
    simulators: Control, hubspot: HubSpotClient, changes: dict[str, Any], said: str
) -> None:
    assert said in await fails(hubspot, "save_deal", deal_of(**changes), Rejected)
    assert simulators.hubspot_records("deals") == []


async def test_stage_of_any_pipeline_may_be_named_by_its_id(
    simulators: Control, hubspot: HubSpotClient
) -> None:
    await run(hubspot, "save_deal", deal_of(pipeline=" sales pipeline ", stage="contractsent"))
    [made] = simulators.hubspot_records("deals")
    assert (made["pipeline"], made["dealstage"]) == ("default", "contractsent")


async def test_portal_without_currencies_gets_no_amount(simulators: Control, hubspot: HubSpotClient) -> None:
    simulators.hubspot(currencies=[])
    effect = await run(hubspot, "save_deal", deal_of(owner_id="404"))
    [made] = simulators.hubspot_records("deals")
    assert made.get("amount") is None
    assert made["description"] == "They grow.\n\nAmount: 1,200.50 USD"
    assert "Nothing is converted" in effect.note
    assert "hubspot_owner_id was left out" in effect.note
    effect = await run(hubspot, "set_deal_amount", amount(expected_amount=None))
    [made] = simulators.hubspot_records("deals")
    assert made.get("amount") is None
    assert made["description"].endswith("Exact amount: 1,500.00 USD a year. Amount: 1,500.00 USD")
    again = await run(hubspot, "set_deal_amount", amount(expected_amount=None, rerun=True))
    assert (effect.action, again.action) == (Action.UPDATED, Action.UNCHANGED)


async def test_portal_that_is_not_prepared_makes_no_deal_and_says_how(
    simulators: Control, bare: HubSpotClient
) -> None:
    for changes in ({}, {"repeat": True}):
        said = await fails(bare, "save_deal", deal_of(**changes), Rejected)
        assert (
            "deals have no property mogulflow_key with unique values. `mogulflow crm prepare hubspot`" in said
        )
    assert simulators.hubspot_records("deals") == []


async def test_deal_is_read_as_it_is_now(simulators: Control, hubspot: HubSpotClient) -> None:
    assert await run(hubspot, "read_deal", DealQuery(key=DEAL_KEY)) is None
    await run(hubspot, "save_deal", deal_of(currency="EUR"))
    [made] = simulators.hubspot_records("deals")
    simulators.change_hubspot_record("deals", made["id"], dealstage="74024", amount="7")
    now = cast(DealNow, await run(hubspot, "read_deal", DealQuery(key=DEAL_KEY)))
    assert (now.id, now.pipeline, now.stage, now.is_closed) == (made["id"], "Expansions", "Expanded", True)
    assert (now.amount, now.currency, now.close_date) == (Decimal("7.00"), "EUR", date(2026, 12, 31))
    assert (now.owner_id, now.name) == (MAYA, "Acme: more seats")
    assert now.last_modified is not None


@pytest.mark.parametrize(
    ("by_people", "changes", "why"),
    [
        ({"dealstage": "74025"}, {}, "It is closed (Declined): its amount stays"),
        ({"amount": "7"}, {}, "Its amount was changed since we wrote it, and stays"),
        ({"amount": None}, {}, "Its amount was changed since we wrote it"),
        ({}, {"expected_amount": None}, "Its amount was changed since we wrote it"),
        ({}, {"only_find": True}, "not made before"),
    ],
)
async def test_amount_that_is_a_persons_stays(
    simulators: Control,
    hubspot: HubSpotClient,
    by_people: dict[str, Any],
    changes: dict[str, Any],
    why: str,
) -> None:
    await run(hubspot, "save_deal", deal_of())
    [made] = simulators.hubspot_records("deals")
    before = simulators.change_hubspot_record("deals", made["id"], **by_people)
    effect = await run(hubspot, "set_deal_amount", amount(**changes))
    assert (effect.action, effect.note[: len(why)]) == (Action.SKIPPED, why)
    assert simulators.hubspot_records("deals") == [before]


async def test_deal_that_is_gone_is_told(hubspot: HubSpotClient) -> None:
    assert "somebody deleted it" in await fails(hubspot, "set_deal_amount", amount(), NotFound)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, "<html>Forbidden</html>", OutcomeUnknown),
        (429, {"category": "RATE_LIMITS", "policyName": "DAILY"}, RateLimited),
        (423, {"category": "LOCKED"}, Unavailable),
        (403, {"category": "MISSING_SCOPES", "message": "no"}, Unauthorized),
        (400, {"category": "VALIDATION_ERROR", "message": "A rule of the account's: Acme"}, Rejected),
    ],
)
async def test_refusals_are_judged_by_what_hubspot_says(
    status: int, body: Any, kind: type[Exception]
) -> None:
    with ScriptedServer(Reply(PIPELINES), Reply(body, status)) as server:
        client = client_of(server.url)
        said = await fails(client, "save_deal", deal_of(stage="Open"), kind)
        await client.aclose()
        assert len(server.seen) == 2
    assert "Acme" not in said


async def test_older_paths_are_used_where_the_settings_say_so(
    simulators: Control, hubspot: HubSpotClient, company: str
) -> None:
    client = client_of(simulators.hubspot_url, api_version="v3")
    await run(client, "save_deal", deal_of(company_id=company))
    await run(client, "create_task", task_of(company_id=company))
    await owner_for(client, query_for(simulators, "contact_and_company"))
    await client.aclose()
    paths = [call.path for call in simulators.calls("hubspot") if "/crm/v" in call.path]
    for path in ("/crm/v3/pipelines/deals", "/crm/v3/owners/", "/crm/v4/associations/deals/companies"):
        assert any(each.startswith(path) for each in paths), path
    assert len(simulators.hubspot_records("deals")) == len(simulators.hubspot_records("tasks")) == 1


async def test_preview_writes_nothing(simulators: Control, hubspot: HubSpotClient, company: str) -> None:
    preview = {"mode": Mode.PREVIEW}
    change = HubSpotTaskChange(key="k", task_key=KEY, append="Outcome: saved", complete=True, **preview)
    writes = (
        ("create_task", task_of(company_id=company, **preview)),
        ("change_task", change),
        ("save_deal", deal_of(company_id=company, **preview)),
        ("set_deal_amount", amount(**preview)),
    )
    would = [Action.WOULD_CREATE, Action.WOULD_UPDATE]
    before = books(simulators)
    assert [(await run(hubspot, *write)).action for write in writes] == would * 2
    assert books(simulators) == before
    await run(hubspot, "create_task", task_of())
    await run(hubspot, "save_deal", deal_of())
    before = books(simulators)
    there = [Action.UNCHANGED, Action.WOULD_UPDATE]
    assert [(await run(hubspot, *write)).action for write in writes] == there * 2
    assert books(simulators) == before


async def test_what_is_only_looked_for_or_outdated_is_not_made(
    simulators: Control, hubspot: HubSpotClient
) -> None:
    change = HubSpotTaskChange(key="k", task_key=KEY, append="Outcome: saved")
    writes = (
        ("create_task", task_of()), ("change_task", change), ("save_deal", deal_of()),
        ("set_deal_amount", amount()),
    )  # fmt: skip
    for name, write in writes:
        effect = await run(hubspot, name, write.model_copy(update={"only_find": True}))
        assert (effect.action, effect.note) == (Action.SKIPPED, "not made before, and not needed now")
    old = {"good_until": datetime(2026, 1, 1, tzinfo=UTC)}
    for name, write in (writes[0], writes[2]):
        with pytest.raises(ApplicationError, match="held up for so long"):
            await run(hubspot, name, write.model_copy(update=old))
    assert books(simulators) == [[]] * 4


async def test_without_a_connection_it_is_skipped() -> None:
    change = HubSpotTaskChange(key="k", task_key=KEY)
    writes = (
        ("create_task", task_of()), ("change_task", change), ("save_deal", deal_of()),
        ("set_deal_amount", amount()),
    )  # fmt: skip
    for name, write in writes:
        effect = await run(None, name, write)
        assert (effect.action, effect.note) == (Action.SKIPPED, OFF)
    assert await run(None, "read_deal", DealQuery(key=DEAL_KEY)) is None
    assert (await run(None, "find_owner", HubSpotOwnerQuery(customer_uuid="cus_1"))).why_fallback == OFF


def test_a_task_and_an_undo_alone_may_rest_on_looking() -> None:
    definitions = [step.definition for step in steps_of(HubSpotActivities(None))]
    assert [each.name for each in definitions if each.looks_first] == ["hubspot.create_task", "hubspot.undo"]


async def test_prepare_makes_the_properties_for_our_keys(simulators: Control, settings: Settings) -> None:
    made = await prepare_crm.prepare(unlimited(settings), "hubspot")
    keys = [each for each in made.made if each.name == OUR_KEY]
    assert [(each.object_type, each.action) for each in keys] == [
        ("deals", Action.CREATED),
        ("tasks", Action.CREATED),
    ]
    assert (made.done, made.warnings) == (True, [])


async def test_prepare_goes_on_where_deals_and_tasks_can_have_none(
    simulators: Control, settings: Settings
) -> None:
    """The token of who makes no deals lacks their scopes; whether tasks may have unique values is unknown."""
    simulators.hubspot(unique_on_tasks=False, missing_scopes=["crm.schemas.deals.read"])
    made = await prepare_crm.prepare(unlimited(settings), "hubspot")
    assert made.done
    deals, tasks = made.warnings
    assert deals.startswith("deals: no property mogulflow_key for our key, without which none is made: Could")
    assert "needs crm.schemas.deals.read" in deals
    assert "tasks: no property mogulflow_key for our key, without which each is looked for" in tasks


class _Options(RouteOptions):
    stage: str = "Usage Grows"
    pipeline: str | None = None
    user: str | None = None

    def named(self, what: Names) -> list[str]:
        asked = {
            Names.HUBSPOT_STAGE: self.stage,
            Names.HUBSPOT_PIPELINE: self.pipeline or "",
            Names.HUBSPOT_USER: self.user or "",
        }
        return [asked[what]] if what in asked else []


async def findings(
    simulators: Control, *options: RouteOptions, token: str = HUBSPOT_TOKEN
) -> dict[str, Finding]:
    settings = HubSpot(token=SecretStr(token), base_url=simulators.hubspot_url)
    route: Any = Route.model_construct
    routes = Routes.model_construct(routes=[route(options=each) for each in options])
    return {each.what: each async for each in hubspot_findings(settings, routes)}


async def test_doctor_looks_for_pipelines_stages_users_and_keys(
    simulators: Control, hubspot: HubSpotClient
) -> None:
    assert await findings(simulators) == {}
    well = await findings(simulators, _Options(pipeline="74021", user=FALLBACK))
    assert {each.state for each in well.values()} == {State.OK}
    assert {"HubSpot deals.mogulflow_key", "HubSpot tasks.mogulflow_key", "HubSpot user"} <= well.keys()
    wrong = _Options(stage="In Talk", pipeline="Sale Pipeline", user="nobody@mogulflow.example")
    found = await findings(simulators, wrong)
    stage, pipeline = found["HubSpot stage In Talk"], found["HubSpot pipeline Sale Pipeline"]
    assert (stage.state, stage.detail) == (
        State.FAULT,
        "no pipeline has a stage In Talk: did you mean In Talks?",
    )
    assert pipeline.detail == "deals have no pipeline Sale Pipeline: did you mean Sales Pipeline?"
    assert "Settings, Objects, Deals, Pipelines" in pipeline.to_do
    assert found["HubSpot user"].state is State.WARNING


async def test_doctor_looks_for_properties_that_routes_name(
    simulators: Control, hubspot: HubSpotClient
) -> None:
    def expansion(named_by: str, **fields: str) -> ExpansionOptions:
        deal = {"stage": "Usage Grows", "fallback_owner": FALLBACK, "fields": fields}
        options = {"channel": "#a", "deal": deal, "owner": {"hubspot_user_property": named_by}}
        return ExpansionOptions.model_validate(options)

    well = await findings(simulators, expansion("csm", dealtype="existingbusiness"))
    assert {each.state for each in well.values()} == {State.OK}
    found = await findings(simulators, expansion("cms", dealtyp="x", hs_is_closed="true"), expansion("name"))
    assert {each.what: each.detail for each in found.values() if each.state is State.WARNING} == {
        "HubSpot deals.dealtyp": "left out of each: not there: did you mean dealtype?",
        "HubSpot deals.hs_is_closed": "left out of each: HubSpot lets nobody write it",
        "HubSpot property cms": "neither companies nor contacts have it: did you mean csm?",
        "HubSpot property name": "it holds no HubSpot user",
    }


async def test_doctor_names_what_is_not_prepared_and_which_scope_is_missing(simulators: Control) -> None:
    simulators.hubspot(missing_scopes=["crm.objects.deals.read", "crm.objects.owners.read"])
    found = await findings(simulators, _Options(user=FALLBACK))
    deals, users = found["HubSpot deals"], found["HubSpot users"]
    assert deals.state is users.state is State.FAULT
    assert "needs crm.objects.deals.read" in deals.detail
    assert "Scopes, and tick crm.objects.deals.read, crm.objects.deals.write" in deals.to_do
    assert "tick crm.objects.owners.read" in users.to_do
    assert found["HubSpot deals.mogulflow_key"].state is State.FAULT
    assert found["HubSpot tasks.mogulflow_key"].state is State.WARNING
    wrong = await findings(simulators, _Options(), token="wrong")
    assert wrong["HubSpot deals"].to_do.startswith("Set HUBSPOT__TOKEN")
