"""Stripe: the contract, invoices as they are now, failed payments without a gap, and proven webhooks."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import SecretStr

from activities.stripe import StripeActivities
from clients.kit.errors import IntegrationError, RateLimited, Rejected, Unauthorized, Unavailable
from clients.stripe.client import StripeClient
from clients.stripe.doctor import stripe_findings
from clients.stripe.settings import StripeAccount
from clients.stripe.webhooks import proven
from models.chartmogul_values import loads
from models.events import FailedPayment
from models.findings import State
from models.money import Money
from models.stripe import StripeEvent, from_stripe
from simulators.kit.control import Control
from simulators.stripe.api import EXPIRED, KEY
from tests.contracts.billing import INVOICE, LONG_AGO, BillingContract, fail


def account_of(url: str, key: str = KEY, **more: Any) -> StripeAccount:
    given = {"signing_secrets": "whsec_demo", "webhook_secrets": "a-long-part-of-the-url"} | more
    return StripeAccount.model_validate(
        {"api_key": key, "base_url": f"{url}/stripe", "web_url": f"{url}/stripe", **given}
    )


class TestStripeContract(BillingContract):
    system = "stripe"
    steps = StripeActivities
    read_path = f"/v1/invoices/{INVOICE}"
    list_path = "/v1/events"
    answer = {"object": "invoice", "id": INVOICE, "status": "open", "currency": "usd", "new": {"deep": [1]}}
    wrong_answer = {"object": "invoice", "id": INVOICE, "status": "asleep"}

    def connect(self, control: Control, **options: Any) -> StripeClient:
        account = account_of(options.pop("url", control.url), options.pop("credential", KEY))
        return StripeClient(account, **options)

    async def told(self, client: Any, body: str) -> FailedPayment:
        return from_stripe(StripeEvent.model_validate(loads(body.encode())), "default")

    def listed(self, *rows: dict[str, Any], more: bool = False) -> dict[str, Any]:
        return {"object": "list", "data": list(rows), "has_more": more}

    async def test_two_currencies_without_decimals_have_two(self, simulators: Control, client: Any) -> None:
        minor = fail(simulators, "stripe", currency="ISK")["invoice"]["due"]
        found = await self.now(client)
        assert found is not None
        assert found.due == Money(cents=minor, currency="ISK")


CONTRACT = TestStripeContract()


@pytest.fixture
async def stripe(simulators: Control) -> AsyncIterator[StripeClient]:
    client = StripeClient(account_of(simulators.url))
    yield client
    await client.aclose()


async def test_an_invoice_says_what_is_due_why_and_where(simulators: Control, stripe: StripeClient) -> None:
    fail(simulators, "stripe", why="expired_card")
    customer = simulators.ask("GET", f"stripe/invoices/{INVOICE}")["customer"]
    row = next(each for each in simulators.customers() if each.external_id == customer)
    found = await CONTRACT.now(stripe, INVOICE)
    assert found is not None
    assert found.model_dump(exclude={"due"}) == {
        "id": INVOICE,
        "number": "N1001-0001",
        "status": "open",
        "paid_at": None,
        "attempts": 1,
        "next_attempt_at": LONG_AGO + timedelta(days=3),
        "reason": "Your card has expired. (expired_card)",
        "link": f"{simulators.url}/stripe/test/invoices/{INVOICE}",
        "pay_link": f"{simulators.url}/stripe/i/{INVOICE}",
        "customer_external_id": customer,
        "email": row.email,
        "customer_name": row.company,
    }


async def test_an_invoice_of_the_other_mode_is_not_taken_for_missing(stripe: StripeClient) -> None:
    with pytest.raises(Unauthorized, match="live or test"):
        await CONTRACT.now(stripe, "in_live_1")


async def test_two_reads_at_once_are_both_made_without_the_right_to_intents(simulators: Control) -> None:
    client = StripeClient(account_of(simulators.url, "rk_test_invoices_only"))
    assert all(await asyncio.gather(*(CONTRACT.now(client, INVOICE) for _ in range(4))))
    await client.aclose()


async def test_without_the_right_to_intents_the_reason_alone_is_missing(simulators: Control) -> None:
    client = StripeClient(account_of(simulators.url, "rk_test_invoices_only"))
    fail(simulators, "stripe")
    for _ in range(2):
        found = await CONTRACT.now(client, INVOICE)
        assert found is not None
        assert (found.status, found.reason) == ("open", "")
    assert len(simulators.calls("stripe")) == 3  # the refusal is remembered
    await client.aclose()


@pytest.mark.parametrize(
    ("key", "says"), [("rk_test_events_only", "lacks the right Invoices: Read"), (EXPIRED, "api_key_expired")]
)
async def test_a_key_that_is_refused_is_told_without_it(simulators: Control, key: str, says: str) -> None:
    client = StripeClient(account_of(simulators.url, key))
    with pytest.raises(Unauthorized, match=says) as caught:
        await CONTRACT.now(client, INVOICE)
    assert "rk_test" not in str(caught.value)
    await client.aclose()


@pytest.mark.parametrize(
    ("rule", "error"),
    [
        ({"status": 400}, Rejected),
        ({"status": 409}, Unavailable),
        ({"status": 404, "body": "<html>maintenance</html>"}, Unavailable),
        ({"status": 302, "body": "moved"}, Unavailable),
        ({"status": 200, "body": "<html>a login page</html>"}, Unavailable),
        ({"status": 200, "body": ["no", "object"]}, Unavailable),
        ({"status": 400, "body": {"error": {"code": "rate_limit", "message": "x"}}}, RateLimited),
        ({"status": 400, "body": {"error": {"code": ["x"], "message": {"a": 1}}}}, Rejected),
        ({"status": 200, "body": {"object": "invoice", "id": {"a": 1}, "status": "open"}}, Rejected),
        ({"status": 200, "body": {"object": "list", "data": 7}}, Rejected),
    ],
)
async def test_each_refusal_says_what_is_to_be_done(
    simulators: Control, stripe: StripeClient, rule: dict[str, Any], error: type[IntegrationError]
) -> None:
    simulators.fault("stripe", "status", **rule)
    with pytest.raises(error) as caught:
        await CONTRACT.now(stripe, INVOICE)
    assert type(caught.value) is error
    assert "html" not in str(caught.value)
    assert len(simulators.calls("stripe")) == 1


async def test_events_that_stripe_has_no_more_are_told(stripe: StripeClient) -> None:
    since = timedelta(days=30)
    before = datetime.now(UTC)
    found = await CONTRACT.page(stripe, before - timedelta(days=40))
    assert found.gone_before is not None
    assert before - since <= found.gone_before <= datetime.now(UTC) - since


async def test_the_simulators_webhook_is_proven(simulators: Control) -> None:
    told = fail(simulators, "stripe")
    body = told["body"].encode()
    account = account_of(simulators.url)
    assert proven(account, told["headers"], body, datetime.now(UTC))
    assert not proven(account, told["headers"], body + b" ", datetime.now(UTC))
    for off in (timedelta(seconds=301), timedelta(seconds=-301)):
        assert not proven(account, told["headers"], body, datetime.now(UTC) + off)


async def test_either_of_two_secrets_proves_it_and_none_proves_nothing(simulators: Control) -> None:
    told = fail(simulators, "stripe")
    body, now = told["body"].encode(), datetime.now(UTC)
    for secrets, right in (
        ("whsec_new,whsec_demo", True),
        ("whsec_demo", True),
        ("whsec_new", False),
        ("", False),
    ):
        account = account_of(simulators.url, signing_secrets=secrets)
        assert proven(account, told["headers"], body, now) is right


async def test_doctor_says_what_a_key_may(simulators: Control) -> None:
    accounts = {
        "default": account_of(simulators.url),
        "emea": account_of(simulators.url, "rk_test_invoices_only", webhook_secrets=""),
        "apac": account_of(simulators.url, "pk_live_1", signing_secrets=""),
        "latam": account_of("http://127.0.0.1:9", webhook_secrets="short"),
        "mena": account_of(simulators.url, "sk_test_demo"),
    }
    found = [each async for each in stripe_findings(accounts, [*accounts][:3])]
    said = {each.what: each for each in found}
    assert [each.state for each in found[:4]] == [State.OK] * 4
    assert said["Stripe emea invoices"].state is State.OK
    assert said["Stripe emea events"].state is State.FAULT
    assert "All events: Read" in said["Stripe emea events"].detail
    assert said["Stripe emea reasons"].state is State.WARNING
    assert said["webhook of Stripe emea"].state is State.OFF
    assert "a publishable key" in said["Stripe apac"].detail
    assert "SIGNING_SECRETS" in said["webhook of Stripe apac"].to_do
    assert [each.detail for each in found if each.what == "Stripe latam"] == [
        "there is no ChartMogul account latam",
        "Could not list invoices: nothing answers at http://127.0.0.1:9",
    ]
    assert said["webhook of Stripe latam"].state is State.WARNING
    assert said["Stripe mena key"].state is State.WARNING
    assert not any("demo" in each.detail + each.to_do for each in found)
    assert [each.state async for each in stripe_findings({}, [])] == [State.OFF]


def test_a_key_that_no_header_takes_is_refused_at_the_start() -> None:
    for key in ("rk_live_1\n", "rk live", "rk_é", ""):
        with pytest.raises(ValueError, match="copy the key alone"):
            StripeAccount(api_key=SecretStr(key))
