"""Zendesk: the contract, and tags that are put on whom they are meant for, or on nobody."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import httpx
import pytest
from pydantic import SecretStr, ValidationError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.zendesk import ZendeskActivities
from clients.kit.errors import (
    IntegrationError,
    NotFound,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unauthorized,
    Unavailable,
)
from clients.zendesk.client import ZendeskClient
from clients.zendesk.doctor import zendesk_findings
from clients.zendesk.settings import Zendesk
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.findings import State
from models.tagging import Tagging, TagTarget
from models.zendesk import Tagged
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow
from simulators.zendesk.api import API_TOKEN, EMAIL, OAUTH_TOKEN
from simulators.zendesk.directory import FIRST_ORGANIZATION, FIRST_USER
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.suite import WriteContract

KNOWN = "cus_N1001"
"""Of customer 1, whatever the seed."""

USER = Tagged(kind="user", id=FIRST_USER + 1, link="")
TAG = "churn_risk"
ORGANIZATION = TagTarget.ORGANIZATION


def settings(url: str, token: str = API_TOKEN, **more: Any) -> Zendesk:
    given = {"base_url": url, "email": EMAIL, "api_token": token, "requests_per_minute": 1_000_000}
    return Zendesk.model_validate(given | more)


def client_of(control: Control, **options: Any) -> ZendeskClient:
    url = f"{options.pop('url', control.url)}/zendesk"
    return ZendeskClient(settings(url, options.pop("credential", API_TOKEN)), **options)


def tagging(**changes: Any) -> Tagging:
    return Tagging.model_validate({"key": "0123:tag", "tag": TAG, "external_ids": [KNOWN]} | changes)


def customer(control: Control, case: str) -> CustomerRow:
    rows = control.ask("GET", "zendesk/customers", query={"case": case, "limit": 1})
    return CustomerRow.model_validate(rows[0])


def tags_of(control: Control, kind: str, id: str | int | None) -> list[str]:
    rows = control.ask("GET", f"zendesk/{kind}")
    return next(list(row["tags"]) for row in rows if row["id"] == int(id or 0))


def writes(control: Control) -> list[dict[str, Any]]:
    return list(control.ask("GET", "zendesk/writes"))


class TestZendeskContract(WriteContract):
    system = "zendesk"
    read_path = "/users/search"
    write_path = f"/users/{USER.id}/tags"
    answer = {"users": [{"id": 1, "external_id": KNOWN, "brand_new": 1}], "brand_new": {"deep": [1]}}
    wrong_answer = {"users": "none"}

    def connect(self, control: Control, **options: Any) -> ZendeskClient:
        return client_of(control, **options)

    async def read(self, client: ZendeskClient) -> object:
        return await client.find(tagging())

    async def read_nothing(self, client: ZendeskClient) -> object:
        return (await client.find(tagging(external_ids=["cus_N0"], email="nobody@acme.example"))).record

    async def write(self, client: ZendeskClient, text: str = "hello") -> object:
        await client.add(USER, text)
        return text

    async def write_again(self, client: ZendeskClient) -> object:
        return await self.write(client)

    def written(self, control: Control) -> list[str]:
        return tags_of(control, "users", USER.id)

    async def test_every_page_is_read(self, simulators: Control) -> None:
        """A second page of users with one address: nobody can say who is meant."""
        client = self.connect(simulators)
        page = {"users": [], "next_page": "https://acme.zendesk.com/api/v2/users/search?page=2"}
        simulators.fault("zendesk", "status", status=200, body=page)
        with pytest.raises(IntegrationError, match="more than 100 are like it"):
            await client.find(tagging(external_ids=[], email="a@acme.example"))
        await client.aclose()

    async def test_unknown_field_in_a_request_is_rejected(
        self, simulators: Control, writer: ZendeskClient
    ) -> None:
        with pytest.raises(NotFound, match="RecordNotFound Not found"):
            await writer.add(Tagged(kind="user", id=1, link=""), TAG)
        assert writes(simulators) == []

    async def test_unicode_arrives_as_it_left(self, simulators: Control, writer: ZendeskClient) -> None:
        await writer.add(USER, "zoë_株式会社_🙂")
        assert self.written(simulators) == ["zoë_株式会社_🙂"]


@pytest.fixture
async def zendesk(simulators: Control) -> AsyncIterator[ZendeskClient]:
    client = client_of(simulators)
    yield client
    await client.aclose()


async def tag(client: ZendeskClient | None, given: Tagging) -> Effect:
    effect = await ActivityEnvironment().run(cast(Any, ZendeskActivities(client).tag), given)
    assert isinstance(effect, Effect)
    return effect


async def test_a_user_is_tagged_and_the_effect_says_whom(simulators: Control, zendesk: ZendeskClient) -> None:
    effect = await tag(zendesk, tagging())
    row = simulators.customers(limit=1)[0]
    assert effect.model_dump(exclude={"tries", "undo"}) == {
        "system": "zendesk",
        "object_type": "user",
        "action": Action.UPDATED,
        "key": "0123:tag",
        "object_id": str(USER.id),
        "label": row.name,
        "link": f"{simulators.url}/zendesk/agent/users/{USER.id}",
        "before": {"tags": []},
        "after": {"tags": [TAG]},
        "note": None,
    }
    page = httpx.get(effect.link or "", trust_env=False)
    assert f'<span class="pill">{TAG}</span>' in page.text


@pytest.mark.parametrize(
    ("case", "target", "is_tagged"),
    [
        ("known", TagTarget.PERSON, True),
        ("by_email_alone", TagTarget.PERSON, True),
        ("suspended", TagTarget.PERSON, False),
        ("missing", TagTarget.PERSON, False),
        ("known", ORGANIZATION, True),
        ("organization_by_user", ORGANIZATION, True),
        ("no_organization", ORGANIZATION, False),
        ("missing", ORGANIZATION, False),
    ],
)
async def test_whom_zendesk_knows_is_found_by_id_or_email(
    simulators: Control, zendesk: ZendeskClient, case: str, target: TagTarget, is_tagged: bool
) -> None:
    row = customer(simulators, case)
    ids = ["nobody's", row.external_id.upper()]
    effect = await tag(zendesk, tagging(target=target, external_ids=ids, email=row.email.upper()))
    if not is_tagged:
        assert effect.action is Action.SKIPPED
        assert (effect.object_id, effect.before) == (None, None)
        assert "in Zendesk has one of the customer's ids, and " in (effect.note or "")
        assert row.email not in (effect.note or "")
        assert writes(simulators) == []
        return
    first, kind = (FIRST_ORGANIZATION, "organizations") if target is ORGANIZATION else (FIRST_USER, "users")
    assert effect.object_id == str(first + row.number)
    assert TAG in tags_of(simulators, kind, effect.object_id)


@pytest.mark.parametrize(
    ("case", "target", "why"),
    [
        ("suspended", TagTarget.PERSON, "who has the e-mail address is suspended there"),
        ("missing", ORGANIZATION, "no organisation in Zendesk .* nobody there has the e-mail address"),
        ("no_organization", ORGANIZATION, "who has the e-mail address is in no organisation"),
    ],
)
async def test_the_effect_says_why_nobody_was_tagged(
    simulators: Control, zendesk: ZendeskClient, case: str, target: TagTarget, why: str
) -> None:
    match = await zendesk.find(
        tagging(target=target, email=customer(simulators, case).email, external_ids=[])
    )
    assert match.record is None
    assert re.search(why, match.why)


@pytest.mark.parametrize("email", [None, "", "no address", 'a"b@acme.example', "x" * 400 + "@acme.example"])
async def test_what_is_no_address_is_not_looked_for(
    simulators: Control, zendesk: ZendeskClient, email: str | None
) -> None:
    effect = await tag(zendesk, tagging(external_ids=[" "], email=email))
    assert (effect.action, simulators.calls("zendesk")) == (Action.SKIPPED, [])
    assert (effect.note or "").endswith("there is no e-mail address to look for")


async def test_two_users_with_the_address_are_left_to_a_person(
    simulators: Control, zendesk: ZendeskClient
) -> None:
    row = customer(simulators, "by_email_alone")
    simulators.ask("POST", "zendesk/users", {"email": row.email})
    with pytest.raises(ApplicationError, match="2 in Zendesk have it") as caught:
        await tag(zendesk, tagging(external_ids=[], email=row.email))
    assert (caught.value.type, caught.value.non_retryable) == ("Ambiguous", True)
    assert row.email not in str(caught.value)
    assert writes(simulators) == []


async def test_an_agent_or_a_longer_address_is_no_second_user(
    simulators: Control, zendesk: ZendeskClient
) -> None:
    row = customer(simulators, "by_email_alone")
    simulators.ask("POST", "zendesk/users", {"email": row.email, "role": "agent"})
    simulators.ask("POST", "zendesk/users", {"email": f"x.{row.email}"})
    simulators.ask("POST", "zendesk/users", {"email": row.email, "suspended": True})
    effect = await tag(zendesk, tagging(external_ids=[], email=row.email))
    assert effect.object_id == str(FIRST_USER + row.number)


async def test_all_other_tags_stay(simulators: Control, zendesk: ZendeskClient) -> None:
    other = tagging(external_ids=["cus_N1005"])  # customer 5 has one
    effect = await tag(zendesk, other)
    assert tags_of(simulators, "users", effect.object_id) == [TAG, "vip"]
    again = await tag(zendesk, other.model_copy(update={"remove": True}))
    assert (again.action, again.before, again.after) == (Action.UPDATED, {"tags": [TAG]}, {"tags": []})
    assert tags_of(simulators, "users", effect.object_id) == ["vip"]
    assert [(each["method"], each["tags"]) for each in writes(simulators)] == [
        ("PUT", [TAG]),
        ("DELETE", [TAG]),
    ]


@pytest.mark.parametrize("remove", [False, True])
async def test_what_is_so_already_is_not_written(
    simulators: Control, zendesk: ZendeskClient, remove: bool
) -> None:
    if not remove:
        await zendesk.add(USER, TAG)
    made = writes(simulators)
    effect = await tag(zendesk, tagging(remove=remove))
    assert (effect.action, effect.before) == (Action.UNCHANGED, effect.after)
    found = await tag(zendesk, tagging(remove=remove, repeat=True, only_find=True))
    assert found.action is Action.UPDATED  # by the try before
    assert found.before != found.after
    assert writes(simulators) == made


async def test_done_and_then_the_line_dropped_is_one_effect(
    simulators: Control, zendesk: ZendeskClient
) -> None:
    simulators.fault("zendesk", "drop_after", method="PUT")
    with pytest.raises(ApplicationError, match="did not answer whether the tag was put on") as caught:
        await tag(zendesk, tagging())
    assert caught.value.type == "OutcomeUnknown"
    effect = await tag(zendesk, tagging(repeat=True))
    assert (effect.action, effect.after) == (Action.UPDATED, {"tags": [TAG]})
    assert len(writes(simulators)) == 1


@pytest.mark.parametrize("given", ["Churn  Risk", " churn risk\t", "CHURN, risk", "churn_RISK"])
async def test_a_tag_is_written_as_zendesk_writes_it(
    simulators: Control, zendesk: ZendeskClient, given: str
) -> None:
    effect = await tag(zendesk, tagging(tag=given))
    assert effect.note == "written as churn_risk: Zendesk's tags have no spaces and no capitals"
    assert tags_of(simulators, "users", USER.id) == [TAG]
    again = await tag(zendesk, tagging(tag=given))
    assert again.action is Action.UNCHANGED


async def test_a_tag_of_nothing_is_not_sent(simulators: Control, zendesk: ZendeskClient) -> None:
    with pytest.raises(ApplicationError, match="nothing but spaces"):
        await tag(zendesk, tagging(tag=" , "))
    assert simulators.calls("zendesk") == []


async def test_a_preview_writes_nothing(simulators: Control, zendesk: ZendeskClient) -> None:
    before = simulators.ask("GET", "zendesk/users")
    effect = await tag(zendesk, tagging(mode=Mode.PREVIEW))
    assert (effect.action, effect.after) == (Action.WOULD_UPDATE, {"tags": [TAG]})
    assert {call.method for call in simulators.calls("zendesk")} == {"GET"}
    assert simulators.ask("GET", "zendesk/users") == before


async def test_who_only_looks_begins_nothing(simulators: Control, zendesk: ZendeskClient) -> None:
    effect = await tag(zendesk, tagging(only_find=True))
    assert (effect.action, effect.note) == (Action.SKIPPED, NOT_MADE_BEFORE)
    assert writes(simulators) == []


async def test_what_is_outdated_is_not_written(simulators: Control, zendesk: ZendeskClient) -> None:
    with pytest.raises(ApplicationError, match="held up") as caught:
        await tag(zendesk, tagging(good_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert caught.value.type == "Outdated"
    assert writes(simulators) == []


async def test_not_connected_is_skipped() -> None:
    effect = await tag(None, tagging())
    assert (effect.action, effect.note) == (Action.SKIPPED, "Zendesk is not connected")


@pytest.mark.parametrize("target", list(TagTarget))
async def test_an_account_without_tags_says_so(
    simulators: Control, zendesk: ZendeskClient, target: TagTarget
) -> None:
    simulators.ask("PUT", "zendesk", {"tagging": False})
    with pytest.raises(ApplicationError, match="End users: enable Tags on users and organizations") as caught:
        await tag(zendesk, tagging(target=target))
    assert caught.value.type == "Rejected"


async def test_an_agent_may_not_tag_an_organisation(simulators: Control, zendesk: ZendeskClient) -> None:
    simulators.ask("PUT", "zendesk", {"role": "agent"})
    with pytest.raises(ApplicationError, match="Forbidden You do not have access") as caught:
        await tag(zendesk, tagging(target=ORGANIZATION))
    assert caught.value.type == "Unauthorized"


async def test_a_tag_that_zendesk_does_not_keep_is_an_error(
    simulators: Control, zendesk: ZendeskClient
) -> None:
    simulators.fault("zendesk", "status", status=200, body={"tags": ["churn"]}, method="PUT")
    with pytest.raises(Rejected, match="does not have it among the tags"):
        await zendesk.add(USER, "churn!")


DETAILS = {"error": "RecordInvalid", "description": "ann@acme.example is wrong", "details": {"tags": [{}]}}


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (422, DETAILS, Rejected, r"RecordInvalid \[e-mail\] is wrong \(tags\)"),
        (400, {"errors": [{"code": "BadRequest", "title": "No", "detail": "never"}]}, Rejected, "No never"),
        (403, {"error": {"title": "Forbidden", "message": "No access"}}, Unauthorized, "Forbidden No access"),
        (
            401,
            {"error": "invalid_token", "error_description": "expired"},
            Unauthorized,
            "invalid_token expired",
        ),
        (404, {"error": "InvalidEndpoint", "description": "Not found"}, NotFound, "InvalidEndpoint"),
        (409, {"error": "DatabaseConflict", "description": "Collision"}, Unavailable, "DatabaseConflict"),
        (409, "<html>busy</html>", OutcomeUnknown, "not one of its API"),
        (403, "<html>Access denied by the proxy</html>", OutcomeUnknown, "not one of its API"),
        (404, {"message": "no route"}, OutcomeUnknown, "not one of its API"),
        (302, "", Unavailable, "302"),
        (503, {"error": "Maintenance"}, OutcomeUnknown, "503"),
    ],
)
async def test_a_refusal_is_judged_by_what_it_says(
    simulators: Control,
    zendesk: ZendeskClient,
    status: int,
    body: Any,
    error: type[IntegrationError],
    said: str,
) -> None:
    simulators.fault("zendesk", "status", status=status, body=body, method="PUT")
    with pytest.raises(IntegrationError, match=said) as caught:
        await zendesk.add(USER, TAG)
    assert type(caught.value) is error


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "7"},
        {"ratelimit-limit": "100", "ratelimit-reset": "7"},
        {"Zendesk-RateLimit-users-index": "total=100; remaining=0; resets=7"},
    ],
)
async def test_too_many_calls_wait_as_zendesk_names_it(headers: dict[str, str]) -> None:
    text = "Number of allowed API requests per minute exceeded"
    with ScriptedServer(Reply(text, 429, headers, "text/plain")) as server:
        client = ZendeskClient(settings(server.url))
        with pytest.raises(RateLimited) as caught:
            await client.tags(USER)
        await client.aclose()
    assert caught.value.retry_after == timedelta(seconds=7)
    assert not caught.value.quota


async def test_an_empty_answer_to_a_removal_is_a_good_one() -> None:
    with ScriptedServer(Reply("", 204)) as server:
        client = ZendeskClient(settings(server.url))
        await client.remove(USER, TAG)
        await client.aclose()
    [seen] = server.seen
    assert (seen.method, seen.body) == ("DELETE", f'{{"tags":["{TAG}"]}}')


async def test_an_answer_without_end_is_not_read() -> None:
    with ScriptedServer(Reply({"tags": ["x" * 2_100_000]})) as server:
        client = ZendeskClient(settings(server.url))
        with pytest.raises(Rejected, match="longer than 2,000,000 bytes"):
            await client.tags(USER)
        with pytest.raises(OutcomeUnknown, match="no JSON"):
            await client.add(USER, TAG)
        await client.aclose()


async def test_an_oauth_token_signs_in_too(simulators: Control) -> None:
    url = f"{simulators.url}/zendesk"
    client = ZendeskClient(Zendesk(base_url=url, oauth_token=SecretStr(OAUTH_TOKEN)))
    assert (await client.me()).role == "admin"
    await client.aclose()


@pytest.mark.parametrize("given", [{}, {"email": "a@b.example"}, {"api_token": "x"}])
def test_a_way_to_sign_in_must_be_whole(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="ZENDESK__EMAIL and ZENDESK__API_TOKEN, or ZENDESK__OAUTH"):
        Zendesk.model_validate({"base_url": "https://acme.zendesk.com", **given})


async def findings(connection: Zendesk | None) -> list[tuple[str, State, str]]:
    return [(each.what, each.state, each.detail) async for each in zendesk_findings(connection)]


async def test_doctor_says_who_we_are_and_what_we_may(simulators: Control) -> None:
    connection = settings(f"{simulators.url}/zendesk")
    assert [state for _, state, _ in await findings(connection)] == [State.OK, State.OK, State.OK]
    assert [state for _, state, _ in await findings(None)] == [State.OFF]
    simulators.ask("PUT", "zendesk", {"role": "agent", "role_type": 1, "tagging": False})
    _, rights, tags = await findings(connection)
    assert rights == ("Zendesk, rights", State.WARNING, "a light agent may not edit users")
    assert tags[1:] == (State.FAULT, "tags on users and organisations are off in this account")


async def test_doctor_takes_an_anonymous_user_for_nobody(simulators: Control) -> None:
    [(_, state, said)] = await findings(settings(f"{simulators.url}/zendesk", "wrong-token"))
    assert state is State.FAULT
    assert "anonymous user" in said
    assert "wrong-token" not in said
