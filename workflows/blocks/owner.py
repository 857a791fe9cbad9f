"""Find who is in charge of a customer: the first source of the route that names somebody."""

from typing import Literal, NamedTuple

from activities.hubspot.steps import HubSpotActivities
from activities.salesforce.steps import SalesforceActivities
from models.chartmogul import Customer
from models.event import digest
from models.hubspot import HubSpotOwner, HubSpotOwnerQuery
from models.salesforce import AccountOwner, OwnerQuery
from models.templates.blocks import OwnerOptions, OwnerSource
from workflows.engine.acting import Acting
from workflows.engine.run_log import OWNER
from workflows.engine.steps import StepFailed, step


class InCharge(NamedTuple):
    """Ids are those of the systems that named the person; e-mail and name where they are known. `how` says
    in words how they were found, or why there is nobody. `account` and `company` are what Salesforce and
    HubSpot have of the customer, where they were asked. `way` is how the person was found, alone."""

    name: str | None = None
    email: str | None = None
    salesforce_id: str | None = None
    hubspot_id: str | None = None
    account: AccountOwner | None = None
    company: HubSpotOwner | None = None
    how: str = ""
    way: str = ""

    @property
    def is_known(self) -> bool:
        return bool(self.email or self.salesforce_id or self.hubspot_id)


async def in_charge(
    acting: Acting,
    options: OwnerOptions,
    customer: Customer,
    works_in: Literal["salesforce", "hubspot"] | None = None,
) -> InCharge:
    """Nobody, where no source names one; a source that cannot be asked is gone on without. Where they work
    is asked in any case: what is made for them there goes onto the customer's own record."""
    account: AccountOwner | None = None
    company: HubSpotOwner | None = None
    known: InCharge | None = None
    why: list[str] = []
    for source in options.ways if works_in in options.ways else [*options.ways, works_in]:
        if source is None or (known and source != works_in):
            continue
        try:
            found = await _ask(source, options, customer)
        except StepFailed as failure:
            acting.log.note_fallback(failure)
            why.append(f"{source} could not be asked")
            continue
        account, company = account or found.account, company or found.company
        if known is None and found.is_known and source in options.ways:
            known = found._replace(how=_how(found.how, why), way=found.how)
        why.append(found.how)
    nobody = InCharge(how="; ".join(filter(None, why)))
    return _noted(acting, (known or nobody)._replace(account=account, company=company))


async def hubspots_id_of(acting: Acting, *emails: str | None) -> str | None:
    """Of the first who is an active user there. Nobody is no problem: it is then without an owner."""
    for email in dict.fromkeys(filter(None, emails)):
        query = HubSpotOwnerQuery(customer_uuid="", fallback_email=email)
        try:
            found = await step(HubSpotActivities.find_owner, query, summary="Find them in HubSpot")
        except StepFailed as failure:
            acting.log.note_fallback(failure)
            continue
        if found.owner_id:
            return found.owner_id
    return None


async def _ask(source: OwnerSource, options: OwnerOptions, customer: Customer) -> InCharge:
    """Raises StepFailed."""
    if source in ("salesforce", "salesforce_user_field"):
        field = options.salesforce_user_field if source == "salesforce_user_field" else None
        return await _of_salesforce(customer, field)
    if source == "chartmogul":
        return InCharge(email=customer.owner, how=_said(customer.owner, "ChartMogul's customer"))
    if source == "rotation":
        return _of_rotation(options.rotation, customer)
    return await _of_hubspot(
        customer, options.hubspot_user_property if source == "hubspot_user_property" else None
    )


async def _of_salesforce(customer: Customer, field: str | None) -> InCharge:
    """Its owner, or whom `field` of the account names."""
    query = OwnerQuery(customer_uuid=customer.uuid, email=customer.email, user_field=field)
    found = await step(SalesforceActivities.find_account_owner, query, summary="Find the owner")
    if found.owner_id is None:
        return InCharge(account=found, how=found.why_fallback or f"Salesforce names no {field or 'owner'}")
    how = f"{field or 'owner'} of the Salesforce account, found by {found.found_by}"
    return InCharge(found.owner_name, found.owner_email, found.owner_id, None, found, None, how)


async def _of_hubspot(customer: Customer, named_by: str | None) -> InCharge:
    """Its owner, or whom the property `named_by` names."""
    query = HubSpotOwnerQuery(customer_uuid=customer.uuid, email=customer.email, user_property=named_by)
    found = await step(HubSpotActivities.find_owner, query, summary="Find the owner in HubSpot")
    if found.owner_id is None:
        return InCharge(company=found, how=found.why_fallback or f"HubSpot names no {named_by or 'owner'}")
    how = f"{named_by or 'owner'} in HubSpot, found by {found.found_by}"
    return InCharge(found.owner_name, found.owner_email, None, found.owner_id, None, found, how)


def _of_rotation(emails: list[str], customer: Customer) -> InCharge:
    """The same customer always has the same of them, for as long as the list stays."""
    if not emails:
        return InCharge(how="the route has no rotation")
    number = int(digest("rotation", customer.uuid), 16) % len(emails)
    return InCharge(email=emails[number], how="by the route's rotation")


def _said(owner: str | None, whose: str) -> str:
    return f"owner of {whose}" if owner else f"{whose} has no owner"


def _how(how: str, why: list[str]) -> str:
    skipped = "; ".join(filter(None, why))
    return f"{how} ({skipped})" if skipped else how


def _noted(acting: Acting, found: InCharge) -> InCharge:
    who = found.name or found.email or found.salesforce_id or found.hubspot_id or "nobody"
    acting.log.explain(OWNER, f"{who}: {found.how}" if found.how else who)
    acting.log.name(found.salesforce_id or found.hubspot_id, found.name or found.email)
    return found
