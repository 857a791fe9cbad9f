"""Stripe: does it answer with each account's key, and does the key have the rights that are needed?"""

from collections.abc import AsyncIterator, Collection, Mapping

from clients.kit.billing import billing_findings
from clients.kit.errors import IntegrationError, Unauthorized
from clients.kit.findings import failed
from clients.stripe.client import StripeClient
from clients.stripe.rights import RIGHTS
from clients.stripe.settings import StripeAccount
from models.findings import Finding, State

RESTRICTED = "rk_"
NO_KEY = {"pk_": "a publishable key", "whsec_": "a signing secret of a webhook"}
KEYS = "Developers, API keys, Create restricted key"
WEBHOOKS = (
    "Workbench, Webhooks, Event destination, invoice.payment_failed and invoice.payment_action_required"
)


def stripe_findings(accounts: Mapping[str, StripeAccount], known: Collection[str]) -> AsyncIterator[Finding]:
    """`known` are ChartMogul's accounts."""
    return billing_findings("stripe", accounts, known, _of_key, missing_proof=_missing_proof, place=WEBHOOKS)


def _missing_proof(account: StripeAccount) -> str:
    return "" if account.signing_secrets else "SIGNING_SECRETS"


async def _of_key(name: str, account: StripeAccount) -> AsyncIterator[Finding]:
    what, variable = f"Stripe {name}", f"STRIPE__{name.upper()}__API_KEY"
    key = account.api_key.get_secret_value()
    for start, kind in NO_KEY.items():
        if key.startswith(start):
            yield Finding(what, State.FAULT, f"{variable} is {kind}", f"Make a key: {KEYS}.")
            return
    client = StripeClient(account)
    try:
        async for finding in _of_rights(what, variable, client):
            yield finding
    finally:
        await client.aclose()
    if not key.startswith(RESTRICTED):
        advice = f"Make one that reads alone, {', '.join(RIGHTS.values())}: {KEYS}."
        yield Finding(f"{what} key", State.WARNING, "it may do everything, and need not", advice)


async def _of_rights(what: str, variable: str, client: StripeClient) -> AsyncIterator[Finding]:
    """Without the last one only the reason of a failure is missing."""
    for objects, check, without in (
        ("invoices", client.check_invoices, State.FAULT),
        ("events", client.check_events, State.FAULT),
        ("reasons", client.check_intents, State.WARNING),
    ):
        try:
            await check()
        except Unauthorized as error:
            advice = f"Set {variable}, or its rights: {KEYS}."
            yield Finding(f"{what} {objects}", without, str(error), advice)
        except IntegrationError as error:
            yield failed(what, error, f"Set {variable}.")
            return
        else:
            yield Finding(f"{what} {objects}", State.OK)
