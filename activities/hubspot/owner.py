"""Whose customer is it? The owner of its company, by ChartMogul's id or through a contact's e-mail; else the
contact's; or whom another property of theirs names. A look-up that the portal makes impossible is left out,
with its reason."""

from collections.abc import Awaitable
from typing import TypeVar

from clients.hubspot.client import HubSpotClient
from clients.hubspot.errors import MISSING_SCOPES
from clients.kit.errors import Permanent
from models.hubspot import Association, HubSpotOwner, HubSpotOwnerQuery, HubSpotRecord, Owner

IMPOSSIBLE = {MISSING_SCOPES, "VALIDATION_ERROR"}
"""The token lacks the scope, or the property is not there or not unique."""

OWNER = "hubspot_owner_id"
BY_ID, BY_EMAIL = "ChartMogul's id on the company", "the contact's e-mail"
NOBODY = "No HubSpot company or contact carries this customer's ChartMogul id or e-mail"

T = TypeVar("T")


class _Search:
    """One look for an owner: what was found, and what could not be looked up."""

    def __init__(self, client: HubSpotClient, query: HubSpotOwnerQuery) -> None:
        self._client, self._query = client, query
        self.named_by = query.user_property or OWNER
        """The property that names the person."""
        self.left_out: list[str] = []
        self.problems: list[str] = []

    async def company(self) -> HubSpotRecord | None:
        key, uuid = self._client.customer_key, self._query.customer_uuid
        if not uuid:
            return None
        look = self._client.read("companies", key, [uuid], ["name", self.named_by])
        found = await self._looked_up(f"companies by {key}", look)
        return found.get(uuid) if found else None

    async def contact(self) -> HubSpotRecord | None:
        email = (self._query.email or "").strip()
        if not email:
            return None
        look = self._client.read("contacts", "email", [email], [self.named_by])
        found = await self._looked_up("contacts by e-mail", look)
        return found.get(email) if found else None

    async def company_of(self, contact: HubSpotRecord) -> HubSpotRecord | None:
        look = self._client.associations("contacts", "companies", [contact.id])
        found = await self._looked_up("the contact's companies", look)
        companies = found.get(contact.id, []) if found else []
        chosen = _chosen(companies)
        if chosen is None:
            if companies:
                self.left_out.append(f"The contact is of {len(companies)} companies, none the primary one")
            return None
        look_again = self._client.read("companies", "hs_object_id", [chosen.id], ["name", self.named_by])
        records = await self._looked_up("the contact's company", look_again)
        return records.get(chosen.id) if records else None

    async def owner_of(self, record: HubSpotRecord | None, noun: str) -> Owner | None:
        """An active one. Where users cannot be read, whether the owner can own it the write says."""
        if record is None:
            return None
        owner_id, what = record.properties.get(self.named_by), self._query.user_property or "owner"
        if not owner_id:
            self.problems.append(f"The {noun} has no {what}")
            return None
        if not owner_id.isdecimal():
            self.problems.append(f"The {noun}'s {what} holds no user of HubSpot")
            return None
        before = len(self.left_out)
        owner = await self._looked_up("owners", self._client.owners.by_id(owner_id))
        if owner is None and len(self.left_out) > before:
            return Owner(id=owner_id)
        if owner is None or owner.archived:
            self.problems.append(f"The {noun}'s {what} {owner.name if owner else owner_id} has left")
            return None
        return owner

    async def fallback(self) -> tuple[Owner | None, str]:
        """Who stands in, or why nobody does."""
        email = self._query.fallback_email
        if not email:
            return None, "no fallback owner is configured"
        before = len(self.left_out)
        owner = await self._looked_up("owners by e-mail", self._client.owners.by_email(email))
        if owner is None and len(self.left_out) > before:
            return None, "the fallback owner could not be looked up"
        return owner, "" if owner else "the fallback owner is no active HubSpot user"

    async def _looked_up(self, what: str, look: Awaitable[T]) -> T | None:
        try:
            return await look
        except Permanent as error:
            if error.code not in IMPOSSIBLE:
                raise
            self.left_out.append(f"HubSpot does not let us look up {what} ({error.said})")
            return None


async def find_owner(client: HubSpotClient, query: HubSpotOwnerQuery) -> HubSpotOwner:
    search = _Search(client, query)
    company, contact = await search.company(), await search.contact()
    found_by = BY_ID if company else BY_EMAIL if contact else ""
    if company is None and contact is not None:
        company = await search.company_of(contact)
    owner = await search.owner_of(company, "company") or await search.owner_of(contact, "contact")
    known = HubSpotOwner(
        company_id=company.id if company else None,
        company_name=company.properties.get("name") if company else None,
        contact_id=contact.id if contact else None,
        found_by=found_by,
        left_out=search.left_out,
    )
    if owner is not None:
        return _owned_by(known, owner, None)
    why = ". ".join([*(search.problems or [NOBODY]), *search.left_out])
    stand_in, problem = await search.fallback()
    if stand_in is not None:
        return _owned_by(known, stand_in, why)
    return known.model_copy(update={"why_fallback": f"{why}, and {problem}", "left_out": search.left_out})


def _chosen(companies: list[Association]) -> Association | None:
    primary = [each for each in companies if each.primary]
    chosen = primary or companies
    return chosen[0] if len(chosen) == 1 else None


def _owned_by(known: HubSpotOwner, owner: Owner, why: str | None) -> HubSpotOwner:
    return known.model_copy(
        update={
            "owner_id": owner.id,
            "owner_name": owner.name if owner.email or owner.first_name else None,
            "owner_email": owner.email,
            "why_fallback": why,
        }
    )
