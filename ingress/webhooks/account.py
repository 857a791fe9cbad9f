"""Whose webhook it is: the secret in the URL says so. ChartMogul's has no other proof."""

import hmac
from collections.abc import Mapping, Sequence

from pydantic import SecretStr


def account_of(secret: str, secrets: Mapping[str, Sequence[SecretStr]]) -> str | None:
    """The account whose secret this is. Compares with all, so that time tells nothing."""
    found = None
    for account, known in secrets.items():
        for each in known:
            if hmac.compare_digest(each.get_secret_value().encode(), secret.encode()):
                found = account
    return found
