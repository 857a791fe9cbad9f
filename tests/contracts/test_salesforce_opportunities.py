"""Salesforce: opportunities that are made once and keep their currency, their exact amount, notes, and whose
account a customer is."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.definition import steps_of
from activities.salesforce.effects import OFF
from activities.salesforce.steps import SalesforceActivities
from clients.kit.errors import NotFound, OutcomeUnknown, Rejected, Unauthorized, Unavailable
from clients.kit.marks import mark_of
from clients.salesforce import feed
from clients.salesforce.client import SalesforceClient
from clients.salesforce.doctor import salesforce_findings
from clients.salesforce.settings import Salesforce
from models.effects import Action, Effect, Mode
from models.findings import Finding, State
from models.routes import Route, Routes
from models.salesforce import (
    AccountFound,
    AccountQuery,
    NoteWrite,
    OpportunityAmount,
    OpportunityNow,
    OpportunityQuery,
    OpportunityWrite,
)
from models.templates.expansion import ExpansionOptions
from models.templates.template import Names, RouteOptions
from simulators.kit.control import Control
from simulators.kit.shapes import SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET
from tests.contracts.salesforce import FALLBACK, TOKEN, client_of
from tests.contracts.scripted import Reply, ScriptedServer

KEY = "0123456789abcdef01234567:opportunity"
NOTE_KEY = "0123456789abcdef01234567:note"
WRITE, ORGANIZATION = "/sobjects/Opportunity/", "/connect/organization"
LEFT = "tom.verhoeven@mogulflow.example"
BOOKS = ("Account", "Contact", "Opportunity", "Task", "FeedItem")


@pytest.fixture
async def salesforce(simulators: Control) -> AsyncIterator[SalesforceClient]:
    client = client_of(simulators.salesforce_url)
    yield client
    await client.aclose()


@pytest.fixture
def account(simulators: Control) -> str:
    uuid = simulators.customers(limit=1, case="account")[0].uuid
    return next(str(a["Id"]) for a in simulators.records("Account") if a["CM_Customer_UUID__c"] == uuid)


async def run(client: SalesforceClient | None, name: str, arg: object) -> Any:
    step = getattr(SalesforceActivities(client), name)
    return await ActivityEnvironment().run(cast(Any, step), arg)


async def save(client: SalesforceClient, write: OpportunityWrite) -> Effect:
    return cast(Effect, await run(client, "save_opportunity", write))


async def fails(client: SalesforceClient, name: str, arg: object, kind: type[Exception]) -> str:
    with pytest.raises(ApplicationError) as caught:
        await run(client, name, arg)
    assert caught.value.type == kind.__name__
    return str(caught.value)


def opportunity(account: str, **changes: Any) -> OpportunityWrite:
    write = OpportunityWrite(
        key=KEY,
        account_id=account,
        name="Acme: more seats",
        amount=Decimal("1200.50"),
        currency="USD",
        stage="Prospecting",
        type="Existing Customer - Upgrade",
        close_date=date(2026, 12, 31),
        description="They grow.",
    )
    return write.model_copy(update=changes)


def amount(**changes: Any) -> OpportunityAmount:
    wanted = OpportunityAmount(
        key="k:amount",
        opportunity_key=KEY,
        expected_amount=Decimal("1200.50"),
        amount=Decimal("1500"),
        currency="USD",
        description_line="Exact amount: 1,500.00 USD a year.",
    )
    return wanted.model_copy(update=changes)


def note(account: str, **changes: Any) -> NoteWrite:
    written = NoteWrite(key=NOTE_KEY, account_id=account, title="Onboarding", body="They begin.\nOn Monday.")
    return written.model_copy(update=changes)


def books(simulators: Control) -> list[list[dict[str, Any]]]:
    return [simulators.records(name) for name in BOOKS]


async def test_opportunity_is_made_once_and_stays_as_people_change_it(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    effect = await save(salesforce, opportunity(account, fields={"Type": "New Customer"}))
    [made] = simulators.records("Opportunity")
    assert (made["Name"], made["Amount"], made["Type"]) == ("Acme: more seats", 1200.5, "New Customer")
    assert (made["AccountId"], made["Mogulflow_Key__c"]) == (account, KEY)
    assert (effect.action, effect.object_id, effect.note) == (Action.CREATED, made["Id"], None)
    assert effect.link == salesforce.link("Opportunity", made["Id"])
    simulators.change_record("Opportunity", made["Id"], StageName="Qualification")
    again = await save(salesforce, opportunity(account, repeat=True))
    assert (again.action, again.object_id) == (Action.CREATED, made["Id"])
    rerun = await save(salesforce, opportunity(account, repeat=True, rerun=True))
    assert (rerun.action, rerun.after["StageName"]) == (Action.UNCHANGED, "Qualification")
    assert len(simulators.records("Opportunity")) == 1


async def test_done_and_then_the_line_dropped_is_one_opportunity(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    simulators.fault("salesforce", "drop_after", path=WRITE, method="PATCH")
    said = await fails(salesforce, "save_opportunity", opportunity(account), OutcomeUnknown)
    assert "whether the opportunity was saved" in said
    effect = await save(salesforce, opportunity(account, repeat=True))
    [made] = simulators.records("Opportunity")
    assert (effect.action, effect.object_id) == (Action.CREATED, made["Id"])
    simulators.fault("salesforce", "drop_after", path=WRITE, method="PATCH")
    await fails(salesforce, "set_opportunity_amount", amount(), OutcomeUnknown)
    effect = await run(salesforce, "set_opportunity_amount", amount(repeat=True))
    [made] = simulators.records("Opportunity")
    assert (effect.action, made["Amount"]) == (Action.UPDATED, 1500)
    assert made["Description"].count("Exact amount") == 1


async def test_simultaneous_saves_make_one_opportunity(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    await asyncio.gather(*(save(salesforce, opportunity(account)) for _ in range(8)))
    assert len(simulators.records("Opportunity")) == 1
    lost = Reply([{"errorCode": "DUPLICATE_VALUE", "message": "Mogulflow_Key__c duplicates 0061"}], 400)
    with ScriptedServer(TOKEN, lost) as server:
        client = client_of(server.url)
        with pytest.raises(Unavailable):
            await client.opportunities.upsert(KEY, {"Name": "Acme"})
        await client.aclose()


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply("<html>Forbidden</html>", 403), OutcomeUnknown),
        (Reply([{"errorCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "no"}], 403), Unauthorized),
        (Reply([{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no"}], 400), Rejected),
        (Reply([{"errorCode": "UNABLE_TO_LOCK_ROW", "message": "row"}], 400), Unavailable),
    ],
)
async def test_refusals_are_judged_by_what_salesforce_says(reply: Reply, kind: type[Exception]) -> None:
    settings = Salesforce(
        instance_url="http://x", client_id="x", client_secret=SecretStr("x"), org_currency="USD"
    )
    with ScriptedServer(TOKEN, Reply({"fields": []}), reply) as server:
        client = SalesforceClient(settings.model_copy(update={"instance_url": server.url}))
        await fails(client, "save_opportunity", opportunity("001A"), kind)
        await client.aclose()
        assert len(server.seen) == 3


async def test_what_does_not_fit_is_cut_or_left_out_and_named(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    left = next(each["Id"] for each in simulators.records("User") if each["Email"] == LEFT)
    write = opportunity(
        account,
        name="Acme\x00\n" + "x" * 300,
        type="Nothing of this org's",
        owner_id=left,
        owner_name="Tom Verhoeven",
        fallback_email=FALLBACK,
        fields={"Nonsense__c": 1},
    )
    effect = await save(salesforce, write)
    [made] = simulators.records("Opportunity")
    assert made["Name"] == "Acme " + "x" * 114 + "…"
    assert (effect.note or "").startswith("Name was cut to 120 characters. ")
    for said in (
        "Type was left out",
        "Nonsense__c was left out",
        "Tom Verhoeven cannot own this opportunity",
    ):
        assert said in (effect.note or "")
        assert said in made["Description"]
    assert made["Description"].startswith("They grow.")
    revops = next(each["Id"] for each in simulators.records("User") if each["Email"] == FALLBACK)
    assert made["OwnerId"] == revops


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"stage": "Nowhere"}, "StageName: bad value for restricted picklist"),
        ({"account_id": "0015e000000zzzzAAA"}, "invalid cross reference id"),
    ],
)
async def test_without_its_stage_or_account_it_is_not_made(
    simulators: Control, salesforce: SalesforceClient, account: str, changes: dict[str, Any], said: str
) -> None:
    write = opportunity(account, **changes)
    assert said in await fails(salesforce, "save_opportunity", write, Rejected)
    assert simulators.records("Opportunity") == []


async def test_a_preview_says_what_the_org_would_refuse(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    """As the write itself does: what is essential is a refusal, and else it is left out."""
    write = opportunity(account, mode=Mode.PREVIEW, type="Nothing of this org's", fields={"Nonsense__c": 1})
    effect = await run(salesforce, "save_opportunity", write)
    assert (effect.action, {"Type", "Nonsense__c"} & effect.after.keys()) == (Action.WOULD_CREATE, set())
    assert (effect.note or "").count("was left out: Salesforce refuses it") == 2
    misspelt = opportunity(account, mode=Mode.PREVIEW, stage="Prospectng")
    said = await fails(salesforce, "save_opportunity", misspelt, Rejected)
    assert "StageName: Prospectng is none of its values: did you mean Prospecting?" in said
    assert simulators.records("Opportunity") == []


async def test_amount_in_another_currency_than_the_orgs_is_told_and_not_converted(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    effect = await save(salesforce, opportunity(account, currency="EUR", type="Nothing of this org's"))
    [made] = simulators.records("Opportunity")
    assert made["Amount"] is None
    assert "Amount: 1,200.50 EUR" in made["Description"]
    assert (effect.note or "").startswith(
        "The amount is in the description alone: it is in EUR, and the org's is USD. Nothing is converted."
    )
    wanted = amount(currency="EUR", expected_amount=None)
    effect = await run(salesforce, "set_opportunity_amount", wanted)
    [made] = simulators.records("Opportunity")
    assert (effect.action, made["Amount"]) == (Action.UPDATED, None)
    assert made["Description"].endswith("Exact amount: 1,500.00 USD a year. Amount: 1,500.00 EUR")
    again = await run(salesforce, "set_opportunity_amount", wanted.model_copy(update={"rerun": True}))
    assert again.action is Action.UNCHANGED
    described = [call for call in simulators.calls("salesforce") if call.path.endswith("/describe")]
    assert len(described) == 1


async def test_org_that_does_not_tell_its_currency_gets_no_amount(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    simulators.fault("salesforce", "status", status=404, path=ORGANIZATION)
    effect = await save(salesforce, opportunity(account))
    assert "Salesforce does not tell the org's currency" in (effect.note or "")
    assert simulators.records("Opportunity")[0]["Amount"] is None


async def test_currency_of_the_settings_is_believed(simulators: Control, account: str) -> None:
    settings = Salesforce(
        instance_url=simulators.salesforce_url,
        client_id=SALESFORCE_CLIENT_ID,
        client_secret=SecretStr(SALESFORCE_CLIENT_SECRET),
        org_currency="EUR",
    )
    client = SalesforceClient(settings)
    effect = await save(client, opportunity(account, currency="EUR"))
    await client.aclose()
    assert (effect.note, simulators.records("Opportunity")[0]["Amount"]) == (None, 1200.5)
    assert not any(ORGANIZATION in call.path for call in simulators.calls("salesforce"))


async def test_opportunity_has_its_currency_where_the_org_has_several(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    simulators.salesforce(currencies=["USD", "EUR"])
    said = await fails(salesforce, "save_opportunity", opportunity(account, currency="GBP"), Rejected)
    assert "in GBP, which is no active currency of the org. Add it (Setup" in said
    assert simulators.records("Opportunity") == []
    await save(salesforce, opportunity(account, currency="EUR"))
    [made] = simulators.records("Opportunity")
    assert (made["CurrencyIsoCode"], made["Amount"]) == ("EUR", 1200.5)
    now = await run(salesforce, "read_opportunity", OpportunityQuery(key=KEY))
    assert (now.currency, now.amount) == ("EUR", Decimal("1200.50"))
    effect = await run(salesforce, "set_opportunity_amount", amount(currency="USD"))
    assert "the opportunity's is EUR" in effect.note
    effect = await run(salesforce, "set_opportunity_amount", amount(currency="EUR"))
    assert (effect.action, effect.before["Amount"], effect.after["Amount"]) == (Action.UPDATED, 1200.5, 1500)


async def test_hidden_currency_of_a_record_is_not_taken_for_the_orgs(account: str) -> None:
    features = {"features": {"multiCurrency": True, "defaultCurrencyIsoCode": None}}
    with ScriptedServer(TOKEN, Reply({"fields": []}), Reply(features)) as server:
        client = client_of(server.url)
        known = await client.currencies.known()
        await client.aclose()
    assert (known.only, known.why_unknown) == (None, "CurrencyIsoCode is hidden from our Salesforce user")


async def test_opportunity_is_read_as_it_is_now(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    assert await run(salesforce, "read_opportunity", OpportunityQuery(key=KEY)) is None
    await save(salesforce, opportunity(account))
    [made] = simulators.records("Opportunity")
    simulators.change_record("Opportunity", made["Id"], StageName="Closed Won", Amount=999.999)
    now = cast(OpportunityNow, await run(salesforce, "read_opportunity", OpportunityQuery(key=KEY)))
    assert (now.id, now.stage, now.is_closed, now.is_won) == (made["Id"], "Closed Won", True, True)
    assert (now.amount, now.currency, now.close_date) == (Decimal("1000.00"), "USD", date(2026, 12, 31))
    assert now.last_modified is not None
    assert datetime.now(UTC) - now.last_modified < timedelta(minutes=1)


async def test_exact_amount_is_set_once(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    await save(salesforce, opportunity(account))
    effect = await run(salesforce, "set_opportunity_amount", amount())
    [made] = simulators.records("Opportunity")
    assert (effect.action, made["Amount"]) == (Action.UPDATED, 1500)
    assert made["Description"] == "They grow.\n\nExact amount: 1,500.00 USD a year."
    simulators.change_record("Opportunity", made["Id"], StageName="Closed Won")
    for changes, action in (({"repeat": True}, Action.UPDATED), ({"rerun": True}, Action.UNCHANGED)):
        again = await run(salesforce, "set_opportunity_amount", amount(**changes))
        assert (again.action, again.object_id) == (action, made["Id"])


@pytest.mark.parametrize(
    ("by_people", "changes", "why"),
    [
        ({"StageName": "Closed Lost"}, {}, "It is closed (Closed Lost): its amount stays"),
        ({"Amount": 7}, {}, "Its amount was changed since we wrote it, and stays"),
        ({"Amount": None}, {}, "Its amount was changed since we wrote it"),
        ({}, {"expected_amount": None}, "Its amount was changed since we wrote it"),
        ({}, {"only_find": True}, "not made before"),
    ],
)
async def test_amount_that_is_a_persons_stays(
    simulators: Control,
    salesforce: SalesforceClient,
    account: str,
    by_people: dict[str, Any],
    changes: dict[str, Any],
    why: str,
) -> None:
    await save(salesforce, opportunity(account))
    [made] = simulators.records("Opportunity")
    before = simulators.change_record("Opportunity", made["Id"], **by_people)
    effect = await run(salesforce, "set_opportunity_amount", amount(**changes))
    assert (effect.action, effect.note[: len(why)]) == (Action.SKIPPED, why)
    assert simulators.records("Opportunity") == [before]


async def test_opportunity_that_is_gone_is_told(simulators: Control, salesforce: SalesforceClient) -> None:
    said = await fails(salesforce, "set_opportunity_amount", amount(), NotFound)
    assert "somebody deleted it" in said
    assert simulators.records("Opportunity") == []


@pytest.mark.parametrize(("kind", "object_name"), [("note", "Task"), ("chatter", "FeedItem")])
@pytest.mark.parametrize("fault", ["drop_after", "drop_before"])
async def test_note_is_there_once_whatever_happens_on_the_way(
    simulators: Control, salesforce: SalesforceClient, account: str, kind: Any, object_name: str, fault: Any
) -> None:
    written = note(account, kind=kind, day=date(2026, 11, 30))
    simulators.fault("salesforce", fault, path=f"/sobjects/{object_name}")
    await fails(salesforce, "post_note", written, OutcomeUnknown)
    effect = await run(salesforce, "post_note", written.model_copy(update={"repeat": True}))
    [made] = simulators.records(object_name)
    assert (effect.action, effect.object_id, effect.object_type) == (Action.CREATED, made["Id"], object_name)
    assert effect.link == salesforce.link(object_name, made["Id"])
    if kind == "note":
        assert (made["Subject"], made["Status"], made["IsClosed"]) == ("Onboarding", "Completed", True)
        assert (made["WhatId"], made["ActivityDate"]) == (account, "2026-11-30")
    else:
        assert made["Body"] == f"Onboarding\n\nThey begin.\nOn Monday.\n\n{mark_of(NOTE_KEY)}"
    again = await run(salesforce, "post_note", written.model_copy(update={"repeat": True, "rerun": True}))
    assert (again.action, again.object_id) == (Action.UNCHANGED, made["Id"])


async def test_long_post_is_cut_and_says_so(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    effect = await run(salesforce, "post_note", note(account, kind="chatter", body="x" * 20_000))
    [post] = simulators.records("FeedItem")
    assert len(post["Body"]) == 10_000
    assert post["Body"].endswith(mark_of(NOTE_KEY))
    assert "was cut to" in effect.note


async def test_posts_are_looked_through_as_far_as_ours_can_be(
    simulators: Control, salesforce: SalesforceClient, account: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "MOST_LOOKED_AT", 2)
    for number in range(3):
        await run(salesforce, "post_note", note(account, kind="chatter", key=f"other{number}"))
    ours = note(account, kind="chatter", repeat=True)
    said = await fails(salesforce, "post_note", ours, Rejected)
    assert "more than 2 newer posts" in said
    since = datetime.now(UTC) + timedelta(minutes=5)
    await run(salesforce, "post_note", ours.model_copy(update={"not_before": since}))
    assert len(simulators.records("FeedItem")) == 4


async def test_org_without_chatter_is_told_in_words(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    simulators.salesforce(hidden=["FeedItem"])
    for changes in ({}, {"repeat": True}):
        written = note(account, kind="chatter", **changes)
        said = await fails(salesforce, "post_note", written, Rejected)
        assert "Chatter is off in this org" in said
        assert "Setup, Chatter" in said


def query_for(simulators: Control, case: Any, **changes: Any) -> AccountQuery:
    row = simulators.customers(limit=1, case=case)[0]
    query = AccountQuery(customer_uuid=row.uuid, email=row.email, external_ids=["", row.external_id, "x'y"])
    return query.model_copy(update=changes)


async def test_account_is_found_by_id_then_by_email_then_by_a_field(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    by_id = await run(salesforce, "find_account", query_for(simulators, "account"))
    assert (by_id.found_by, by_id.why_none, by_id.owner_problem) == (
        "ChartMogul's id on the account",
        None,
        "",
    )
    assert by_id.name == simulators.customers(limit=1, case="account")[0].company
    assert by_id.owner_email
    assert by_id.contact_id
    by_email = await run(salesforce, "find_account", query_for(simulators, "contact_only"))
    assert (by_email.found_by, bool(by_email.account_id)) == ("the contact's e-mail", True)

    query = query_for(simulators, "none", field="CM_External_ID__c")
    none = cast(AccountFound, await run(salesforce, "find_account", query))
    assert none.account_id is None
    assert none.why_none == (
        "No Salesforce account carries this customer's ChartMogul id or e-mail, and none has one of its ids"
        " in CM_External_ID__c"
    )
    simulators.change_record("Account", by_id.account_id, CM_External_ID__c=query.external_ids[1])
    by_field = await run(salesforce, "find_account", query)
    assert (by_field.account_id, by_field.found_by) == (by_id.account_id, "CM_External_ID__c on the account")
    simulators.change_record("Account", by_email.account_id, CM_External_ID__c=query.external_ids[1])
    several = await run(salesforce, "find_account", query)
    assert several.why_none == "2 accounts have one of the customer's ids in CM_External_ID__c"


async def test_several_accounts_and_owners_who_have_left_are_told(
    simulators: Control, salesforce: SalesforceClient
) -> None:
    several = await run(
        salesforce, "find_account", query_for(simulators, "several", field="CM_External_ID__c")
    )
    assert (several.account_id, several.why_none) == (
        None,
        "2 contacts on 2 accounts share the customer's e-mail",
    )
    left = await run(salesforce, "find_account", query_for(simulators, "inactive_owner"))
    assert left.account_id
    assert left.owner_problem == "The account's owner Tom Verhoeven is inactive"
    wrong = query_for(simulators, "none", field="Nonsense__c")
    found = await run(salesforce, "find_account", wrong)
    assert "does not let us look up accounts by Nonsense__c" in found.why_none
    assert "no API name" in await fails(
        salesforce, "find_account", query_for(simulators, "none", field="Id FROM User"), Rejected
    )


async def test_preview_writes_nothing(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    preview = {"mode": Mode.PREVIEW}
    before = books(simulators)
    effects = [
        await save(salesforce, opportunity(account, currency="EUR", **preview)),
        await run(salesforce, "set_opportunity_amount", amount(**preview)),
        await run(salesforce, "post_note", note(account, **preview)),
        await run(salesforce, "post_note", note(account, kind="chatter", **preview)),
    ]
    made = [Action.WOULD_CREATE, Action.WOULD_UPDATE, Action.WOULD_CREATE, Action.WOULD_CREATE]
    assert [effect.action for effect in effects] == made
    assert "Amount" not in effects[0].after
    assert "Nothing is converted" in (effects[0].note or "")
    assert books(simulators) == before
    await save(salesforce, opportunity(account))
    before = books(simulators)
    effect = await run(salesforce, "set_opportunity_amount", amount(**preview))
    assert (effect.action, effect.before["Amount"], effect.after["Amount"]) == (
        Action.WOULD_UPDATE,
        1200.5,
        1500,
    )
    assert books(simulators) == before


@pytest.mark.parametrize("kind", ["note", "chatter"])
async def test_what_is_only_looked_for_is_not_made(
    simulators: Control, salesforce: SalesforceClient, account: str, kind: Any
) -> None:
    before = books(simulators)
    for name, write in (("save_opportunity", opportunity(account)), ("post_note", note(account, kind=kind))):
        effect = await run(salesforce, name, write.model_copy(update={"only_find": True}))
        assert (effect.action, effect.note) == (Action.SKIPPED, "not made before, and not needed now")
    assert books(simulators) == before


async def test_outdated_write_is_not_made(
    simulators: Control, salesforce: SalesforceClient, account: str
) -> None:
    old = {"good_until": datetime(2026, 1, 1, tzinfo=UTC)}
    writes = {"save_opportunity": opportunity(account, **old), "post_note": note(account, **old)}
    for name, write in writes.items():
        with pytest.raises(ApplicationError, match="held up for so long"):
            await run(salesforce, name, write)
    assert simulators.records("Opportunity") == simulators.records("Task") == []


async def test_without_a_connection_it_is_skipped(account: str) -> None:
    for name, write in (
        ("save_opportunity", opportunity(account)),
        ("set_opportunity_amount", amount()),
        ("post_note", note(account)),
    ):
        effect = await run(None, name, write)
        assert (effect.action, effect.note) == (Action.SKIPPED, OFF)
    assert await run(None, "read_opportunity", OpportunityQuery(key=KEY)) is None
    found = await run(None, "find_account", AccountQuery(customer_uuid="cus_1"))
    assert (found.account_id, found.why_none) == (None, OFF)


def test_a_post_and_an_undo_alone_rest_on_looking() -> None:
    definitions = [step.definition for step in steps_of(SalesforceActivities(None))]
    assert [each.name for each in definitions if each.looks_first] == [
        "salesforce.post_note",
        "salesforce.undo",
    ]


class _Options(RouteOptions):
    stage: str = "Prospecting"
    type: str | None = None

    def named(self, what: Names) -> list[str]:
        asked = {Names.SALESFORCE_STAGE: self.stage, Names.SALESFORCE_OPPORTUNITY_TYPE: self.type or ""}
        return [asked[what]] if what in asked else []


async def findings(simulators: Control, *options: RouteOptions) -> dict[str, Finding]:
    settings = Salesforce(
        instance_url=simulators.salesforce_url,
        client_id=SALESFORCE_CLIENT_ID,
        client_secret=SecretStr(SALESFORCE_CLIENT_SECRET),
    )
    route: Any = Route.model_construct
    routes = Routes.model_construct(routes=[route(options=each) for each in options])
    return {each.what: each async for each in salesforce_findings(settings, routes)}


async def test_doctor_looks_for_fields_that_routes_name(simulators: Control) -> None:
    sale = {"stage": "Prospecting", "fallback_owner": "revops@mogulflow.example"}
    good = {"account_field": "CM_External_ID__c", "owner": {"salesforce_user_field": "CSM__c"}}
    options = {"channel": "#a", "opportunity": sale | {"fields": {"Amount": 1}}, **good}
    well = await findings(simulators, ExpansionOptions.model_validate(options))
    assert {each.state for each in well.values()} == {State.OK}
    bad = {"account_field": "CM_Externl_ID__c", "owner": {"salesforce_user_field": "CMS__c"}}
    fields = {"IsWon": True, "Discription": "x"}
    options = {"channel": "#a", "opportunity": sale | {"fields": fields}, **bad}
    found = await findings(simulators, ExpansionOptions.model_validate(options))
    said = {each.what: each.detail for each in found.values() if each.state is State.WARNING}
    assert said == {
        "Account.CM_Externl_ID__c": "not there, or hidden: did you mean CM_External_ID__c?",
        "Account.CMS__c": "not there, or hidden: did you mean CSM__c?",
        "Opportunity.IsWon": "left out of each: not writable",
        "Opportunity.Discription": "left out of each: not there, or hidden: did you mean Description?",
    }
    strange = {"owner": {"salesforce_user_field": "Website"}}
    options = {"channel": "#a", "opportunity": sale, **strange}
    [unfit] = [
        each
        for each in (await findings(simulators, ExpansionOptions.model_validate(options))).values()
        if each.state is State.WARNING
    ]
    assert (unfit.what, unfit.detail) == ("Account.Website", "no look-up to User")


async def test_doctor_looks_for_stages_types_and_the_key(simulators: Control) -> None:
    key = "Opportunity.Mogulflow_Key__c"
    assert not any(what.startswith("Opportunity") for what in await findings(simulators))
    well = await findings(simulators, _Options(type="New Customer"))
    assert {each.state for each in well.values()} == {State.OK}
    assert key in well
    simulators.remove_field("Opportunity", "Mogulflow_Key__c")
    found = await findings(simulators, _Options(stage="Closed Wonn", type="Upgrade"), _Options())
    assert found[key].state is State.FAULT
    assert found[key].to_do.startswith(
        "Setup, Object Manager, Opportunity, Fields & Relationships, New: Text"
    )
    stage, kind = found["Opportunity.StageName"], found["Opportunity.Type"]
    assert (stage.state, stage.detail) == (
        State.FAULT,
        "Stage has no value Closed Wonn: did you mean Closed Won?",
    )
    assert "Fields & Relationships, Stage, Values" in stage.to_do
    assert (kind.state, kind.detail[:26]) == (State.WARNING, "Type has no value Upgrade")
