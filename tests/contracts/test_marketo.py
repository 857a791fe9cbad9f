"""Marketo: the contract, leads that stay one, and places in which each is put once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.marketo.steps import MarketoActivities
from clients.kit.errors import (
    Ambiguous,
    NotFound,
    OutcomeUnknown,
    Permanent,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.marketo.client import MarketoClient
from clients.marketo.doctor import marketo_findings
from clients.marketo.fields import FieldSpec, fitted, same
from clients.marketo.leads import unusable, writable
from clients.marketo.settings import Marketo
from models.crm import FieldMapping
from models.crm_facts import CustomerFacts
from models.effects import Action, Effect, Mode
from models.findings import Finding, State
from models.marketo import Enrolment, LeadWrite, Value
from models.routes import Routes
from models.templates.template import Names
from simulators.kit.control import NO_CERTIFICATES, Control
from tests.contracts.suite import WriteContract

ANN = "ann@acme.example"
LEADS = r"^/api/rest/v1/leads\.json$"
"""Of look-ups, too."""
KEY = "0123456789abcdef01234567:enrol"


def settings_of(url: str, **changes: Any) -> Marketo:
    given = {
        "base_url": f"{url}/marketo/api",
        "client_id": "mkto-demo-client",
        "client_secret": SecretStr("mkto-demo-secret"),
        "app_url": f"{url}/marketo",
        "settle_seconds": 0,
        "calls_per_20_seconds": 1_000_000,
    }
    return Marketo.model_validate(given | changes)


class TestMarketoContract(WriteContract):
    system = "marketo"
    read_path = LEADS
    write_path = LEADS
    answer = {"success": True, "requestId": "1#a", "result": [{"id": 1, "brand_new": 1}], "brand_new": {}}
    wrong_answer = {"success": True, "requestId": "1#a", "result": "none"}
    default_wait = timedelta(seconds=20)

    def connect(self, control: Control, **options: Any) -> MarketoClient:
        secret = SecretStr(options.pop("credential", "mkto-demo-secret"))
        settings = settings_of(options.pop("url", control.url), client_secret=secret)
        return MarketoClient(settings, **options)

    async def read(self, client: MarketoClient) -> object:
        return await client.leads.find(ANN)

    async def read_nothing(self, client: MarketoClient) -> object:
        return await client.leads.find("nobody@acme.example")

    async def read_pages(self, control: Control) -> tuple[int, int]:
        for number in range(4):
            control.ask("POST", "marketo/lists", query={"name": f"List {number}"})
        client = self.connect(control, page_size=2)
        read = [name async for name in client.assets.names("list")]
        await client.aclose()
        return len(books(control)["lists"]), len(set(read))

    async def write(self, client: MarketoClient, text: str = "Hello") -> object:
        return await client.leads.create(ANN, {"firstName": text})

    async def write_again(self, client: MarketoClient) -> object:
        return await client.leads.find(ANN) or await self.write(client)

    async def write_nonsense(self, client: MarketoClient) -> object:
        return await client.leads.create(ANN, {"nonsense": 1})

    def written(self, control: Control) -> list[str]:
        return [lead["firstName"] for lead in books(control)["leads"]]

    async def test_expired_credential(self, simulators: Control, client: MarketoClient) -> None:
        """It is renewed, and the call made again once: refused for its token it did nothing."""
        simulators.fault("marketo", "expired_token", path=LEADS)
        await self.read(client)
        paths = [call.path for call in simulators.calls("marketo")][-3:]
        assert paths == ["/api/rest/v1/leads.json", "/api/identity/oauth/token", "/api/rest/v1/leads.json"]


def books(simulators: Control) -> dict[str, Any]:
    """All that was written in Marketo."""
    found: dict[str, Any] = simulators.ask("GET", "marketo/books")
    return found


def failure(code: str, message: str = "no") -> dict[str, Any]:
    return {"requestId": "1#a", "success": False, "errors": [{"code": code, "message": message}]}


def skip(code: str, message: str) -> dict[str, Any]:
    row = {"status": "skipped", "reasons": [{"code": code, "message": message}]}
    return {"requestId": "1#a", "success": True, "result": [row]}


@pytest.fixture
async def another(simulators: Control) -> AsyncIterator[Callable[..., MarketoClient]]:
    """Makes a client whose settings have these changes."""
    made: list[MarketoClient] = []

    def make(**changes: Any) -> MarketoClient:
        made.append(MarketoClient(settings_of(simulators.url, **changes)))
        return made[-1]

    yield make
    for client in made:
        await client.aclose()


@pytest.fixture
def marketo(another: Callable[..., MarketoClient]) -> MarketoClient:
    return another()


async def run(client: MarketoClient | None, step: str, write: LeadWrite | Enrolment) -> Effect:
    """As a worker runs it."""
    effect = await ActivityEnvironment().run(cast(Any, getattr(MarketoActivities(client), step)), write)
    assert isinstance(effect, Effect)
    return effect


async def upsert(client: MarketoClient | None, email: str = ANN, **changes: Any) -> Effect:
    write = LeadWrite(key="k:lead", email=email, fields={"cmPlan": "Team", "cmMrr": 49})
    return await run(client, "upsert_lead", write.model_copy(update=changes))


async def enrol(client: MarketoClient | None, way: str, target: str, **changes: Any) -> Effect:
    write = Enrolment.model_validate({"key": KEY, "email": ANN, "way": way, "target": target} | changes)
    return await run(client, "request_campaign" if way == "campaign" else "enrol", write)


EVENT = ("custom_object", "subscriptionEvent_c")
LIST = ("static_list", "Churned customers")
PROGRAM = ("program_status", "Win-back")
CAMPAIGN = ("campaign", "Send win-back mail")


def add_ann(simulators: Control, **values: Any) -> str:
    return str(simulators.ask("POST", "marketo/leads", {"email": ANN, **values})["id"])


# -- leads


async def test_lead_is_made_and_changed_and_says_what_was_left_out(
    simulators: Control, marketo: MarketoClient
) -> None:
    fields: dict[str, Value] = {
        "cmPlan": "x" * 50, "cmMrr": "12.5", "nope": 1, "cmSeats": "many", "company": "Acme", "id": 7,
        "cmLastMovementAt": "2026-01-01T10:00:00",
    }  # fmt: skip
    made = await upsert(marketo, fields=fields)
    [lead] = books(simulators)["leads"]
    assert (made.action, made.object_id) == (Action.CREATED, str(lead["id"]))
    assert made.link == f"{simulators.url}/marketo/leadDatabase/loadLeadDetail?leadId={lead['id']}"
    assert (lead["cmMrr"], lead["email"], len(lead["cmPlan"])) == (12.5, ANN, 40)
    assert made.before is None
    for said in ("cmPlan was cut to 40", "nope was left out", "cmSeats was left out", "company was left out"):
        assert said in (made.note or "")
    same_again = await upsert(marketo, fields=fields)
    assert same_again.action is Action.UNCHANGED
    changed = await upsert(marketo, fields={"cmMrr": 13, "cmLastMovementAt": "2026-01-01T11:00:00+01:00"})
    assert changed.action is Action.UPDATED
    assert (changed.before or {})["cmMrr"] == 12.5
    assert books(simulators)["leads"][0]["cmMrr"] == 13


async def test_seeded_customer_is_found_and_keeps_what_is_not_ours(
    simulators: Control, marketo: MarketoClient
) -> None:
    customer = simulators.customers(limit=1)[0]
    effect = await upsert(marketo, customer.email.upper())
    assert effect.action is Action.UPDATED
    assert effect.before == {"cmPlan": None, "cmMrr": None}
    [lead] = books(simulators)["leads"]
    assert lead["company"] == customer.company


async def test_done_and_then_the_line_dropped_is_one_lead(
    simulators: Control, marketo: MarketoClient
) -> None:
    simulators.fault("marketo", "drop_after", path=LEADS, skip=1)
    with pytest.raises(ApplicationError) as caught:
        await upsert(marketo)
    assert caught.value.type == "OutcomeUnknown"
    effect = await upsert(marketo, repeat=True)
    assert effect.action is Action.UPDATED  # by an earlier try
    assert len(books(simulators)["leads"]) == 1


async def test_upserts_of_one_address_at_once_are_one_lead(
    simulators: Control, marketo: MarketoClient
) -> None:
    """Marketo itself makes two of them."""
    simulators.ask("PUT", "marketo", {"write_seconds": 0.05})
    both = [marketo.leads.create("bob@acme.example", {}) for _ in range(2)]
    assert len(set(await asyncio.gather(*both))) == 2
    effects = await asyncio.gather(upsert(marketo), upsert(marketo, ANN.upper()), upsert(marketo))
    assert sorted(effect.action for effect in effects) == ["created", "unchanged", "unchanged"]
    assert len(simulators.ask("GET", "marketo/leads", query={"email": ANN})) == 1
    assert len(marketo.leads._locks) == 0


async def test_lead_that_appears_meanwhile_is_updated(simulators: Control, marketo: MarketoClient) -> None:
    lead = add_ann(simulators)
    simulators.fault("marketo", "status", status=200, body={"success": True, "result": []}, path=LEADS)
    effect = await upsert(marketo)
    assert (effect.action, effect.object_id) == (Action.UPDATED, lead)


async def test_several_leads_of_one_address(
    simulators: Control, marketo: MarketoClient, another: Callable[..., MarketoClient]
) -> None:
    first, second = add_ann(simulators), add_ann(simulators)
    with pytest.raises(
        ApplicationError, match=f"2 leads have this address: {first}, {second}. Merge"
    ) as caught:
        await upsert(marketo)
    assert caught.value.type == "Ambiguous"
    assert ANN not in str(caught.value)
    taking_one = another(duplicates="oldest")
    effect = await upsert(taking_one)
    assert effect.object_id == first
    assert "2 leads have this address" in (effect.note or "")


async def test_addresses_that_marketo_does_not_take(simulators: Control, marketo: MarketoClient) -> None:
    for email in ("zoë@acme.example", "", "@acme.example", '"a,b"@acme.example', "a b@acme.example"):
        effect = await upsert(marketo, email)
        assert (effect.action, bool(effect.note)) == (Action.SKIPPED, True)
    assert books(simulators)["leads"] == []
    made = await upsert(marketo, "ann@müller.example")
    again = await upsert(marketo, "ann@müller.example")
    [lead] = books(simulators)["leads"]
    assert lead["email"] == "ann@xn--mller-kva.example"
    assert (made.object_id, again.action) == (again.object_id, Action.UNCHANGED)
    assert unusable("a" * 250 + "@acme.example")
    assert unusable("a\ud800@acme.example")
    assert writable("ann@" + "ü" * 80 + ".example") is None


async def test_no_address_is_in_an_address(simulators: Control, marketo: MarketoClient) -> None:
    await upsert(marketo)
    await upsert(marketo, fields={"cmMrr": 1})
    assert [call.query for call in simulators.calls("marketo") if "ann" in call.query] == []


async def test_lead_partitions(simulators: Control, another: Callable[..., MarketoClient]) -> None:
    theirs = another(partition="EMEA")
    await upsert(theirs)
    assert books(simulators)["leads"][0]["leadPartitionId"] == 2
    assert (await upsert(theirs)).action is Action.UNCHANGED
    ours = another(partition="Default")
    with pytest.raises(ApplicationError, match="in a lead partition that the API-Only user does not see"):
        await upsert(ours)
    wrong = another(partition="EMAE")
    with pytest.raises(ApplicationError, match="did you mean EMEA"):
        await upsert(wrong)


async def test_native_sync_keeps_its_fields(
    simulators: Control, marketo: MarketoClient, another: Callable[..., MarketoClient]
) -> None:
    simulators.ask("PUT", "marketo", {"native_sync": True})
    fields = {"firstName": "Ann", "industry": "Food", "cmMrr": 1}
    effect = await upsert(marketo, fields=fields)
    assert effect.after == {"email": ANN, "cmMrr": 1}
    daring = another(company_fields=True)
    effect = await upsert(daring, fields=fields)
    assert effect.after == {"firstName": "Ann", "industry": None, "cmMrr": 1}
    assert "industry was left out: Marketo refuses it (company fields" in (effect.note or "")


async def test_value_that_only_marketo_refuses_is_left_out(
    simulators: Control, marketo: MarketoClient
) -> None:
    said = skip("1001", "Invalid value ‘Team'. Required of type ‘integer'")
    simulators.fault("marketo", "status", status=200, body=said, path=LEADS, skip=1)
    effect = await upsert(marketo)
    assert effect.after == {"email": ANN, "cmMrr": 49}
    assert "cmPlan was left out: Marketo refuses it (a value has the wrong type, code 1001)" in (
        effect.note or ""
    )
    said = skip("1001", "Invalid value 'somebody else'")
    simulators.fault("marketo", "status", status=200, body=said, path=LEADS, skip=1)
    with pytest.raises(ApplicationError) as caught:
        await upsert(marketo)
    assert "somebody" not in str(caught.value)


async def test_fields_are_read_once_and_anew_where_one_is_missing(
    simulators: Control, marketo: MarketoClient
) -> None:
    def described() -> int:
        return sum("describe" in call.path for call in simulators.calls("marketo"))

    for _ in range(2):
        await upsert(marketo)
    assert described() == 1
    for _ in range(2):
        await upsert(marketo, fields={"nope": 1})
    assert described() == 2
    gone = failure("1006", "Field 'cmPlan' not found")
    simulators.fault("marketo", "status", status=200, body=gone, path=LEADS)
    assert (await upsert(marketo)).action is Action.UNCHANGED
    assert described() == 3


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        ("string", True, "true"), ("string", "a\x00b\ud800", "ab?"), ("string", "", ""),
        ("text", "é" * 20_000, "é" * 14_998 + "…"), ("url", "acme.example", None),
        ("url", "https://x.example/" + "y" * 255, None), ("email", "zoë@x.example", None),
        ("integer", 3.0, 3), ("integer", "3.5", None), ("integer", 2**31, None), ("score", True, None),
        ("currency", "1e400", None), ("currency", "10.40", 10.4), ("float", "nan", None),
        ("boolean", "TRUE", True), ("boolean", 0, False), ("boolean", "maybe", None),
        ("date", "2026-02-30", None), ("date", "2026-02-03T10:00:00Z", "2026-02-03"),
        ("datetime", "2026-02-03T10:00:00+02:00", "2026-02-03T08:00:00+00:00"),
        ("datetime", "0001-01-01T00:00:00+10:00", None), ("currency", "", ""), ("percent", 10, 10),
    ],
)  # fmt: skip
def test_values_fit_their_fields(kind: str, given: Value, kept: Value | None) -> None:
    spec = FieldSpec.model_validate({"name": "x", "dataType": kind})
    fit = fitted({"x": given}, {"x": spec})
    assert fit.values == ({} if kept is None else {"x": kept})
    assert bool(fit.notes) == (kept is None or kind == "text")
    assert kept is None or same(spec, given, kept)


# -- where leads are put


async def test_member_of_a_list_once(simulators: Control, marketo: MarketoClient) -> None:
    lead = add_ann(simulators)
    simulators.fault("marketo", "drop_after", path=r"lists/\d+/leads\.json")
    with pytest.raises(ApplicationError, match=f"lead {lead} was added to list 1002") as caught:
        await enrol(marketo, *LIST)
    assert caught.value.type == "OutcomeUnknown"
    again = await enrol(marketo, *LIST, repeat=True)
    assert (again.action, again.object_id) == (Action.CREATED, lead)
    assert again.link == f"{simulators.url}/marketo/assets#ST1002A1"
    assert (await enrol(marketo, "static_list", "1002", lead_id=lead)).action is Action.UNCHANGED
    assert books(simulators)["lists"]["Churned customers"] == [int(lead)]


async def test_list_that_was_deleted_is_looked_for_again(simulators: Control, marketo: MarketoClient) -> None:
    add_ann(simulators)
    await enrol(marketo, *LIST)
    simulators.ask("DELETE", "marketo/lists/1002")
    for said in ("there is no such object", "it is not there"):
        with pytest.raises(ApplicationError, match=said) as caught:
            await enrol(marketo, *LIST)
        assert caught.value.type == "NotFound"
    for _ in range(2):
        simulators.ask("POST", "marketo/lists", query={"name": "Churned customers"})
    with pytest.raises(ApplicationError, match="2 have this name"):
        await enrol(marketo, *LIST)


async def test_status_in_a_program_never_goes_back(simulators: Control, marketo: MarketoClient) -> None:
    lead = int(add_ann(simulators))
    simulators.fault("marketo", "drop_after", path="members/status")
    with pytest.raises(ApplicationError):
        await enrol(marketo, *PROGRAM, status="member")
    assert (await enrol(marketo, *PROGRAM, status="Member", repeat=True)).action is Action.UPDATED
    moved = await enrol(marketo, *PROGRAM, status="Won Back")
    assert (moved.action, moved.before) == (Action.UPDATED, {"program": "Win-back", "status": "Member"})
    back = await enrol(marketo, *PROGRAM, status="Engaged")
    assert (back.action, back.after["status"]) == (Action.UNCHANGED, "Won Back")
    assert "no member goes back" in (back.note or "")
    assert books(simulators)["programs"]["Win-back"] == {str(lead): "Won Back"}


async def test_status_that_marketo_skips_or_does_not_know(
    simulators: Control, marketo: MarketoClient
) -> None:
    add_ann(simulators)
    body = skip("1037", "Lead skipped because it is already in or past this status")
    simulators.fault("marketo", "status", status=200, body=body, path="members/status")
    effect = await enrol(marketo, *PROGRAM, status="Member")
    assert effect.action is Action.UNCHANGED
    with pytest.raises(ApplicationError, match=r"no status Engagd: did you mean Engaged\?"):
        await enrol(marketo, *PROGRAM, status="Engagd")


async def test_record_of_a_custom_object_once(simulators: Control, marketo: MarketoClient) -> None:
    lead = int(add_ann(simulators))
    fields: dict[str, Value] = {"kind": "churn", "mrr": "49", "nope": 1, "eventKey": "not ours"}
    simulators.fault("marketo", "drop_after", method="POST", path="customobjects")
    with pytest.raises(ApplicationError):
        await enrol(marketo, *EVENT, fields=fields)
    again = await enrol(marketo, *EVENT, fields=fields, repeat=True)
    [record] = books(simulators)["objects"]["subscriptionEvent_c"].values()
    assert record == {"eventKey": KEY, "leadId": lead, "kind": "churn", "mrr": 49}
    assert again.action is Action.CREATED
    assert "nope was left out" in (again.note or "")
    changed = await enrol(marketo, *EVENT, fields={"kind": "contraction"})
    assert (changed.action, (changed.before or {})["kind"]) == (Action.UPDATED, "churn")
    assert len(books(simulators)["objects"]["subscriptionEvent_c"]) == 1


async def test_record_that_somebody_else_has_just_made(simulators: Control, marketo: MarketoClient) -> None:
    add_ann(simulators)
    await enrol(marketo, *EVENT)
    nothing = {"success": True, "result": []}
    simulators.fault("marketo", "status", status=200, body=nothing, method="GET", path="Event_c.json")
    assert (await enrol(marketo, *EVENT)).action is Action.UNCHANGED


async def test_object_with_several_dedupe_fields(simulators: Control, marketo: MarketoClient) -> None:
    add_ann(simulators)
    seat = {"key_field": "keyDigest", "fields": {"seat": "A1", "tool": "wiki"}, "key": "k" * 60}
    made = await enrol(marketo, "custom_object", "seat_c", **seat)
    again = await enrol(marketo, "custom_object", "seat_c", **seat)
    [record] = books(simulators)["objects"]["seat_c"].values()
    assert (len(record["keyDigest"]), record["email"], record["seat"]) == (32, ANN, "A1")
    assert (made.action, again.action) == (Action.CREATED, Action.UNCHANGED)
    for change, said in (
        ({"key_field": None}, "none is named"),
        ({"key_field": "keyDigst"}, "did you mean keyDigest"),
        ({"key_field": "seat"}, "room for 20 characters"),
        ({"fields": {}}, "dedupe field seat has no value"),
    ):
        with pytest.raises(ApplicationError, match=said):
            await enrol(marketo, "custom_object", "seat_c", **(seat | change))


async def test_campaign_is_requested_once_a_call(simulators: Control, marketo: MarketoClient) -> None:
    lead = int(add_ann(simulators))
    effect = await enrol(marketo, *CAMPAIGN)
    assert (effect.action, effect.object_id) == (Action.CREATED, str(lead))
    simulators.fault("marketo", "drop_after", path="trigger")
    with pytest.raises(ApplicationError, match="a second request would run it again") as caught:
        await enrol(marketo, *CAMPAIGN)
    assert caught.value.type == "OutcomeUnknown"
    simulators.fault("marketo", "expired_token", path="trigger")
    await enrol(marketo, *CAMPAIGN)  # made again once: nothing was done
    assert books(simulators)["requests"] == [{"campaign": 1201, "lead": lead}] * 3
    assert "once ever" in ((await enrol(marketo, "campaign", "1202")).note or "")


async def test_request_of_a_campaign_that_is_refused(simulators: Control, marketo: MarketoClient) -> None:
    add_ann(simulators)
    for error, codes in (
        ("OutcomeUnknown", ("604", "611", "713")),
        ("RateLimited", ("606", "607", "615")),
        ("Unavailable", ("608",)),
        ("Rejected", ("1003",)),
    ):
        for code in codes:
            simulators.fault("marketo", "status", status=200, body=failure(code), path="trigger")
            with pytest.raises(ApplicationError) as caught:
                await enrol(marketo, *CAMPAIGN)
            assert caught.value.type == error
    assert books(simulators)["requests"] == []


async def test_campaign_that_cannot_be_requested_is_refused_before(
    simulators: Control, marketo: MarketoClient
) -> None:
    add_ann(simulators)
    for name, why in (("Old win-back mail", "it is not active"), ("Nightly scoring", "no such trigger")):
        with pytest.raises(ApplicationError, match=f"{why}. In Marketo, give it the trigger"):
            await enrol(marketo, "campaign", name)
    write = Enrolment(key=KEY, email=ANN, way="campaign", target="1201")
    with pytest.raises(ApplicationError, match="at most once"):
        await run(marketo, "enrol", write)
    with pytest.raises(ApplicationError, match="its way is static_list"):
        await run(marketo, "request_campaign", write.model_copy(update={"way": "static_list"}))
    assert not [call for call in simulators.calls("marketo") if "trigger" in call.path]


# -- what all have in common

PLACES: list[tuple[str, str, dict[str, Any]]] = [
    (*LIST, {}),
    (*PROGRAM, {"status": "Member"}),
    (*EVENT, {"fields": {"kind": "churn"}}),
    (*CAMPAIGN, {}),
]


async def test_preview_and_what_was_not_made_before_write_nothing(
    simulators: Control, marketo: MarketoClient
) -> None:
    preview = {"mode": Mode.PREVIEW}
    assert (await upsert(marketo, **preview)).action is Action.WOULD_CREATE
    for way, target, more in PLACES:
        effect = await enrol(marketo, way, target, **more, **preview)
        assert (effect.action, effect.note) == (Action.WOULD_CREATE, "once the lead is there")
    assert (await upsert(marketo, only_find=True)).action is Action.SKIPPED
    lead = add_ann(simulators)
    before = books(simulators)
    assert (await upsert(marketo, **preview)).action is Action.WOULD_UPDATE
    assert (await upsert(marketo, only_find=True)).object_id == lead
    for way, target, more in PLACES:
        assert (await enrol(marketo, way, target, **more, **preview)).action is Action.WOULD_CREATE
        assert (await enrol(marketo, way, target, **more, only_find=True)).action is Action.SKIPPED
    assert books(simulators) == before


async def test_what_was_held_up_for_too_long_is_not_written(
    simulators: Control, marketo: MarketoClient
) -> None:
    late: dict[str, Any] = {"good_until": datetime.now(UTC) - timedelta(seconds=1)}
    with pytest.raises(ApplicationError) as caught:
        await upsert(marketo, **late)
    assert caught.value.type == "Outdated"
    add_ann(simulators)
    before = books(simulators)
    for way, target, more in PLACES:
        with pytest.raises(ApplicationError, match="held up"):
            await enrol(marketo, way, target, **more, **late)
    assert books(simulators) == before


async def test_lead_that_is_not_there_is_put_nowhere(simulators: Control, marketo: MarketoClient) -> None:
    before = books(simulators)
    for way, target, more in PLACES:
        effect = await enrol(marketo, way, target, **more)
        assert (effect.action, effect.note) == (Action.SKIPPED, "there is no lead with this address")
    with pytest.raises(ApplicationError, match="there is no such lead") as caught:
        await enrol(marketo, *LIST, lead_id=1)
    assert caught.value.type == "NotFound"
    assert books(simulators) == before


async def test_without_a_connection_steps_are_skipped() -> None:
    effects = [await upsert(None)] + [await enrol(None, way, target) for way, target, _ in PLACES]
    assert {(each.action, each.note) for each in effects} == {(Action.SKIPPED, "Marketo is not connected")}


CODES: dict[type[Exception], tuple[str, ...]] = {
    Unauthorized: ("601", "603", "1008"),
    RateLimited: ("606", "607", "615"),
    Unavailable: ("608", "614"),
    OutcomeUnknown: ("604", "611", "713", "719"),
    NotFound: ("610", "1004", "1013"),
    Ambiguous: ("1007",),
    Rejected: ("609", "701", "1003", "1018", "9999"),
}


async def test_each_code_says_what_is_to_be_done(simulators: Control, marketo: MarketoClient) -> None:
    for error, code in ((error, code) for error, codes in CODES.items() for code in codes):
        body, times = failure(code, f"Invalid value 'Ann of {ANN}'"), 2 if code == "601" else 1
        simulators.fault("marketo", "status", status=200, body=body, path=LEADS, times=times)
        with pytest.raises(error) as caught:
            await marketo.leads.create(ANN, {})
        assert type(caught.value) is error
        assert "Ann" not in str(caught.value)
        assert "acme" not in str(caught.value)
        if isinstance(caught.value, Permanent):
            assert f"code {code}, request 1#a" in str(caught.value)
        if isinstance(caught.value, RateLimited):
            assert caught.value.quota == (code == "607")
    assert books(simulators)["leads"] == []


async def test_answers_of_others(simulators: Control, marketo: MarketoClient) -> None:
    others: list[tuple[int, Any, type[Exception]]] = [
        (404, "<html>Not found</html>", OutcomeUnknown),
        (403, {"message": "no"}, OutcomeUnknown),
        (302, "", Unavailable),
        (200, "<html>Back soon</html>", OutcomeUnknown),
        (200, {"success": False}, OutcomeUnknown),
        (200, {"success": True}, OutcomeUnknown),
        (200, {"success": True, "result": [{"status": "created"}]}, OutcomeUnknown),
        (413, "too large", Rejected),
        (500, failure("611"), OutcomeUnknown),
    ]
    for status, body, error in others:
        simulators.fault("marketo", "status", status=status, path=LEADS, body=body)
        with pytest.raises(error):
            await marketo.leads.create(ANN, {})
    assert books(simulators)["leads"] == []


async def test_limits_of_the_instance(simulators: Control, marketo: MarketoClient) -> None:
    await marketo.user()
    simulators.ask("PUT", "marketo", {"calls_per_day": 1})
    await marketo.leads.find(ANN)
    with pytest.raises(RateLimited) as caught:
        await marketo.leads.find(ANN)
    assert (caught.value.quota, caught.value.retry_after) == (True, timedelta(hours=1))
    simulators.ask("PUT", "marketo", {"calls_per_day": None, "calls_per_20_seconds": 1})
    with pytest.raises(RateLimited) as caught:
        await marketo.leads.find(ANN)
    assert (caught.value.quota, caught.value.retry_after) == (False, timedelta(seconds=20))


async def test_calls_at_once_are_bounded(simulators: Control, another: Callable[..., MarketoClient]) -> None:
    simulators.ask("PUT", "marketo", {"calls_at_once": 2, "write_seconds": 0.05})
    client = another(calls_at_once=2)
    await client.user()
    made = await asyncio.gather(*(client.leads.create(f"{n}@acme.example", {}) for n in range(6)))
    assert len(set(made)) == 6
    client = another(calls_at_once=6)
    await client.user()
    found = await asyncio.gather(
        *(client.leads.create(f"{n}@other.example", {}) for n in range(6)), return_exceptions=True
    )
    assert any(isinstance(each, RateLimited) for each in found)


async def test_token_that_has_ended_is_not_sent(simulators: Control, marketo: MarketoClient) -> None:
    def signed_in() -> int:
        return sum("identity" in call.path for call in simulators.calls("marketo"))

    for _ in range(3):
        await marketo.leads.find(ANN)
    assert signed_in() == 1
    simulators.ask("PUT", "marketo", {"token_seconds": 0.5})
    simulators.fault("marketo", "expired_token", path=LEADS)
    for _ in range(3):
        await marketo.leads.find(ANN)
    assert signed_in() >= 4  # each has no whole second left, and on a slow machine ends on its way


async def test_sign_in_that_is_refused_as_other_calls_are_is_no_broken_answer(
    simulators: Control, another: Callable[..., MarketoClient]
) -> None:
    """With HTTP 200, and the reason in the answer."""
    client = another()
    simulators.fault("marketo", "status", path="/identity/oauth/token", status=429)
    with pytest.raises(RateLimited):
        await client.leads.find(ANN)
    await client.leads.find(ANN)


async def test_workers_share_a_token(another: Callable[..., MarketoClient]) -> None:
    clients = [another() for _ in range(2)]
    tokens = {(await client._transport._sign_in(None)).token for client in clients}
    assert len(tokens) == 1


def test_endpoint_may_be_as_web_services_shows_it() -> None:
    for given in (
        "https://1-A-2.mktorest.com",
        "https://1-A-2.mktorest.com/rest/",
        "https://1-A-2.mktorest.com/identity",
    ):
        settings = Marketo(base_url=given, client_id="a", client_secret=SecretStr("b"))
        assert settings.rest_url == "https://1-A-2.mktorest.com/rest"
        assert settings.token_url == "https://1-A-2.mktorest.com/identity/oauth/token"


# -- facts

FACTS = CustomerFacts(
    uuid="cus_1",
    mrr=Decimal("49.50"),
    arr=Decimal(594),
    currency="USD",
    plans=("Team", "Support"),
    subscriber_since=date(2026, 3, 1),
    custom={"Seats": "many"},
    unknown={"net_payments": "invoices were not read"},
)


async def test_facts_go_to_the_fields_that_the_route_says(
    simulators: Control, marketo: MarketoClient
) -> None:
    targets: dict[str, Any] = {
        "mrr": {"to": "cmMrr"},
        "plans": {"to": "cmPlan", "max_length": 6},
        "subscriber_since": {"to": "cmSubscriberSince"},
        "status": {"to": "cmStatus", "when_empty": "keep"},
        "custom.Seats": {"to": "cmSeats", "format": "number"},
        "net_payments": {"to": "leadScore"},
        "country": {"to": "no_such_field"},
    }
    mapping = {fact: FieldMapping.model_validate(each) for fact, each in targets.items()}
    made = await upsert(marketo, fields={"country": "DE"}, facts=FACTS, mapping=mapping)
    [lead] = books(simulators)["leads"]
    assert (lead["cmMrr"], lead["cmPlan"], lead["country"]) == (49.5, "Team,…", "DE")
    assert lead["cmSubscriberSince"] == "2026-03-01"
    assert "cmSeats was left out: custom.Seats: " in str(made.note)
    assert "leadScore was left out: net_payments: invoices were not read" in str(made.note)
    assert "no_such_field was left out: Marketo has no such field" in str(made.note)
    again = await upsert(marketo, fields={"country": "DE"}, facts=FACTS, mapping=mapping)
    assert again.action is Action.UNCHANGED


async def test_a_value_of_the_marketers_stays_where_the_route_says(
    simulators: Control, marketo: MarketoClient
) -> None:
    add_ann(simulators, cmPlan="Theirs", cmStatus="Old")
    mapping = {
        "plans": FieldMapping(to="cmPlan", owner="crm"),
        "mrr": FieldMapping(to="cmMrr", owner="crm"),
        "status": FieldMapping(to="cmStatus"),
    }
    would = await upsert(marketo, fields={}, facts=FACTS, mapping=mapping, mode=Mode.PREVIEW)
    assert would.action is Action.WOULD_UPDATE
    assert would.after == {"cmPlan": "Theirs", "cmMrr": 49.5, "cmStatus": ""}
    assert would.note == "a person's value stays in cmPlan"


# -- doctor


class NamedByRoutes:
    """Stands for routes, of which none names anything of Marketo yet."""

    def __init__(self, **names: str) -> None:
        self._names = names

    def named(self, what: Names) -> set[str]:
        return set(self._names.get(what.name, "").split("|")) - {""}


async def examined(settings: Marketo | None, **names: str) -> list[Finding]:
    return [each async for each in marketo_findings(settings, cast(Routes, NamedByRoutes(**names)))]


async def test_doctor_says_what_is_missing_with_the_nearest_name(simulators: Control) -> None:
    found = await examined(
        settings_of(simulators.url),
        MARKETO_LIST="Customers|Custmers",
        MARKETO_PROGRAM="1101|Win-bak",
        MARKETO_CAMPAIGN="Send win-back mail|Nightly scoring",
        MARKETO_OBJECT="seat_c|seats_c",
        MARKETO_LEAD_FIELD="cmMrr|cmPlann|createdAt|industry",
    )
    said = {each.what: (each.state, each.detail) for each in found}
    assert said["Marketo"][0] is State.OK
    assert "as mogulflow-api@acme.example; 1 calls today" in said["Marketo"][1]
    assert {what: detail for what, (_, detail) in said.items() if "lead field" in what} == {
        "Marketo lead field cmPlann": "Marketo has no such field: did you mean cmPlan?",
        "Marketo lead field createdAt": "Marketo lets nobody write it",
        "Marketo lead field industry": "it is its company's or its CRM's, and not written with a lead",
    }
    assert said["static list Customers"] == (State.OK, "id 1001")
    assert said["static list Custmers"] == (State.FAULT, "not there: did you mean Customers?")
    assert said["program 1101"][0] is State.OK
    assert said["program Win-bak"] == (State.FAULT, "not there: did you mean Win-back?")
    assert said["smart campaign Nightly scoring"] == (State.FAULT, "it cannot be requested")
    assert said["custom object seats_c"] == (State.FAULT, "not there: did you mean seat_c?")
    assert said["custom object seat_c"] == (State.OK, "dedupe fields keyDigest, seat")


@pytest.mark.parametrize(
    ("missing", "what", "advice"),
    [
        ("Read-Only Lead", "Marketo leads", "tick Read-Write Lead under Access API"),
        ("Read-Write Lead", "static list Customers", "tick Read-Write Lead"),
        ("Read-Only Assets", "static list Customers", "tick Read-Only Assets"),
        ("Read-Only Custom Object", "custom object seat_c", "tick Read-Write Custom Object"),
    ],
)
async def test_doctor_names_the_right_that_is_missing(
    simulators: Control, missing: str, what: str, advice: str
) -> None:
    simulators.ask("PUT", "marketo", {"missing": [missing]})
    found = await examined(settings_of(simulators.url), MARKETO_LIST="Customers", MARKETO_OBJECT="seat_c")
    [fault] = [each for each in found if each.state is State.FAULT]
    assert fault.what == what
    assert advice in fault.to_do


async def test_doctor_of_no_or_a_wrong_connection(simulators: Control) -> None:
    [off] = await examined(None)
    assert (off.state, "MARKETO__BASE_URL" in off.to_do) == (State.OFF, True)
    [fault] = await examined(settings_of(simulators.url, client_secret=SecretStr("wrong-one")))
    assert (fault.state, "LaunchPoint" in fault.to_do) == (State.FAULT, True)
    assert "wrong-one" not in fault.detail
    [partition] = [
        each
        for each in await examined(settings_of(simulators.url, partition="EMAE"))
        if each.state is State.FAULT
    ]
    assert "did you mean EMEA" in partition.detail


async def test_pages_show_who_is_where(simulators: Control, marketo: MarketoClient) -> None:
    lead = add_ann(simulators, firstName="<b>Ann</b>")
    for way, target, more in PLACES:
        await enrol(marketo, way, target, **more)
    async with httpx.AsyncClient(
        base_url=simulators.url, follow_redirects=True, verify=NO_CERTIFICATES
    ) as http:
        assert "&lt;b&gt;Ann&lt;/b&gt;" in (await http.get("/marketo/")).text
        assert "Send win-back mail" in (await http.get("/marketo/assets")).text
        page = (await http.get(f"/marketo/leadDatabase/loadLeadDetail?leadId={lead}")).text
        assert (await http.get("/marketo/leadDatabase/loadLeadDetail?leadId=1")).status_code == 404
    for shown in ("List Churned customers", "Program Win-back: Member", KEY, "Campaign Requested"):
        assert shown in page
