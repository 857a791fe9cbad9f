"""Chargebee: the contract, invoices as they are now, failed payments without a gap, and proven webhooks."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from activities.chargebee import ChargebeeActivities
from clients.chargebee.client import ChargebeeClient
from clients.chargebee.doctor import chargebee_findings
from clients.chargebee.settings import ChargebeeAccount
from clients.chargebee.webhooks import proven
from clients.kit.errors import IntegrationError, RateLimited, Rejected, Unauthorized, Unavailable
from models.chargebee import ChargebeeEvent, from_chargebee
from models.chartmogul_values import loads
from models.events import FailedPayment
from models.findings import State
from simulators.chargebee.api import KEY
from simulators.kit.control import Control
from tests.contracts.billing import INVOICE, LONG_AGO, NOW, BillingContract, fail


def account_of(url: str, key: str = KEY, **more: Any) -> ChargebeeAccount:
    given = {
        "site": "acme-test",
        "api_key": key,
        "base_url": f"{url}/chargebee/api/v2",
        "web_url": f"{url}/chargebee",
        "webhook_secrets": "a-long-part-of-the-url",
        "webhook_user": "chargebee",
        "webhook_password": "cb-demo-password",
    }
    return ChargebeeAccount.model_validate(given | more)


class TestChargebeeContract(BillingContract):
    system = "chargebee"
    steps = ChargebeeActivities
    read_path = f"/v2/invoices/{INVOICE}$"
    list_path = "/v2/events"
    answer = {"invoice": {"id": INVOICE, "status": "paid", "brand_new": {"deep": [1]}}, "brand_new": 1}
    wrong_answer = {"invoice": {"id": INVOICE, "status": "asleep"}}

    def connect(self, control: Control, **options: Any) -> ChargebeeClient:
        account = account_of(options.pop("url", control.url), options.pop("credential", KEY))
        return ChargebeeClient(account, **options)

    async def told(self, client: Any, body: str) -> FailedPayment:
        return from_chargebee(ChargebeeEvent.model_validate(loads(body.encode())), "default")

    def listed(self, *rows: dict[str, Any], more: bool = False) -> dict[str, Any]:
        return {"list": [{"event": row} for row in rows]} | ({"next_offset": 7} if more else {})


CONTRACT = TestChargebeeContract()


@pytest.fixture
async def chargebee(simulators: Control) -> AsyncIterator[ChargebeeClient]:
    client = ChargebeeClient(account_of(simulators.url))
    yield client
    await client.aclose()


async def test_an_invoice_says_what_is_due_why_and_where(
    simulators: Control, chargebee: ChargebeeClient
) -> None:
    fail(simulators, "chargebee", at=LONG_AGO - timedelta(days=3))
    fail(simulators, "chargebee", why="expired_card")
    customer = simulators.ask("GET", f"chargebee/invoices/{INVOICE}")["customer"]
    row = next(each for each in simulators.customers() if each.external_id == customer)
    found = await CONTRACT.now(chargebee)
    assert found is not None
    assert found.model_dump(exclude={"due"}) == {
        "id": INVOICE,
        "number": INVOICE,
        "status": "open",
        "paid_at": None,
        "attempts": 2,
        "next_attempt_at": LONG_AGO + timedelta(days=3),
        "reason": "Your card has expired.",
        "link": f"{simulators.url}/chargebee/d/invoices/{INVOICE}",
        "pay_link": "https://acme-test.chargebeeportal.com/portal/v2/login",
        "customer_external_id": customer,
        "email": row.email,
        "customer_name": row.company,
    }


async def test_a_key_that_may_read_invoices_alone_leaves_out_name_and_reason(simulators: Control) -> None:
    fail(simulators, "chargebee")
    client = ChargebeeClient(account_of(simulators.url, "test_cb_invoices_only"))
    found = await CONTRACT.now(client)
    assert found is not None
    assert (found.status, found.reason, found.email) == ("open", "", None)
    assert found.customer_name  # of the invoice's address
    await client.aclose()


@pytest.mark.parametrize(
    ("invoice", "status"),
    [
        ({"status": "posted"}, "open"),
        ({"status": "pending"}, "open"),
        ({"status": "not_paid"}, "lost"),
        ({"status": "not_paid", "dunning_status": "stopped"}, "lost"),
        ({"status": "not_paid", "dunning_status": "in_progress"}, "open"),
        ({"status": "paid", "amount_paid": 0, "write_off_amount": 4900}, "lost"),
        ({"status": "paid", "amount_paid": 100, "write_off_amount": 4800}, "paid"),
        ({"status": "paid", "amount_paid": 0, "write_off_amount": 0}, "paid"),
    ],
)
async def test_each_status_means_one_of_four(
    simulators: Control, chargebee: ChargebeeClient, invoice: dict[str, Any], status: str
) -> None:
    body = {"invoice": {"id": INVOICE, "paid_at": 1_700_000_000, **invoice}}
    simulators.fault("chargebee", "status", status=200, body=body)
    found = await CONTRACT.now(chargebee)
    assert found is not None
    assert found.status == status
    assert (found.paid_at is not None) == (status == "paid")


@pytest.mark.parametrize(
    ("rule", "error", "says"),
    [
        ({"status": 401}, Unauthorized, "api_authentication_failed"),
        ({"status": 403}, Unauthorized, "read-only key of the type All"),
        ({"status": 400}, Rejected, "param_wrong_value"),
        ({"status": 409}, Unavailable, "lock_timeout"),
        ({"status": 429}, RateLimited, "api_request_limit_exceeded"),
        (
            {"status": 404, "body": {"api_error_code": "site_not_found", "message": "x"}},
            Rejected,
            "test site",
        ),
        ({"status": 404, "body": "<html>jane@acme.example</html>"}, Unavailable, "maintenance"),
        ({"status": 404, "body": {"message": "a proxy says it in JSON"}}, Unavailable, "maintenance"),
        ({"status": 302, "body": "moved"}, Unavailable, "302"),
        ({"status": 200, "body": "<html>a login page</html>"}, Unavailable, "no JSON object"),
        ({"status": 200, "body": ["no", "object"]}, Unavailable, "no JSON object"),
        ({"status": 200, "body": {"invoices": []}}, Rejected, "another shape"),
    ],
)
async def test_each_refusal_says_what_is_to_be_done(
    simulators: Control,
    chargebee: ChargebeeClient,
    rule: dict[str, Any],
    error: type[IntegrationError],
    says: str,
) -> None:
    simulators.fault("chargebee", "status", **rule)
    with pytest.raises(error, match=says) as caught:
        await CONTRACT.now(chargebee)
    assert type(caught.value) is error
    assert "jane" not in str(caught.value)
    assert len(simulators.calls("chargebee")) == 1


async def test_events_that_may_be_gone_are_told(chargebee: ChargebeeClient) -> None:
    assert (await CONTRACT.page(chargebee, NOW - timedelta(days=100))).gone_before is not None
    assert (await CONTRACT.page(chargebee, NOW - timedelta(days=80))).gone_before is None


async def test_the_simulators_webhook_is_proven(simulators: Control) -> None:
    told, now = fail(simulators, "chargebee"), datetime.now(UTC)
    account = account_of(simulators.url)
    assert proven(account, told["headers"], told["body"].encode(), now)
    for other in ({"webhook_user": ""}, {"webhook_password": ""}, {"webhook_password": "cb-demo-passwor"}):
        assert not proven(account_of(simulators.url, **other), told["headers"], b"", now)


async def test_doctor_says_what_a_key_may(simulators: Control) -> None:
    accounts = {
        "default": account_of(simulators.url),
        "emea": account_of(simulators.url, "test_cb_invoices_only", webhook_secrets=""),
        "apac": account_of(simulators.url, "test_cb_publishable", webhook_password=""),
        "latam": account_of("http://127.0.0.1:9"),
    }
    found = [each async for each in chargebee_findings(accounts, ["default", "emea", "apac"])]
    said = {each.what: each for each in found}
    assert [each.state for each in found[:5]] == [State.OK] * 5
    assert said["Chargebee emea invoices"].detail == "site acme-test"
    assert said["Chargebee emea customers"].state is State.WARNING
    assert said["webhook of Chargebee emea"].state is State.OFF
    assert said["Chargebee apac invoices"].state is State.FAULT
    assert "WEBHOOK_PASSWORD" in said["webhook of Chargebee apac"].to_do
    assert "no ChartMogul account latam" in found[-3].detail
    assert "nothing answers" in found[-2].detail
    assert not any("cb-demo" in each.detail + each.to_do for each in found)
    assert [each.state async for each in chargebee_findings({}, [])] == [State.OFF]


@pytest.mark.parametrize("site", ["", "acme.chargebee.com", "https://acme", "a/b", "a@b"])
def test_a_site_is_named_by_its_name_alone(site: str) -> None:
    with pytest.raises(ValueError, match="the site's name alone"):
        account_of("http://127.0.0.1:9", site=site)


def test_addresses_are_those_of_the_site() -> None:
    account = ChargebeeAccount.model_validate({"site": "acme", "api_key": "live_x"})
    assert account.at_site(account.base_url) == "https://acme.chargebee.com/api/v2"
    assert account.at_site(account.portal_url).startswith("https://acme.chargebeeportal.com/")
