"""HubSpot: the contract, records in batches, and properties that are made ready."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from rich.console import Console

from clients.hubspot.client import HubSpotClient
from clients.hubspot.errors import BURST_WAIT, DAILY_WAIT, SEARCH_WAIT
from clients.hubspot.fields import wanted_properties
from clients.hubspot.settings import HubSpot
from clients.kit.errors import (
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.kit.rate_limiter import Rank
from commands.prepare_crm import prepare
from models.crm import CrmName
from models.effects import Action
from models.findings import State
from models.hubspot import GROUP, NewProperty, NewRow
from models.routes import Routes
from models.row_outcomes import RowOutcome
from operations.doctor.crm import crm_findings
from settings import Settings
from simulators.kit.control import Control
from simulators.kit.shapes import HUBSPOT_TOKEN, CustomerRow
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.suite import WriteContract
from tests.workflows.crm import MAPPING

KEY = "chartmogul_customer_uuid"
UUID = "cus_0123"
WANTED = wanted_properties(MAPPING.objects("hubspot")["contacts"])


def client_of(url: str, token: str = HUBSPOT_TOKEN, **options: Any) -> HubSpotClient:
    given = {name: options.pop(name) for name in ("api_version", "portal_id") if name in options}
    settings = HubSpot(token=SecretStr(token), base_url=url, requests_per_10_seconds=5000, **given)
    return HubSpotClient(settings, **options)


class TestHubSpotContract(WriteContract):
    system = "hubspot"
    read_path = "/batch/read"
    write_path = "/batch/upsert"
    default_wait = BURST_WAIT
    answer = {"status": "COMPLETE", "results": [], "brandNew": {"deep": [1]}}
    wrong_answer = {"status": "COMPLETE", "results": "none"}

    def connect(self, control: Control, **options: Any) -> HubSpotClient:
        url = f"{options.pop('url', control.url)}/hubspot"
        return client_of(url, options.pop("credential", HUBSPOT_TOKEN), **options)

    async def read(self, client: HubSpotClient) -> object:
        return await client.read("contacts", "email", ["nobody@acme.example"], ["firstname"])

    async def read_nothing(self, client: HubSpotClient) -> object:
        return await self.read(client)

    async def read_pages(self, control: Control) -> tuple[int, int]:
        client = self.connect(control, page_size=15)
        domains = [company["domain"] for company in control.hubspot_records("companies", all=True)]
        asked = sorted(set(domains))[:100]
        found = await client.find("companies", "domain", asked, ["name"])
        await client.aclose()
        assert len(control.calls("hubspot")) > 3
        ids = {record.id for records in found.values() for record in records}
        return sum(domain in asked for domain in domains), len(ids)

    async def warm_up(self, client: HubSpotClient) -> None:
        await client.prepare("contacts", WANTED[:1], dry_run=False)

    async def write(self, client: HubSpotClient, text: str = "Hello") -> object:
        [outcome] = await client.upsert("contacts", KEY, [NewRow(key=UUID, properties={"firstname": text})])
        assert outcome.problem is None
        return outcome

    async def write_again(self, client: HubSpotClient) -> object:
        return await self.write(client)

    async def write_nonsense(self, client: HubSpotClient) -> object:
        row = NewRow(key=UUID, properties={"firstname": "Hello", "nonsense": "1"})
        return await client.upsert("contacts", KEY, [row, NewRow(key="cus_2", properties=row.properties)])

    def written(self, control: Control) -> list[str]:
        return [contact["firstname"] for contact in control.hubspot_records("contacts")]


@pytest.fixture
async def hubspot(simulators: Control) -> AsyncIterator[HubSpotClient]:
    """A portal that has our properties."""
    client = client_of(simulators.hubspot_url)
    for object_type in ("contacts", "companies"):
        await client.prepare(object_type, WANTED, dry_run=False)
    yield client
    await client.aclose()


def rows(*keys: str, **properties: str | None) -> list[NewRow]:
    return [NewRow(key=key, properties=properties) for key in keys]


def domain_of(row: CustomerRow) -> str:
    return row.email.partition("@")[2]


def problems(outcomes: list[RowOutcome]) -> dict[str, str]:
    return {each.key: each.problem.reason for each in outcomes if each.problem}


async def test_contact_is_read_by_any_of_its_addresses(simulators: Control, hubspot: HubSpotClient) -> None:
    [plain] = simulators.hubspot_customers("contact_and_company", limit=1)
    [other] = simulators.hubspot_customers("secondary_email", limit=1)
    [missing] = simulators.hubspot_customers("missing", limit=1)
    loud = f" {plain.email.upper()}"
    found = await hubspot.read("contacts", "email", [loud, other.email, missing.email, " "], ["lastname"])
    assert list(found) == [loud, other.email]
    assert found[loud].properties["email"] == plain.email
    assert found[other.email].properties["email"] == f"accounts@{domain_of(other)}"
    by_id = await hubspot.read("contacts", "hs_object_id", [found[loud].id], ["lastname"])
    assert by_id[found[loud].id].properties["lastname"] == found[loud].properties["lastname"]


async def test_read_of_nothing_asks_nothing_and_of_too_much_neither(
    simulators: Control, hubspot: HubSpotClient
) -> None:
    before = len(simulators.calls("hubspot"))
    assert await hubspot.read("contacts", "email", ["", " "], []) == {}
    assert await hubspot.find("companies", "domain", [], []) == {}
    assert await hubspot.associations("contacts", "companies", []) == {}
    assert await hubspot.update("contacts", []) == []
    with pytest.raises(Rejected, match="101 at once"):
        await hubspot.read("contacts", "email", [f"{n}@acme.example" for n in range(101)], [])
    assert len(simulators.calls("hubspot")) == before


async def test_failed_read_does_not_pass_for_one_that_found_nothing() -> None:
    answer = {"results": [], "errors": [{"category": "SOMETHING_ELSE", "message": "ann@acme.example"}]}
    with ScriptedServer(Reply(answer, 207)) as server:
        client = client_of(server.url)
        with pytest.raises(Rejected, match="SOMETHING_ELSE") as caught:
            await client.read("contacts", "email", ["ann@acme.example"], [])
        assert "ann" not in str(caught.value)
        await client.aclose()


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "[" * 100_000])
async def test_number_that_is_none_is_no_answer(number: str) -> None:
    """It would be compared with a figure, or written in the place of one."""
    rows = f'{{"status": "COMPLETE", "results": [{{"id": "1", "properties": {{"mrr": {number}}}}}]}}'
    with ScriptedServer(Reply(rows)) as server:
        client = client_of(server.url)
        with pytest.raises(Unavailable, match="JSON"):
            await client.read("companies", KEY, [UUID], ["mrr"])
        await client.aclose()


async def test_companies_are_found_by_domain(simulators: Control, hubspot: HubSpotClient) -> None:
    [two] = simulators.hubspot_customers("two_companies", limit=1)
    [one] = simulators.hubspot_customers("company_only", limit=1)
    [none] = simulators.hubspot_customers("contact_only", limit=1)
    loud = domain_of(two).upper()
    found = await hubspot.find("companies", "domain", [loud, domain_of(one), domain_of(none)], ["name"])
    assert {value: len(records) for value, records in found.items()} == {loud: 2, domain_of(one): 1}
    assert {record.properties["name"] for record in found[loud]} == {two.company, f"{two.company} (old)"}


async def test_every_page_of_a_search_is_read(simulators: Control, hubspot: HubSpotClient) -> None:
    for number in range(5):
        simulators.add_hubspot_record("companies", name=f"Acme {number}", domain="acme.example")
    client = client_of(simulators.hubspot_url, page_size=1)
    found = await client.find("companies", "domain", ["acme.example"], ["name"])
    await client.aclose()
    assert len({record.id for record in found["acme.example"]}) == 5
    assert [call.path.endswith("/search") for call in simulators.calls("hubspot")[-3:]] == [True] * 3


async def test_record_is_made_once_and_then_changed(simulators: Control, hubspot: HubSpotClient) -> None:
    [first] = await hubspot.upsert("companies", KEY, rows(UUID, name="Acme", chartmogul_mrr="12.50"))
    [second] = await hubspot.upsert("companies", KEY, rows(UUID, chartmogul_mrr=None))
    assert (first.action, second.action) == (Action.CREATED, Action.UPDATED)
    found = await hubspot.read("companies", KEY, [UUID], ["name", "chartmogul_mrr"])
    assert found[UUID].id == first.id == second.id
    assert found[UUID].properties["name"] == "Acme"
    assert found[UUID].properties["chartmogul_mrr"] is None
    assert len(simulators.hubspot_records("companies")) == 1


async def test_simultaneous_saves_make_one_record(simulators: Control, hubspot: HubSpotClient) -> None:
    saved = await asyncio.gather(*(hubspot.upsert("companies", KEY, rows(UUID, name="A")) for _ in range(12)))
    assert len({outcome.id for [outcome] in saved}) == len(simulators.hubspot_records("companies")) == 1


@pytest.mark.parametrize("key", ["email", "hs_object_id"])
async def test_key_that_is_no_safe_one_is_refused(hubspot: HubSpotClient, key: str) -> None:
    with pytest.raises(Rejected, match="unique values of our own"):
        await hubspot.upsert("contacts", key, rows("ann@acme.example", firstname="Ann"))


@pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
@pytest.mark.parametrize("per_row", [True, False])
async def test_wrong_rows_do_not_keep_others_back(
    simulators: Control, hubspot: HubSpotClient, version: str, per_row: bool
) -> None:
    """Whether HubSpot tells the rows apart itself, or refuses the whole batch for one of them."""
    simulators.hubspot(per_row=per_row)
    [taken] = simulators.hubspot_customers("contact_and_company", limit=1)
    good = [NewRow(key=f"cus_{n}", properties={"firstname": f"F{n}"}) for n in range(10)]
    bad = rows("cus_bad", firstname="B", chartmogul_mrr="1,000")
    conflict = rows("cus_taken", email=taken.email)
    client = client_of(simulators.hubspot_url, api_version=version)
    outcomes = await client.upsert("contacts", KEY, [*good[:7], *bad, *conflict, *good[7:]])
    await client.aclose()
    assert problems(outcomes) == {"cus_bad": "invalid", "cus_taken": "conflict"}
    assert [outcome.key for outcome in outcomes][6:10] == ["cus_6", "cus_bad", "cus_taken", "cus_7"]
    by_key = {outcome.key: outcome for outcome in outcomes}
    assert by_key["cus_bad"].problem is not None
    assert "chartmogul_mrr" in by_key["cus_bad"].problem.text
    assert "1,000" not in by_key["cus_bad"].problem.text
    [existing] = (await hubspot.read("contacts", "email", [taken.email], [])).values()
    assert by_key["cus_taken"].problem is not None
    assert f"record {existing.id} has the value" in by_key["cus_taken"].problem.text
    written = {record[KEY]: record for record in simulators.hubspot_records("contacts")}
    assert {key: written[key]["id"] for key in written} == {row.key: by_key[row.key].id for row in good}
    assert all(written[row.key]["firstname"] == row.properties["firstname"] for row in good)


@pytest.mark.parametrize(
    ("key", "values", "told"),
    [
        ("phone", {"firstname": "Ann"}, "by non-unique 0-1 property phone"),
        (KEY, {"firstname": "Ann", "nonsense": "1"}, "PROPERTY_DOESNT_EXIST in nonsense"),
        (KEY, {"createdate": "2026-01-01"}, "READ_ONLY_VALUE in createdate"),
    ],
)
async def test_what_is_wrong_with_every_row_is_asked_once(
    simulators: Control, hubspot: HubSpotClient, key: str, values: dict[str, str | None], told: str
) -> None:
    simulators.hubspot(per_row=False)
    before = len(simulators.calls("hubspot"))
    with pytest.raises(Rejected, match=told):
        await hubspot.upsert("contacts", key, rows(*(f"cus_{n}" for n in range(100)), **values))
    assert len(simulators.calls("hubspot")) == before + 1


async def test_rows_are_known_by_their_key_where_answers_have_no_traces() -> None:
    results = [{"id": str(n), "new": n == 1, "properties": {KEY: f"cus_{n}"}} for n in (2, 1)]
    errors = [{"category": "VALIDATION_ERROR", "context": {"ids": ["cus_3"]}}]
    with ScriptedServer(Reply({"results": results, "errors": errors}, 207)) as server:
        client = client_of(server.url)
        outcomes = await client.upsert("contacts", KEY, rows("cus_1", "cus_2", "cus_3", firstname="Ann"))
        await client.aclose()
    assert [outcome.id for outcome in outcomes] == ["1", "2", None]
    assert [outcome.action for outcome in outcomes] == [Action.CREATED, Action.UPDATED, None]
    assert problems(outcomes) == {"cus_3": "invalid"}


async def test_unique_value_of_another_record_is_named(hubspot: HubSpotClient) -> None:
    [first] = await hubspot.upsert("companies", KEY, rows(UUID, name="Acme"))
    [second] = await hubspot.upsert("companies", KEY, rows("cus_2", name="Other"))
    assert second.id is not None
    [outcome] = await hubspot.update("companies", [NewRow(key=second.id, properties={KEY: UUID})])
    assert outcome.problem is not None
    assert outcome.problem.reason == "conflict"
    assert f"record {first.id} has the value" in outcome.problem.text


async def test_second_row_with_the_same_key_is_left_out(simulators: Control, hubspot: HubSpotClient) -> None:
    same = [*rows(UUID, name="First"), *rows("cus_2", name="Other"), *rows(UUID, name="Second")]
    outcomes = await hubspot.upsert("companies", KEY, same)
    assert [outcome.problem and outcome.problem.reason for outcome in outcomes] == [None, None, "conflict"]
    assert {record["name"] for record in simulators.hubspot_records("companies")} == {"First", "Other"}


async def test_update_never_makes_a_record_anew(simulators: Control, hubspot: HubSpotClient) -> None:
    made = await hubspot.upsert("companies", KEY, rows("cus_1", "cus_2", name="Acme"))
    ids = [str(outcome.id) for outcome in made]
    simulators.delete_hubspot_record("companies", ids[0])
    outcomes = await hubspot.update("companies", rows(*ids, name="Changed"))
    assert problems(outcomes) == {ids[0]: "not found"}
    assert outcomes[1].action is Action.UPDATED
    assert [record["name"] for record in simulators.hubspot_records("companies")] == ["Changed"]


async def test_row_that_is_left_out_of_the_answer_is_not_taken_for_written() -> None:
    """As HubSpot does for a record that was merged away."""
    answer = {"status": "COMPLETE", "results": [{"id": "2", "properties": {}}]}
    with ScriptedServer(Reply(answer)) as server:
        client = client_of(server.url)
        outcomes = await client.update("contacts", rows("1", "2", firstname="A"))
        await client.aclose()
    assert problems(outcomes) == {"1": "unanswered"}


async def test_associations_tell_the_primary_one(simulators: Control, hubspot: HubSpotClient) -> None:
    [row] = simulators.hubspot_customers("contact_and_company", limit=1)
    [contact] = (await hubspot.read("contacts", "email", [row.email], [])).values()
    [[company]] = (await hubspot.find("companies", "domain", [domain_of(row)], [])).values()
    [made] = await hubspot.upsert("companies", KEY, rows(UUID, name="Holding"))
    simulators.associate_hubspot_records(contact.id, str(made.id))
    found = await hubspot.associations("contacts", "companies", [contact.id, "404"])
    assert [(each.id, each.primary) for each in found[contact.id]] == [(company.id, True), (made.id, False)]
    back = await hubspot.associations("companies", "contacts", [str(made.id), company.id])
    assert [[each.id for each in others] for others in back.values()] == [[contact.id]] * 2
    assert list(found) == [contact.id]


async def test_associations_go_on_over_several_answers() -> None:
    first = {"from": {"id": "1"}, "to": [{"toObjectId": 7}], "paging": {"next": {"after": "7"}}}
    second = {"from": {"id": "1"}, "to": [{"toObjectId": 8}]}
    with ScriptedServer(Reply({"results": [first]}), Reply({"results": [second]})) as server:
        client = client_of(server.url)
        found = await client.associations("companies", "contacts", ["1"])
        await client.aclose()
        assert '"after": "7"' in server.seen[1].body
    assert [each.id for each in found["1"]] == ["7", "8"]


async def test_dry_run_says_what_is_missing_and_makes_nothing(simulators: Control) -> None:
    client = client_of(simulators.hubspot_url)
    before = await client.properties("contacts")
    plan = await client.prepare("contacts", WANTED, dry_run=True)
    assert await client.properties("contacts") == before
    await client.aclose()
    assert {step.action for step in plan} == {Action.WOULD_CREATE}
    assert [step.kind for step in plan] == ["group", *["property"] * len(WANTED)]
    assert {call.method for call in simulators.calls("hubspot")} == {"GET"}


async def test_properties_are_made_once_with_their_group(simulators: Control) -> None:
    client = client_of(simulators.hubspot_url)
    first = await client.prepare("companies", WANTED, dry_run=False)
    made = {each.name: each for each in await client.properties("companies")}
    writes = len(simulators.calls("hubspot"))
    second = await client.prepare("companies", WANTED, dry_run=False)
    await client.aclose()
    assert {step.action for step in first} == {Action.CREATED}
    assert {step.action for step in second} == {Action.UNCHANGED}
    assert {call.method for call in simulators.calls("hubspot")[writes:]} == {"GET"}
    assert [made[each.name].type for each in WANTED] == [each.type for each in WANTED]
    assert {made[each.name].group for each in WANTED} == {GROUP.name}
    assert [each.name for each in made.values() if each.unique and each.name.startswith("chart")] == [KEY]


async def test_property_of_another_shape_is_told_and_left_alone(simulators: Control) -> None:
    client = client_of(simulators.hubspot_url)
    old = NewProperty(name="chartmogul_mrr", label="MRR", type="string", field_type="text")
    not_unique = NewProperty(name=KEY, label="UUID", type="string", field_type="text")
    await client.prepare("contacts", [old, not_unique], dry_run=False)
    steps = {step.name: step for step in await client.prepare("contacts", WANTED, dry_run=False)}
    await client.aclose()
    told = [steps["chartmogul_mrr"], steps[KEY]]
    assert {step.action for step in told} == {Action.SKIPPED}
    assert ["of type string" in str(told[0].problem), "unique values" in str(told[1].problem)] == [True, True]
    assert steps["chartmogul_arr"].action is Action.CREATED


async def test_property_that_another_has_just_made_is_compared(simulators: Control) -> None:
    client = client_of(simulators.hubspot_url)
    [mrr] = [each for each in WANTED if each.name == "chartmogul_mrr"]
    await client.prepare("contacts", [], dry_run=False)
    simulators.fault("hubspot", "status", status=409, method="POST", path="/properties/.*/contacts$")
    group, step = await client.prepare("contacts", [mrr], dry_run=False)
    await client.aclose()
    assert group.action is Action.UNCHANGED
    assert step.action is Action.SKIPPED
    assert step.problem is not None
    assert "archived" in step.problem


async def test_preparing_goes_on_after_a_lost_answer(simulators: Control) -> None:
    client = client_of(simulators.hubspot_url)
    simulators.fault("hubspot", "drop_after", method="POST", skip=2)
    with pytest.raises(OutcomeUnknown, match="create property"):
        await client.prepare("contacts", WANTED, dry_run=False)
    steps = await client.prepare("contacts", WANTED, dry_run=False)
    await client.aclose()
    assert [step.action for step in steps[:4]] == [Action.UNCHANGED] * 3 + [Action.CREATED]
    assert all(step.problem is None for step in steps)


async def test_paths_have_dates_unless_told_otherwise(simulators: Control) -> None:
    for version, paths in {
        "2026-09": ["/crm/properties/2026-09/contacts", "/crm/objects/2026-09/contacts/batch/read",
                    "/crm/associations/2026-09/contacts/companies/batch/read"],
        "v3": ["/crm/v3/properties/contacts", "/crm/v3/objects/contacts/batch/read",
               "/crm/v4/associations/contacts/companies/batch/read"],
    }.items():  # fmt: skip
        client = client_of(simulators.hubspot_url, api_version=version)
        await client.properties("contacts")
        await client.read("contacts", "email", ["a@acme.example"], [])
        await client.associations("contacts", "companies", ["1"])
        await client.aclose()
        assert [call.path for call in simulators.calls("hubspot")[-3:]] == paths


async def test_live_calls_go_before_bulk_that_waits(simulators: Control) -> None:
    settings = HubSpot(
        token=SecretStr(HUBSPOT_TOKEN), base_url=simulators.hubspot_url, requests_per_10_seconds=100
    )
    client = HubSpotClient(settings)
    live = client.ranked(Rank.LIVE)
    bulk = [client.read("companies", "hs_object_id", ["1"], []) for _ in range(8)]
    await asyncio.gather(*bulk, live.read("contacts", "hs_object_id", ["1"], []))
    await client.aclose()
    paths = [call.path for call in simulators.calls("hubspot")]
    first = 3  # calls that may go at once, which may overtake each other
    assert any("contacts" in path for path in paths[:first]), paths


STANDARD = """\
hubspot:
  contacts:
    key: chartmogul_customer_uuid
    fields:
      mrr: chartmogul_mrr
      name: lastname
      company: {to: website, owner: crm}
