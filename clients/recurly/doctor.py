"""Recurly: does each account's site answer with its key, and are links and webhook set up?"""

from collections.abc import AsyncIterator, Collection, Mapping

from clients.kit.billing import billing_findings
from clients.kit.errors import IntegrationError, Unauthorized
from clients.kit.findings import failed
from clients.recurly.client import RecurlyClient
from clients.recurly.errors import KEYS, RIGHTS
from clients.recurly.settings import RecurlyAccount
from models.findings import Finding, State

NEEDED = ("invoices", "transactions")
WEBHOOKS = "Integrations, Webhooks, Configure, a JSON endpoint with Failed Payment"


def recurly_findings(
    accounts: Mapping[str, RecurlyAccount], known: Collection[str]
) -> AsyncIterator[Finding]:
    """`known` are ChartMogul's accounts."""
    return billing_findings("recurly", accounts, known, _of_key, missing_proof=_missing_proof, place=WEBHOOKS)


def _missing_proof(account: RecurlyAccount) -> str:
    return "" if account.signing_secrets else "SIGNING_SECRETS"


async def _of_key(name: str, account: RecurlyAccount) -> AsyncIterator[Finding]:
    what, variable = f"Recurly {name}", f"RECURLY__{name.upper()}__"
    client = RecurlyClient(account)
    try:
        yield await _of_site(what, variable, account, client)
        for objects in NEEDED:
            try:
                await client.check(objects)
            except Unauthorized as error:
                yield Finding(
                    f"{what} {objects}", State.FAULT, str(error), f"{RIGHTS} Set {variable}API_KEY."
                )
            except IntegrationError as error:
                yield failed(what, error, f"Set {variable}API_KEY: {KEYS}.")
                return
            else:
                yield Finding(f"{what} {objects}", State.OK)
    finally:
        await client.aclose()


async def _of_site(what: str, variable: str, account: RecurlyAccount, client: RecurlyClient) -> Finding:
    """Its name is what links are made of. A key may list invoices and no sites."""
    what = f"{what} site"
    try:
        site = await client.site()
    except IntegrationError as error:
        return Finding(
            what, State.WARNING, str(error), f"Set {variable}SUBDOMAIN for links, and look yourself."
        )
    name, own = site.subdomain or "", account.subdomain
    if own and name and own.lower() != name.lower():
        return Finding(what, State.WARNING, f"{name} there, and {own} in {variable}SUBDOMAIN", "Correct it.")
    if not own:
        return Finding(what, State.WARNING, "messages have no links", f"Set {variable}SUBDOMAIN={name}.")
    return Finding(what, State.OK, f"{name}, {site.mode}" if site.mode else name)
