"""Chargebee: does each account's site answer with its key, and may the key read what is needed?"""

from collections.abc import AsyncIterator, Collection, Mapping

from clients.chargebee.client import ChargebeeClient
from clients.chargebee.errors import KEYS, RIGHTS
from clients.chargebee.settings import ChargebeeAccount
from clients.kit.billing import billing_findings
from clients.kit.errors import IntegrationError, Unauthorized
from clients.kit.findings import failed
from models.findings import Finding, State

NEEDED = {
    "invoices": State.FAULT,
    "events": State.FAULT,
    "transactions": State.WARNING,
    "customers": State.WARNING,
}
"""What the key lists; without the last two no more than a reason or a name is missing."""

WEBHOOKS = "Settings, Configure Chargebee, API Keys and Webhooks, Webhooks, with basic authentication"


def chargebee_findings(
    accounts: Mapping[str, ChargebeeAccount], known: Collection[str]
) -> AsyncIterator[Finding]:
    """`known` are ChartMogul's accounts."""
    return billing_findings(
        "chargebee", accounts, known, _of_key, missing_proof=_missing_proof, place=WEBHOOKS
    )


def _missing_proof(account: ChargebeeAccount) -> str:
    proof = {"WEBHOOK_USER": account.webhook_user, "WEBHOOK_PASSWORD": account.webhook_password}
    return next((each for each, value in proof.items() if not value), "")


async def _of_key(name: str, account: ChargebeeAccount) -> AsyncIterator[Finding]:
    variable, what = f"CHARGEBEE__{name.upper()}__API_KEY", f"Chargebee {name}"
    client = ChargebeeClient(account)
    try:
        for objects, without in NEEDED.items():
            try:
                await client.check(objects)
            except Unauthorized as error:
                yield Finding(f"{what} {objects}", without, str(error), f"{RIGHTS} Set {variable} to it.")
            except IntegrationError as error:
                yield failed(what, error, f"Set {variable} and CHARGEBEE__{name.upper()}__SITE: {KEYS}.")
                return
            else:
                yield Finding(f"{what} {objects}", State.OK, f"site {account.site}")
    finally:
        await client.aclose()