salesforce:
  Account:
    key: CM_Customer_UUID__c
    fields: {mrr: CM_MRR__c, name: Name}
"""
"""Two fields of each that people fill; of one a person's value stays."""

OVERWRITTEN = "own {} are written, and people's values in them overwritten: {}"


@pytest.mark.parametrize(
    ("system", "dry_run", "warning"),
    [
        ("hubspot", True, f"warning contacts: HubSpot's {OVERWRITTEN.format('properties', 'lastname')}"),
        ("hubspot", False, f"warning contacts: HubSpot's {OVERWRITTEN.format('properties', 'lastname')}"),
        ("salesforce", False, f"warning Account: Salesforce's {OVERWRITTEN.format('fields', 'Name')}"),
    ],
)
async def test_prepare_warns_of_standard_fields_as_doctor_does(
    simulators: Control, settings: Settings, tmp_path: Path, system: CrmName, dry_run: bool, warning: str
) -> None:
    file = tmp_path / "crm.yaml"
    file.write_text(STANDARD)
    chosen = settings.model_copy(update={"crm_file": file})
    console = Console(file=StringIO(), width=200)
    assert await prepare(chosen, system, dry_run, console)
    said = console.file.getvalue()  # type: ignore[attr-defined]
    assert [line for line in said.splitlines() if "warning" in line] == [warning]
    notes = [
        each.detail async for each in crm_findings(chosen, Routes(routes=[])) if each.state is State.WARNING
    ]
    assert warning.removeprefix("warning ") in notes


