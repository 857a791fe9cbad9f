"""Chargebee's own proof of a webhook: the user and password of its endpoint. It signs nothing."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from pydantic import SecretStr

from clients.kit.webhooks import proof_in

HEADER = "authorization"


class WithPassword(Protocol):
    """What an account's settings say of its webhook."""

    webhook_user: str
    webhook_password: SecretStr


def proven(account: WithPassword, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether user and password are the endpoint's. Without both in the settings nothing is proven. Body and
    time prove nothing here: a delivery that somebody has seen can be sent again."""
    password = account.webhook_password.get_secret_value()
    scheme, _, encoded = proof_in(headers, HEADER).partition(" ")
    try:
        given = base64.b64decode(encoded, validate=True)
    except binascii.Error:
        given = b""
    right = hmac.compare_digest(given, f"{account.webhook_user}:{password}".encode())
    return right and scheme.lower() == "basic" and bool(account.webhook_user and password)
