"""Salesforce: does it answer, and are the fields of our keys, of the routes and the fallback owners there?"""

from collections.abc import AsyncIterator

from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from clients.salesforce.client import SalesforceClient
from clients.salesforce.settings import Salesforce
from models.findings import Finding, State
from models.routes import Routes
from models.salesforce import OwnerQuery
from models.templates.template import Names

NEW_TASK_FIELD = (
    "Setup, Object Manager, Activity, Fields & Relationships, New: Text, length 255, API name {name}; tick"
    " Unique (case-sensitive) and External ID; let the integration user edit it."
)
NEW_ACCOUNT_FIELD = (
    "Setup, Object Manager, Account, Fields & Relationships, New: Text, length 64, API name {name}; tick"
    " Unique (case-sensitive) and External ID; fill it with ChartMogul's customer uuid."
)


async def salesforce_findings(connection: Salesforce | None, routes: Routes) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding(
            "Salesforce", State.OFF, "its steps are skipped", "Set SALESFORCE__INSTANCE_URL and others."
        )
        return
    client = SalesforceClient(connection)
    try:
        task = await client.describe("Task")
        account = await client.describe("Account")
        yield Finding("Salesforce", State.OK, connection.instance_url)
        yield _key_field(task, connection.task_key_field, NEW_TASK_FIELD)
        yield _key_field(account, connection.account_key_field, NEW_ACCOUNT_FIELD)
        for finding in _mapped_fields(task, routes):
            yield finding
        async for finding in _fallback_owners(client, routes):
            yield finding
    except IntegrationError as error:
        advice = "Check the External Client App: client credentials flow on, a run-as user, scope api."
        yield failed("Salesforce", error, advice)
    finally:
        await client.aclose()


def _key_field(description: dict[str, object], name: str, advice: str) -> Finding:
    what = f"{description['name']}.{name}"
    field = _fields(description).get(name)
    if field is None:
        return Finding(
            what, State.FAULT, "not there, or hidden from the integration user", advice.format(name=name)
        )
    if not (field.get("externalId") and field.get("unique")):
        return Finding(what, State.FAULT, "must be External ID and Unique", advice.format(name=name))
    return Finding(what, State.OK, "External ID, unique")


def _mapped_fields(task: dict[str, object], routes: Routes) -> list[Finding]:
    """Each Task field that a route names must be there for us to write."""
    known = _fields(task)
    named = routes.named(Names.SALESFORCE_TASK_FIELD)
    missing = sorted(name for name in named if not known.get(name, {}).get("createable"))
    advice = "Create the field, give the integration user the right to edit it, or take it out of the route."
    return [Finding(f"Task.{name}", State.FAULT, "not writable", advice) for name in missing]


def _fields(description: dict[str, object]) -> dict[str, dict[str, object]]:
    fields = description.get("fields")
    return {each["name"]: each for each in fields} if isinstance(fields, list) else {}


async def _fallback_owners(client: SalesforceClient, routes: Routes) -> AsyncIterator[Finding]:
    for email in sorted(routes.named(Names.SALESFORCE_USER)):
        owner = await client.account_owner(OwnerQuery(customer_uuid="doctor", fallback_email=email or None))
        if owner.owner_id:
            yield Finding("fallback owner", State.OK, email)
        else:
            advice = (
                "Name an active user in `task.fallback_owner`; else such tasks go to the integration user."
            )
            yield Finding("fallback owner", State.WARNING, email or "none set", advice)
