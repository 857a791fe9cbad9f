"""Recurly: the contract, invoices as they are now, failed payments without a gap, and proven webhooks."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.recurly import RecurlyActivities
from clients.kit.errors import IntegrationError, RateLimited, Rejected, Unauthorized, Unavailable
from clients.kit.http import Call
from clients.kit.rest import Reply
from clients.recurly.client import RecurlyClient
from clients.recurly.doctor import recurly_findings
from clients.recurly.errors import error_of
from clients.recurly.pointed import pointed_at
from clients.recurly.settings import RecurlyAccount
from clients.recurly.webhooks import proven
from models.chartmogul_values import loads
from models.events import FailedPayment
from models.findings import State
from models.recurly import RecurlyNotification
from simulators.kit.control import Control
from simulators.recurly.api import KEY
from tests.contracts.billing import INVOICE, LONG_AGO, NOW, BillingContract, change, fail


def account_of(url: str, key: str = KEY, **more: Any) -> RecurlyAccount:
    given = {
        "api_key": key,
        "base_url": f"{url}/recurly/v3",
        "web_url": f"{url}/recurly",
        "subdomain": "acme",
        "webhook_secrets": "a-long-part-of-the-url",
        "signing_secrets": "recurly-demo-secret",
    }
    return RecurlyAccount.model_validate(given | more)


class TestRecurlyContract(BillingContract):
    system = "recurly"
    steps = RecurlyActivities
    read_path = f"/v3/invoices/number-{INVOICE}$"
    list_path = "/v3/transactions"
    answer = {"number": INVOICE, "state": "paid", "brand_new": {"deep": [1]}}
    wrong_answer = {"number": INVOICE, "state": "asleep"}

    def connect(self, control: Control, **options: Any) -> RecurlyClient:
        account = account_of(options.pop("url", control.url), options.pop("credential", KEY))
        return RecurlyClient(account, **options)

    async def told(self, client: Any, body: str) -> FailedPayment | None:
        """It only points at the transaction."""
        uuid = RecurlyNotification.model_validate(loads(body.encode())).points_at
        assert uuid is not None
        return await pointed_at(client, "default", uuid)

    def listed(self, *rows: dict[str, Any], more: bool = False) -> dict[str, Any]:
        return {"object": "list", "data": list(rows), "has_more": more, "next": None}


CONTRACT = TestRecurlyContract()


@pytest.fixture
async def recurly(simulators: Control) -> AsyncIterator[RecurlyClient]:
    client = RecurlyClient(account_of(simulators.url))
    yield client
    await client.aclose()


async def test_an_invoice_says_what_is_due_why_and_where(simulators: Control, recurly: RecurlyClient) -> None:
    fail(simulators, "recurly", at=LONG_AGO - timedelta(days=3))
    fail(simulators, "recurly", why="expired_card")
    customer = simulators.ask("GET", f"recurly/invoices/{INVOICE}")["customer"]
    row = next(each for each in simulators.customers() if each.external_id == customer)
    found = await CONTRACT.now(recurly)
    assert found is not None
    assert found.model_dump(exclude={"due"}) == {
        "id": INVOICE,
        "number": INVOICE,
        "status": "open",
        "paid_at": None,
        "attempts": 2,
        "next_attempt_at": None,
        "reason": "Your card has expired.",
        "link": f"{simulators.url}/recurly/invoices/{INVOICE}",
        "pay_link": None,
        "customer_external_id": customer,
        "email": row.email,
        "customer_name": row.company,
    }


async def test_a_link_that_signs_in_is_given_where_it_is_wanted(simulators: Control) -> None:
    fail(simulators, "recurly")
    page = f"{simulators.url}/recurly/account/billing_info/edit?ht=token-of-1"
    for key, more, link in (
        (KEY, {"login_links": True}, page),
        (KEY, {"login_links": True, "subdomain": ""}, None),
        ("recurly-no-accounts", {"login_links": True}, None),
    ):
        client = RecurlyClient(account_of(simulators.url, key, **more))
        found = await CONTRACT.now(client)
        assert found is not None
        assert found.pay_link == link
        await client.aclose()
    change(simulators, "recurly", INVOICE, "pay", send=False)
    client = RecurlyClient(account_of(simulators.url, login_links=True))
    found = await CONTRACT.now(client)
    assert found is not None
    assert found.pay_link is None
    await client.aclose()


async def test_what_a_notification_points_at_may_be_no_failed_payment(
    simulators: Control, recurly: RecurlyClient
) -> None:
    assert await pointed_at(recurly, "default", "ch_1_0_0") is None  # it went well
    assert await pointed_at(recurly, "default", "ch_999999_0_0") is None
    assert await pointed_at(recurly, "default", "") is None
    simulators.fault("recurly", "status", status=200, body={"id": "x", "created_at": "jane@acme.example"})
    with pytest.raises(Rejected, match="created_at") as caught:
        await pointed_at(recurly, "default", "ch_1_0_0")
    assert "jane" not in str(caught.value)


async def test_payments_that_went_well_are_left_out(simulators: Control, recurly: RecurlyClient) -> None:
    fail(simulators, "recurly")
    change(simulators, "recurly", INVOICE, "pay", at=LONG_AGO, send=False)
    found = await CONTRACT.page(recurly)
    assert [event.invoice for event in found.events] == [INVOICE]
    assert found.unreadable == []


@pytest.mark.parametrize(
    "next", [None, "", "https://evil.example/transactions?cursor=1", "//evil.example/transactions?c=1",
             "/accounts?cursor=1", "/transactions?c=1 HTTP/1.1\r\nX: 1", "/transactions?" + "x" * 3_000]
)  # fmt: skip
async def test_a_list_that_leads_elsewhere_is_not_followed(
    simulators: Control, recurly: RecurlyClient, next: str | None
) -> None:
    body = {"object": "list", "data": [], "has_more": True, "next": next}
    simulators.fault("recurly", "status", status=200, body=body)
    with pytest.raises(Unavailable, match="not where"):
        await CONTRACT.page(recurly)
    with pytest.raises(Rejected):
        await CONTRACT.page(recurly, cursor=f"{int(NOW.timestamp())}:{next}")
    assert len(simulators.calls("recurly")) == 1


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        ({"status": 401}, Unauthorized, "unauthorized"),
        ({"status": 403}, Unauthorized, "a key that may read"),
        ({"status": 400}, Rejected, "bad_request"),
        ({"status": 409}, Unavailable, "simultaneous_request"),
        ({"status": 422}, Rejected, "validation"),
        ({"status": 429}, RateLimited, "rate_limited"),
        ({"status": 400, "body": {"type": "validation", "message": "unwrapped"}}, Rejected, "unwrapped"),
        ({"status": 404, "body": "<html>jane@acme.example</html>"}, Unavailable, "maintenance"),
        ({"status": 404, "body": {"message": "a proxy says it in JSON"}}, Unavailable, "maintenance"),
        ({"status": 302, "body": "moved"}, Unavailable, "302"),
        ({"status": 200, "body": "<html>a login page</html>"}, Unavailable, "no JSON object"),
        ({"status": 200, "body": {"number": ["x"], "state": "open"}}, Rejected, "another shape"),
    ],
)
async def test_each_refusal_says_what_is_to_be_done(
    simulators: Control,
    recurly: RecurlyClient,
    rule: dict[str, Any],
    error: type[IntegrationError],
    says: str,
) -> None:
    simulators.fault("recurly", "status", **rule)
    with pytest.raises(error, match=says) as caught:
        await CONTRACT.now(recurly)
    assert type(caught.value) is error
    assert "jane" not in str(caught.value)
    assert len(simulators.calls("recurly")) == 1


@pytest.mark.parametrize(
    ("ends_in", "headers", "least", "most"),
    [(40, {}, 1, 40), (40, {"Retry-After": "7"}, 7, 7), (-40, {}, 0, 0)],
)
def test_a_limit_says_when_it_ends(ends_in: int, headers: dict[str, str], least: float, most: float) -> None:
    reset = {"X-RateLimit-Reset": str(int(time.time()) + ends_in)}
    answer = Reply(429, reset | headers, b'{"error": {"type": "rate_limited", "message": "x"}}')
    error = error_of(Call("recurly", "read"), answer)
    assert isinstance(error, RateLimited)
    assert error.retry_after is not None
    assert least <= error.retry_after.total_seconds() <= most


@pytest.mark.parametrize("reset", ["soon", "", "-5", "9" * 40])
def test_an_odd_end_of_a_limit_is_none(reset: str) -> None:
    error = error_of(Call("recurly", "read"), Reply(429, {"X-RateLimit-Reset": reset}, b""))
    assert isinstance(error, RateLimited)
    assert error.retry_after is None


async def test_the_version_is_sent_with_each_call(simulators: Control, recurly: RecurlyClient) -> None:
    """Without it Recurly refuses, and so does its simulator."""
    assert await CONTRACT.now(recurly)


async def test_the_simulators_webhook_is_proven(simulators: Control) -> None:
    told, now = fail(simulators, "recurly"), datetime.now(UTC)
    body, account = told["body"].encode(), account_of(simulators.url)
    assert proven(account, told["headers"], body, now)
    assert not proven(account, told["headers"], body + b" ", now)
    for off in (timedelta(seconds=310), timedelta(seconds=-310)):
        assert not proven(account, told["headers"], body, now + off)
    assert proven(
        account_of(simulators.url, signing_secrets="new,recurly-demo-secret"), told["headers"], body, now
    )
    assert not proven(account_of(simulators.url, signing_secrets=""), told["headers"], body, now)


async def test_doctor_says_what_a_key_may(simulators: Control) -> None:
    accounts = {
        "default": account_of(simulators.url),
        "emea": account_of(simulators.url, "recurly-no-accounts", webhook_secrets="", subdomain=""),
        "apac": account_of(simulators.url, "recurly-accounts-only", signing_secrets="", subdomain="other"),
        "latam": account_of("http://127.0.0.1:9", subdomain=""),
        "mena": account_of(simulators.url, subdomain=""),
    }
    found = [each async for each in recurly_findings(accounts, [*accounts][:3])]
    said = {each.what: each for each in found}
    assert [each.state for each in found[:4]] == [State.OK] * 4
    assert said["Recurly default site"].detail == "acme, sandbox"
    assert said["Recurly emea site"].state is State.WARNING
    assert said["Recurly emea invoices"].state is State.OK
    assert said["webhook of Recurly emea"].state is State.OFF
    assert said["Recurly apac site"].detail == "acme there, and other in RECURLY__APAC__SUBDOMAIN"
    assert said["Recurly apac invoices"].state is State.FAULT
    assert "SIGNING_SECRETS" in said["webhook of Recurly apac"].to_do
    assert "nothing answers" in said["Recurly latam"].detail
    assert said["Recurly mena site"].to_do == "Set RECURLY__MENA__SUBDOMAIN=acme."
    assert not any("recurly-" in each.detail + each.to_do for each in found)
    assert [each.state async for each in recurly_findings({}, [])] == [State.OFF]


def test_a_subdomain_is_named_alone() -> None:
    with pytest.raises(ValueError, match="the subdomain alone"):
        account_of("http://127.0.0.1:9", subdomain="acme.recurly.com")
    account = RecurlyAccount.model_validate({"api_key": "x", "subdomain": "acme"})
    assert account.page("/invoices/1") == "https://acme.recurly.com/invoices/1"
