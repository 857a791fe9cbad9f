"""Webhooks of billing systems: the secret in the URL says whose one is, the system proves that it sent it."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from fastapi import Request
from pydantic import SecretStr

from dispatch.deliveries import Delivery
from ingress.webhooks.account import account_of
from ingress.webhooks.body import Refused, read_body
from settings import Settings


class Account(Protocol):
    webhook_secrets: list[SecretStr]

    def proves(self, headers: Mapping[str, str], body: bytes, now: datetime) -> bool: ...


ACCOUNTS: dict[str, Callable[[Settings], Mapping[str, Account]]] = {
    "stripe": lambda settings: settings.stripe,
    "chargebee": lambda settings: settings.chargebee,
    "recurly": lambda settings: settings.recurly,
}
"""By the system's name, which is its parser's, too."""


async def delivery_of(system: str, secret: str, request: Request, settings: Settings) -> Delivery:
    """Raises Refused: 404 for an unknown system or secret, 401 without the system's proof."""
    accounts = ACCOUNTS[system](settings) if system in ACCOUNTS else {}
    account = account_of(secret, {name: each.webhook_secrets for name, each in accounts.items()})
    if account is None:
        raise Refused(404, "No such webhook. Check the secret at the end of the URL.")
    body = await read_body(request)
    if not accounts[account].proves(request.headers, body, datetime.now(UTC)):
        raise Refused(
            401, f"This is not signed by {system}, or by another key. Check its secret in the settings."
        )
    return Delivery(system, account, body)
