"""Salesforce: does it answer, and are the fields of our keys, of the routes and the fallback owners there? Of
opportunities that is asked where a route makes them."""

from collections.abc import AsyncIterator, Iterator, Mapping

from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from clients.salesforce.client import SalesforceClient
from clients.salesforce.fields import LIKE
from clients.salesforce.settings import Salesforce
from models.findings import Finding, State
from models.routes import Routes
from models.salesforce import OwnerQuery
from models.spelling import nearest
from models.templates.template import Names

NEW_KEY_FIELD = (
    "Setup, Object Manager, {object}, Fields & Relationships, New: Text, length 255, API name {name}; tick"
    " Unique (case-sensitive) and External ID; let the integration user edit it."
)
NEW_ACCOUNT_FIELD = (
    "Setup, Object Manager, {object}, Fields & Relationships, New: Text, length 64, API name {name}; tick"
    " Unique (case-sensitive) and External ID; fill it with ChartMogul's customer uuid."
)


MEND_FIELD = "Create the field, give the integration user the right to edit it, or take it out of the route."
MEND_LOOK = "Create the field, give the integration user the right to read it, or correct the route."
ADD_VALUE = (
    "Setup, Object Manager, Opportunity, Fields & Relationships, {label}, Values: add it there, or correct"
    " the route."
)
OF_OPPORTUNITIES = {
    Names.SALESFORCE_STAGE: ("StageName", "Stage", State.FAULT),
    Names.SALESFORCE_OPPORTUNITY_TYPE: ("Type", "Type", State.WARNING),
}
"""By what a route names: the field, what Setup calls it, and how bad it is where it lacks the value."""


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
        yield _key_field(task, connection.task_key_field, NEW_KEY_FIELD, "Activity")
        yield _key_field(account, connection.account_key_field, NEW_ACCOUNT_FIELD, "Account")
        for finding in (*_mapped_fields(task, routes), *_looked_up(account, routes)):
            yield finding
        if routes.named(Names.SALESFORCE_STAGE):
            opportunity = await client.describe("Opportunity")
            for finding in _opportunities(opportunity, connection.opportunity_key_field, routes):
                yield finding
        async for finding in _fallback_owners(client, routes):
            yield finding
    except IntegrationError as error:
        advice = "Check the External Client App: client credentials flow on, a run-as user, scope api."
        yield failed("Salesforce", error, advice)
    finally:
        await client.aclose()


def _key_field(description: dict[str, object], name: str, advice: str, object_name: str) -> Finding:
    """`object_name` is what Setup calls it."""
    what, advice = f"{description['name']}.{name}", advice.format(object=object_name, name=name)
    field = _fields(description).get(name)
    if field is None:
        return Finding(what, State.FAULT, "not there, or hidden from the integration user", advice)
    if not (field.get("externalId") and field.get("unique")):
        return Finding(what, State.FAULT, "must be External ID and Unique", advice)
    return Finding(what, State.OK, "External ID, unique")


def _mapped_fields(task: dict[str, object], routes: Routes) -> list[Finding]:
    """Each Task field that a route names must be there for us to write."""
    known = _fields(task)
    named = routes.named(Names.SALESFORCE_TASK_FIELD)
    missing = sorted(name for name in named if not known.get(name, {}).get("createable"))
    return [Finding(f"Task.{name}", State.FAULT, _unwritable(name, known), MEND_FIELD) for name in missing]


def _unwritable(name: str, known: Mapping[str, object]) -> str:
    return "not writable" if name in known else f"not there, or hidden{nearest(name, known, LIKE)}"


def _looked_up(account: dict[str, object], routes: Routes) -> Iterator[Finding]:
    """Fields of the account that routes look for accounts by, or for people. Without one of them the others
    are gone on with."""
    known = _fields(account)
    users = {name: each for name, each in known.items() if "User" in _references(each)}
    for name in sorted(routes.named(Names.SALESFORCE_ACCOUNT_FIELD) - {""}):
        if name not in known:
            yield Finding(f"Account.{name}", State.WARNING, _unwritable(name, known), MEND_LOOK)
        elif not known[name].get("filterable"):
            said = "no account can be looked for by it: Salesforce filters by no field of its type"
            yield Finding(f"Account.{name}", State.WARNING, said, MEND_LOOK)
    for name in sorted(routes.named(Names.SALESFORCE_USER_FIELD) - {""}):
        if name not in known:
            said = f"not there, or hidden{nearest(name, users)}"
            yield Finding(f"Account.{name}", State.WARNING, said, MEND_LOOK)
        elif name not in users:
            yield Finding(
                f"Account.{name}", State.WARNING, f"no look-up to User{nearest(name, users)}", MEND_LOOK
            )


def _references(field: Mapping[str, object]) -> list[str]:
    targets = field.get("referenceTo")
    return [str(each) for each in targets] if isinstance(targets, list) else []


def _opportunities(description: dict[str, object], key: str, routes: Routes) -> Iterator[Finding]:
    yield _key_field(description, key, NEW_KEY_FIELD, "Opportunity")
    for what, (name, label, state) in OF_OPPORTUNITIES.items():
        known = _values(description, name)
        for value in sorted(routes.named(what) - known - {""}):
            said = f"{label} has no value {value}{nearest(value, known)}"
            yield Finding(f"Opportunity.{name}", state, said, ADD_VALUE.format(label=label))
    fields = _fields(description)
    for name in sorted(routes.named(Names.SALESFORCE_OPPORTUNITY_FIELD)):
        if not fields.get(name, {}).get("createable"):
            said = f"left out of each: {_unwritable(name, fields)}"
            yield Finding(f"Opportunity.{name}", State.WARNING, said, MEND_FIELD)


def _values(description: dict[str, object], name: str) -> set[str]:
    """Those of the field's picklist that are active."""
    values = _fields(description).get(name, {}).get("picklistValues")
    found = values if isinstance(values, list) else []
    return {str(each["value"]) for each in found if each.get("active")}


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
                "Name an active user in the route (`fallback_owner`, `rotation`); else what would be theirs"
                " goes to the integration user."
            )
            yield Finding("fallback owner", State.WARNING, email or "none set", advice)
