"""Stripe's library made safe: our own HTTP beneath it, and each fault of it that we meet guarded here
(tests/contracts/test_stripe_library.py shows fault and guard side by side). It takes a while to import: where
no Stripe is connected, nothing imports this module."""

import logging
from collections.abc import Awaitable, Mapping
from typing import Any

import stripe
from stripe.params import EventListParams, InvoiceRetrieveParams

from clients.kit.http import Call
from clients.kit.rest import NO_ANSWERS, Reply, answer_to, http_client, told
from clients.kit.stretches import MOST_BYTES, Stretch
from clients.stripe.errors import NotOfStripe, error_of
from clients.stripe.settings import StripeAccount
from models.stripe import STRIPE_TYPES

# At INFO it logs what Stripe says of a refusal, at DEBUG whole answers.
logging.getLogger("stripe").setLevel(logging.WARNING)

# Else it writes a file beside the user's settings, and sends what is in it with each call.
stripe.enable_telemetry = False

NOT_PASSED_ON = ("stripe-notice",)
"""Of an answer's headers: the library makes a warning of it, which is an error where warnings are."""

NOT_SENT = ("X-Stripe-Client-User-Agent", "X-Stripe-Client-Telemetry")
"""What machine we run on, and what else runs there, is no business of Stripe's."""

USER_AGENT = "Mogulflow"


class GuardedHttp(stripe.HTTPClient):
    """The library's own clients for httpx and aiohttp read answers without an end, and have no time-out for
    the whole of one. And it takes any answer for one of Stripe's: a page of HTML becomes an error that quotes
    it whole and has lost its headers."""

    name = "httpx"

    def __init__(self, timeout_seconds: float) -> None:
        super().__init__()
        self._seconds = timeout_seconds
        self._http = http_client(timeout_seconds)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """Raises NotOfStripe, and what `clients.kit.rest.told` translates."""
        sent = {name: value for name, value in headers.items() if name not in NOT_SENT}
        sent["User-Agent"] = USER_AGENT
        reply = await answer_to(
            self._http,
            method.upper(),
            url,
            seconds=self._seconds,
            most_bytes=MOST_BYTES,
            headers=sent,
            content=post_data or None,
        )
        if not _is_of_stripe(reply):
            raise NotOfStripe(reply.status, reply.headers.get("Retry-After"))
        kept = {n.lower(): v for n, v in reply.headers.items() if n.lower() not in NOT_PASSED_ON}
        return reply.content, reply.status, kept

    async def close_async(self) -> None:
        await self._http.aclose()


class Library:
    """The calls that we make, each once: answers as they came. Raises IntegrationError."""

    def __init__(self, account: StripeAccount, timeout_seconds: float) -> None:
        self._url, self._http = account.base_url.rstrip("/"), GuardedHttp(timeout_seconds)
        self._api = stripe.StripeClient(
            account.api_key.get_secret_value(),
            base_addresses={"api": self._url},
            max_network_retries=0,
            http_client=self._http,
        ).v1

    async def aclose(self) -> None:
        await self._http.close_async()

    async def invoice(self, call: Call, id: str, expand: list[str]) -> dict[str, Any]:
        more: InvoiceRetrieveParams = {"expand": expand} if expand else {}
        return await self._said(call, self._api.invoices.retrieve_async(id, more))

    async def failed_payments(self, call: Call, stretch: Stretch, page_size: int) -> dict[str, Any]:
        asked: EventListParams = {
            "types": list(STRIPE_TYPES),
            "created": {"gte": stretch.since, "lt": stretch.until},
            "limit": page_size,
        }
        if stretch.after:
            asked["starting_after"] = stretch.after
        return await self._said(call, self._api.events.list_async(asked))

    async def page(self, call: Call, objects: str, query: Mapping[str, Any], of: str) -> dict[str, Any]:
        """Of any list, `invoices.line_items` of the invoice `of` say."""
        service: Any = self._api
        for name in objects.split("."):
            service = getattr(service, name)
        asked = service.list_async(of, dict(query)) if of else service.list_async(dict(query))
        return await self._said(call, asked)

    async def one(self, call: Call, objects: str, id: str, expand: list[str]) -> dict[str, Any]:
        more = {"expand": expand} if expand else {}
        return await self._said(call, getattr(self._api, objects).retrieve_async(id, more))

    async def first_invoice(self, call: Call) -> None:
        await self._said(call, self._api.invoices.list_async({"limit": 1}))

    async def first_event(self, call: Call) -> None:
        await self._said(call, self._api.events.list_async({"limit": 1}))

    async def first_intent(self, call: Call) -> None:
        await self._said(call, self._api.payment_intents.list_async({"limit": 1}))

    async def _said(self, call: Call, work: Awaitable[stripe.StripeObject]) -> dict[str, Any]:
        with told(call, self._url):
            try:
                said: dict[str, Any] = (await work).to_dict()
            except NO_ANSWERS:
                raise
            except Exception as error:
                raise error_of(call, error) from None  # it may hold the key, and the whole answer
        return said


def has_signed(secret: str, proof: str, body: bytes) -> bool:
    """Of a webhook, whenever that was. `proof` is ASCII."""
    try:
        return bool(stripe.WebhookSignature.verify_header(body, proof, secret, tolerance=None))
    except (stripe.SignatureVerificationError, ValueError):  # also of a body that is no UTF-8
        return False


def _is_of_stripe(reply: Reply) -> bool:
    return bool(reply.fields) if reply.is_good else isinstance(reply.fields.get("error"), dict)