async def test_link_leads_to_the_record() -> None:
    client = client_of("http://127.0.0.1:9", portal_id=42)
    assert client.link("companies", "7") == "https://app.hubspot.com/contacts/42/record/0-2/7"
    assert client_of("http://127.0.0.1:9").link("companies", "7") is None
    await client.aclose()


def refusal(category: str, message: str = "", **more: Any) -> dict[str, Any]:
    return {"status": "error", "category": category, "message": message, "correlationId": "c-1"} | more


SCOPES = [{"context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}]
INVALID = (
    'Property values were not valid: [{"message":"Acme Ltd","error":"INVALID_DATE","name":"churned_on"}]'
)


@pytest.mark.parametrize(
    ("status", "body", "kind", "told", "wait"),
    [
        (429, refusal("RATE_LIMITS", policyName="DAILY"), RateLimited, "RATE_LIMITS", DAILY_WAIT),
        (429, refusal("RATE_LIMITS", policyName="SECONDLY"), RateLimited, "too many", SEARCH_WAIT),
        (429, refusal("RATE_LIMITS", policyName="TEN_SECONDLY_ROLLING"), RateLimited, "too many", BURST_WAIT),
        (429, refusal("", "You have reached your secondly limit."), RateLimited, "many", SEARCH_WAIT),
        (429, "<html>", RateLimited, "too many", BURST_WAIT),
        (423, refusal("LOCKED"), Unavailable, "locked", timedelta(seconds=2)),
        (477, refusal("MIGRATION"), Unavailable, "moving", None),
        (502, "<html>", OutcomeUnknown, "502", None),
        (524, "", OutcomeUnknown, "524", None),
        (502, refusal("INTERNAL_ERROR"), OutcomeUnknown, "502", None),
        (522, "", OutcomeUnknown, "call its support where this goes on", None),
        (400, refusal("INTERNAL_ERROR"), OutcomeUnknown, "INTERNAL_ERROR", None),
        (403, "<html>Forbidden</html>", OutcomeUnknown, "maintenance, or a proxy", None),
        (404, "<html>", OutcomeUnknown, "maintenance, or a proxy", None),
        (401, "", OutcomeUnknown, "maintenance, or a proxy", None),
        (423, "<html>", Unavailable, "locked", timedelta(seconds=2)),
        (403, refusal("RATE_LIMITS", policyName="DAILY"), RateLimited, "RATE_LIMITS", DAILY_WAIT),
        (401, refusal("INVALID_AUTHENTICATION", "no"), Unauthorized, "no", None),
        (403, refusal("MISSING_SCOPES", "no", errors=SCOPES), Unauthorized, "objects.contacts.write", None),
        (404, refusal("OBJECT_NOT_FOUND"), NotFound, "OBJECT_NOT_FOUND", None),
        (400, refusal("OTHER", "Acme Ltd"), Rejected, r"OTHER \[c-1\] \(HTTP 400\)", None),
        (400, [], OutcomeUnknown, r"\(HTTP 400\)", None),
        (302, "", Unavailable, r"\(HTTP 302\)", None),
    ],
)  # fmt: skip
async def test_errors_have_their_kind(
    status: int, body: Any, kind: type[IntegrationError], told: str, wait: timedelta | None
) -> None:
    with ScriptedServer(Reply(body, status)) as server:
        client = client_of(server.url)
        with pytest.raises(IntegrationError, match=told) as caught:
            await client.upsert("contacts", KEY, rows("cus_1", "cus_2", firstname="Ann"))
        await client.aclose()
        assert len(server.seen) == 1
    assert type(caught.value) is kind
    assert getattr(caught.value, "retry_after", None) == wait
    assert "Acme" not in str(caught.value)


async def test_what_a_row_holds_is_not_told() -> None:
    with ScriptedServer(Reply(refusal("VALIDATION_ERROR", INVALID), 400)) as server:
        client = client_of(server.url)
        outcomes = await client.upsert("contacts", KEY, rows("cus_1", firstname="Ann"))
        await client.aclose()
    [problem] = [outcome.problem for outcome in outcomes]
    assert problem is not None
    assert problem.text == "VALIDATION_ERROR INVALID_DATE in churned_on [c-1]"
