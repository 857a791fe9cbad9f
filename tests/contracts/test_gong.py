"""Gong: the contract, and interactions of somebody, logged once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, cast

import httpx
import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.gong import GongActivities
from clients.gong.client import GongClient
from clients.gong.doctor import gong_findings
from clients.gong.fitting import fitting
from clients.gong.settings import Gong
from clients.kit.cooldown import Cooldown
from clients.kit.errors import IntegrationError, OutcomeUnknown, RateLimited, Rejected, Unauthorized
from models.effects import Action, Effect, Mode
from models.findings import State
from models.gong import Interaction
from simulators.gong.api import ACCESS_KEY, SECRET, WORKSPACES
from simulators.kit.control import Control
from tests.contracts.scripted import Reply, ScriptedServer
from tests.contracts.suite import WriteContract

EMAIL = "nora.lind@fjord-1.example"
ACCOUNT = "0015e00000AbCdEAAZ"
KEY = "0123:gong"


def settings(url: str, secret: str = SECRET, **more: Any) -> Gong:
    given = {"access_key": ACCESS_KEY, "access_key_secret": secret, "base_url": url}
    return Gong.model_validate(given | {"requests_per_second": 10_000} | more)


def client_of(control: Control, **options: Any) -> GongClient:
    url = f"{options.pop('url', control.url)}/gong"
    return GongClient(settings(url, options.pop("credential", SECRET)), **options)


def interaction(**changes: Any) -> Interaction:
    at = datetime(2026, 11, 20, 10, 30, tzinfo=timezone(timedelta(hours=2)))
    given = {"key": KEY, "occurred_at": at, "event_type": "Churn", "title": "Left", "email": EMAIL}
    return Interaction.model_validate(given | changes)


def logged(control: Control) -> list[dict[str, Any]]:
    return list(control.ask("GET", "gong/interactions"))


class TestGongContract(WriteContract):
    system = "gong"
    read_path = "/v2/workspaces"
    write_path = "/v2/digital-interaction"
    answer = {"requestId": "1", "workspaces": [{"name": "Sales", "brand_new": 1}], "brand_new": {"deep": [1]}}
    wrong_answer = {"requestId": "1", "workspaces": "none"}

    def connect(self, control: Control, **options: Any) -> GongClient:
        return client_of(control, **options)

    async def read(self, client: GongClient) -> object:
        return await client.workspaces()

    async def read_pages(self, control: Control) -> tuple[int, int]:
        """Gong gives all of them at once."""
        client = self.connect(control)
        found = await client.workspaces()
        await client.aclose()
        return len(WORKSPACES), len(found)

    async def read_nothing(self, client: GongClient) -> object:
        with ScriptedServer(Reply({"requestId": "1", "workspaces": []})) as server:
            empty = GongClient(settings(server.url))
            found = await empty.workspaces()
            await empty.aclose()
        return found

    async def write(self, client: GongClient, text: str = "Hello") -> object:
        return await client.log(interaction(title=text))

    async def write_again(self, client: GongClient) -> object:
        return await client.log(interaction(title="Hello"))

    async def write_nonsense(self, client: GongClient) -> object:
        return await client.log(interaction(email=None, company_domain=None, account_id=ACCOUNT))

    def written(self, control: Control) -> list[str]:
        return [row["content"]["contentTitle"] for row in logged(control)]


@pytest.fixture
async def gong(simulators: Control) -> AsyncIterator[GongClient]:
    client = client_of(simulators)
    yield client
    await client.aclose()


async def log(client: GongClient | None, given: Interaction) -> Effect:
    effect = await ActivityEnvironment().run(cast(Any, GongActivities(client).log_interaction), given)
    assert isinstance(effect, Effect)
    return effect


async def test_an_interaction_is_logged_as_gong_wants_it(simulators: Control, gong: GongClient) -> None:
    given = interaction(
        account_id=ACCOUNT,
        opportunity_id="0065e00000AbCdE",
        person_name="Nora Lind",
        content_url="https://app.chartmogul.com/#/customers/1",
        labels=["churn", " churn ", ""],
        fields={"MRR lost": "$120.00", "Reason": ""},
    )
    effect = await log(gong, given)
    [row] = logged(simulators)
    assert (row["eventId"], row["timestamp"]) == (KEY, "2026-11-20T08:30:00Z")
    assert (row["eventType"], row["sourceSystemName"]) == ("Churn", "mogulflow")
    assert (row["content"]["contentTitle"], row["content"]["contentLabel"]) == ("Left", ["churn"])
    assert [(each["name"], each["value"]) for each in row["customFields"]] == [("MRR lost", "$120.00")]
    person = row["person"]
    assert (person["name"], person["email"], person["personId"]) == ("Nora Lind", EMAIL, None)
    assert person["company"]["domain"] == "fjord-1.example"
    assert person["company"]["companyBusinessContexts"] == [
        {"objectType": "ACCOUNT", "objectId": ACCOUNT, "systemName": "Salesforce"},
        {"objectType": "OPPORTUNITY", "objectId": "0065e00000AbCdE", "systemName": "Salesforce"},
    ]
    assert (effect.action, effect.object_type, effect.object_id) == (Action.CREATED, "interaction", KEY)
    assert (effect.before, effect.note) == (None, None)
    assert effect.after["account_id"] == ACCOUNT
    assert EMAIL not in str(effect.after)
    assert "Nora" not in str(effect.after)


async def test_people_see_it_on_the_timeline_of_the_account(simulators: Control, gong: GongClient) -> None:
    row = simulators.customers(limit=1)[0]
    await log(gong, interaction(email=row.email, fields={"Was": "<b>bold</b>"}))
    domain = row.email.partition("@")[2]
    accounts = httpx.get(f"{simulators.url}/gong/", trust_env=False).text
    assert f'<a href="/gong/account/{domain}">{row.company}</a>' in accounts
    timeline = httpx.get(f"{simulators.url}/gong/account/{domain}", trust_env=False).text
    assert "Churn" in timeline
    assert "&lt;b&gt;bold" in timeline


@pytest.mark.parametrize("repeat", [False, True])
async def test_done_and_then_the_line_dropped_is_one_interaction(
    simulators: Control, gong: GongClient, repeat: bool
) -> None:
    simulators.fault("gong", "drop_after")
    with pytest.raises(ApplicationError, match="did not answer whether the interaction was logged") as caught:
        await log(gong, interaction())
    assert caught.value.type == "OutcomeUnknown"
    again = await log(gong, interaction(repeat=repeat, title="Another"))
    assert again.action is (Action.CREATED if repeat else Action.UNCHANGED)
    assert [row["content"]["contentTitle"] for row in logged(simulators)] == ["Left"]


@pytest.mark.parametrize(
    ("given", "email", "domain"),
    [
        ({}, EMAIL, "fjord-1.example"),
        ({"company_domain": "https://www.acme.com/pricing"}, EMAIL, "acme.com"),
        ({"email": " nora.o'connor@acme.com"}, "nora.o'connor@acme.com", "acme.com"),
        ({"email": "nora@gmail.com"}, "nora@gmail.com", None),
        ({"email": "nora@gmail.com", "company_domain": "acme.co.uk"}, "nora@gmail.com", "acme.co.uk"),
        ({"email": None, "company_domain": "acme.com", "person_name": "Nora"}, None, "acme.com"),
        ({"email": None, "company_domain": "acme.com", "account_id": ACCOUNT}, None, "acme.com"),
    ],
)
async def test_whose_it_is_follows_from_what_is_known(
    simulators: Control, gong: GongClient, given: dict[str, Any], email: str | None, domain: str | None
) -> None:
    effect = await log(gong, interaction(**given))
    assert effect.note is None
    [row] = logged(simulators)
    company = row["person"]["company"] or {"domain": None}
    assert (row["person"]["email"], company["domain"]) == (email, domain)
    assert row["person"]["personId"] == (None if email else "company:acme.com")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"email": None, "account_id": ACCOUNT}, "Gong needs an e-mail address, or the company's own domain"),
        ({"email": "nobody", "person_name": "Nora"}, "email was left out: it is no address"),
        ({"email": " ", "company_domain": "gmail.com"}, "company_domain was left out"),
        ({"email": None, "company_domain": "https://facebook.com/acme"}, "no company's own"),
        ({"title": " \n"}, "its type or its title is empty"),
        ({"event_type": ""}, "its type or its title is empty"),
    ],
)
@pytest.mark.parametrize("mode", list(Mode))
async def test_of_nobody_it_is_refused_before_it_is_sent(
    simulators: Control, gong: GongClient, given: dict[str, Any], said: str, mode: Mode
) -> None:
    with pytest.raises(ApplicationError, match=said) as caught:
        await log(gong, interaction(**given, mode=mode))
    assert (caught.value.type, caught.value.non_retryable) == ("Rejected", True)
    assert simulators.calls("gong") == []


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"title": "t" * 300}, "title was cut to 255 characters"),
        ({"event_type": "e" * 101}, "event_type was cut to 100 characters"),
        ({"account_id": "42"}, "account_id was left out: it is no id of Salesforce"),
        ({"opportunity_id": "0065e00000AbCdE/../x"}, "opportunity_id was left out"),
        ({"content_url": "javascript:alert(1)"}, "content_url was left out"),
        ({"company_domain": "hotmail.co.uk"}, "company_domain was left out: it is no company's own"),
        ({"email": "no address", "company_domain": "acme.com"}, "email was left out: it is no address"),
        ({"fields": {"Reason": "r" * 1001}}, "Reason was cut"),
        ({"fields": {str(n): "x" for n in range(60)}}, "10 fields were left out: 50 are the most"),
        ({"labels": [str(n) for n in range(30)]}, "10 labels were left out: 20 are the most"),
    ],
)
async def test_what_does_not_fit_is_left_out_and_named(
    simulators: Control, gong: GongClient, given: dict[str, Any], said: str
) -> None:
    effect = await log(gong, interaction(**given))
    assert said in (effect.note or "")
    assert len(logged(simulators)) == 1


async def test_a_preview_writes_nothing(simulators: Control, gong: GongClient) -> None:
    effect = await log(gong, interaction(mode=Mode.PREVIEW, account_id="42"))
    assert effect.action is Action.WOULD_CREATE
    assert "account_id was left out" in (effect.note or "")
    assert simulators.calls("gong") == []


async def test_who_only_looks_begins_nothing(simulators: Control, gong: GongClient) -> None:
    effect = await log(gong, interaction(only_find=True))
    assert (effect.action, effect.object_id) == (Action.SKIPPED, None)
    assert "does not tell what was logged before" in (effect.note or "")
    assert simulators.calls("gong") == []


async def test_what_is_outdated_is_not_written(simulators: Control, gong: GongClient) -> None:
    with pytest.raises(ApplicationError, match="held up") as caught:
        await log(gong, interaction(good_until=datetime.now(UTC) - timedelta(seconds=1)))
    assert caught.value.type == "Outdated"
    assert logged(simulators) == []


async def test_not_connected_is_skipped() -> None:
    effect = await log(None, interaction(email=None))
    assert (effect.action, effect.note) == (Action.SKIPPED, "Gong is not connected")


def said_so(*errors: str) -> dict[str, Any]:
    return {"requestId": "4al018gzaztcr8nbukw", "errors": list(errors)}


@pytest.mark.parametrize(
    ("status", "body", "error", "said"),
    [
        (400, said_so("person: missing", "for ann@acme.example"), Rejected, r"missing; for \[e-mail\]"),
        (401, said_so("Access denied"), Unauthorized, "Access denied"),
        (403, said_so("IP is not trusted"), Unauthorized, "not trusted"),
        (500, said_so("Failed to complete the operation"), OutcomeUnknown, "500"),
        (403, "<html>Access denied by the proxy</html>", OutcomeUnknown, "not one of its API"),
        (409, "<html>busy</html>", OutcomeUnknown, "not one of its API"),
        (404, {"message": "no route"}, OutcomeUnknown, "not one of its API"),
        (200, {"ok": True}, OutcomeUnknown, "another shape"),
    ],
)
async def test_a_refusal_is_judged_by_what_it_says(
    simulators: Control, gong: GongClient, status: int, body: Any, error: type[IntegrationError], said: str
) -> None:
    simulators.fault("gong", "status", status=status, body=body)
    with pytest.raises(IntegrationError, match=said) as caught:
        await gong.log(interaction())
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("rules", "wait", "quota"),
    [({"requests_per_second": 1}, 1, False), ({"requests_per_day": 1}, 3600, True)],
)
async def test_the_limit_of_a_day_is_a_quota(
    simulators: Control, rules: dict[str, int], wait: int, quota: bool
) -> None:
    simulators.ask("PUT", "gong", rules)
    cooldown = Cooldown("gong")
    client = client_of(simulators, cooldown=cooldown)
    await client.log(interaction())
    with pytest.raises(RateLimited) as caught:
        await client.log(interaction(key="0124:gong"))
    assert (caught.value.retry_after, caught.value.quota) == (timedelta(seconds=wait), quota)
    assert cooldown.closed
    assert ("quota" in cooldown.closed.why) is quota
    await client.aclose()


async def test_a_day_that_is_named_is_a_quota_too(simulators: Control, gong: GongClient) -> None:
    simulators.fault("gong", "status", status=429, body=said_so("Daily limit of 10000 calls exceeded"))
    with pytest.raises(RateLimited) as caught:
        await gong.log(interaction())
    assert caught.value.quota


async def test_calls_keep_to_the_pace_that_gong_allows(simulators: Control) -> None:
    client = GongClient(settings(f"{simulators.url}/gong", requests_per_second=10))
    simulators.ask("PUT", "gong", {"requests_per_second": 10})
    for number in range(4):
        await client.log(interaction(key=f"{number}:gong"))
    first, *_, last = (call.at for call in simulators.calls("gong"))
    assert last - first >= timedelta(seconds=0.3)
    await client.aclose()


def test_what_fits_stays_as_it_is() -> None:
    given = interaction(account_id=ACCOUNT, company_domain="acme.com", labels=["a"], fields={"n": "v" * 1000})
    assert fitting(given) == (given, [])


async def findings(connection: Gong | None) -> list[tuple[str, State, str]]:
    return [(each.what, each.state, each.detail) async for each in gong_findings(connection)]


async def test_doctor_signs_in_and_says_what_nobody_knows(simulators: Control) -> None:
    url = f"{simulators.url}/gong"
    [first, second] = await findings(settings(url))
    assert first == ("Gong", State.OK, f"{url}; workspaces Sales, Customer success, Partners")
    assert second[1] is State.WARNING
    assert "not verified against a real Gong" in second[2]
    [(_, state, said)] = await findings(settings(url, "wrong-secret"))
    assert state is State.FAULT
    assert "wrong-secret" not in said
    assert [state for _, state, _ in await findings(None)] == [State.OFF]
