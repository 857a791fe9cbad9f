"""Faults of Stripe's library that we meet, each beside its guard."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import stripe

from clients.kit.errors import Rejected, Unavailable
from clients.stripe.client import StripeClient
from clients.stripe.settings import StripeAccount
from clients.stripe.webhooks import proven
from tests.contracts.scripted import Reply, ScriptedServer

KEY = "rk_test_secret_of_the_tests"
INVOICE = {"object": "invoice", "id": "in_1", "status": "open"}
PAGE = "<html>Sorry, jane@acme.example</html>"


@asynccontextmanager
async def librarys(url: str) -> AsyncIterator[stripe.StripeClient]:
    """As its documentation has it."""
    http = stripe.HTTPXClient(timeout=2)
    try:
        yield stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=http)
    finally:
        await http.close_async()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def ours(url: str) -> AsyncIterator[StripeClient]:
    client = StripeClient(account(url))
    try:
        yield client
    finally:
        await client.aclose()


def account(url: str = "http://127.0.0.1:9", **more: Any) -> StripeAccount:
    return StripeAccount.model_validate({"api_key": KEY, "base_url": url, **more})


async def test_a_page_of_a_proxy_is_quoted_whole_and_loses_its_wait() -> None:
    with ScriptedServer(Reply(PAGE, 503, {"Retry-After": "7"}, "text/html")) as server:
        async with librarys(server.url) as library:
            with pytest.raises(stripe.APIError, match=r"jane@acme\.example") as raised:
                await library.v1.invoices.retrieve_async("in_1")
        assert "Retry-After" not in (raised.value.headers or {})
        async with ours(server.url) as client:
            with pytest.raises(Unavailable) as error:
                await client.invoice("in_1")
    assert "jane" not in str(error.value)
    assert error.value.retry_after == timedelta(seconds=7)


async def test_a_notice_of_stripe_is_a_warning() -> None:
    with ScriptedServer(Reply(INVOICE, headers={"Stripe-Notice": "hello"})) as server:
        async with librarys(server.url) as library:
            with pytest.warns(UserWarning, match="hello"):
                await library.v1.invoices.retrieve_async("in_1")
        async with ours(server.url) as client:
            assert await client.invoice("in_1")  # warnings are errors in tests


async def test_what_runs_here_is_told_to_stripe() -> None:
    with ScriptedServer(Reply(INVOICE)) as server:
        async with librarys(server.url) as library, ours(server.url) as client:
            await library.v1.invoices.retrieve_async("in_1")
            await client.invoice("in_1")
        first, second = server.seen
    assert {name.lower() for name in first.headers} - {name.lower() for name in second.headers} == {
        "x-stripe-client-user-agent"
    }
    assert second.headers["User-Agent"] == "Mogulflow"
    assert second.headers["Stripe-Version"] == first.headers["Stripe-Version"]
    assert second.headers["Authorization"] == f"Bearer {KEY}"


async def test_an_answer_without_an_end_is_read_on_and_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clients.stripe.library.MOST_BYTES", 10_000)
    with ScriptedServer(Reply(INVOICE | {"description": "x" * 20_000})) as server:
        async with librarys(server.url) as library:
            found = await library.v1.invoices.retrieve_async("in_1")
            assert len(found.description or "") == 20_000
        async with ours(server.url) as client:
            with pytest.raises(Rejected, match="longer"):
                await client.invoice("in_1")


async def test_parts_within_parts_may_end_in_any_error() -> None:
    deep: Any = "here"
    for _ in range(400):
        deep = {"deeper": deep}
    with ScriptedServer(Reply(INVOICE | {"metadata": deep})) as server:
        async with librarys(server.url) as library:
            with pytest.raises(RecursionError):
                await library.v1.invoices.retrieve_async("in_1")
        async with ours(server.url) as client:
            with pytest.raises(Rejected, match="another shape"):
                await client.invoice("in_1")


def signed(body: bytes, secret: str = "whsec_1", at: float | None = None) -> str:
    stamp = int(time.time() if at is None else at)
    return str(stripe.WebhookSignature.generate_signature_header(body.decode(), secret, timestamp=stamp))


def test_the_librarys_own_signature_is_proven() -> None:
    body, now = json.dumps({"id": "evt_1", "name": "Zoë"}).encode(), datetime.now(UTC)
    given = account(signing_secrets="whsec_1")
    assert proven(given, {"Stripe-Signature": signed(body)}, body, now)


def test_letters_that_no_signature_has_end_in_a_type_error() -> None:
    body = b"{}"
    proof = f"{signed(body)},v1=é"
    with pytest.raises(TypeError):
        stripe.WebhookSignature.verify_header(body, proof.replace("v1=", "v1=é", 1), "whsec_1")
    given = account(signing_secrets="whsec_1")
    assert not proven(given, {"Stripe-Signature": proof}, body, datetime.now(UTC))


def test_bytes_that_are_no_text_end_in_a_decode_error() -> None:
    with pytest.raises(UnicodeDecodeError):
        stripe.WebhookSignature.verify_header(b"\xff", signed(b""), "whsec_1")
    given = account(signing_secrets="whsec_1")
    assert not proven(given, {"Stripe-Signature": signed(b"")}, b"\xff", datetime.now(UTC))


def test_a_signature_of_tomorrow_is_taken() -> None:
    """So that who once saw a secret could sign for all days to come."""
    body, tomorrow = b"{}", time.time() + 86_400
    proof = signed(body, at=tomorrow)
    assert stripe.WebhookSignature.verify_header(body, proof, "whsec_1", tolerance=300)
    given = account(signing_secrets="whsec_1")
    assert not proven(given, {"Stripe-Signature": proof}, body, datetime.now(UTC))
