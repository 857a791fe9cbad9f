"""Who a customer is in Intercom."""

from collections.abc import Iterable
from dataclasses import dataclass

from clients.intercom.answers import Company, Contact
from clients.intercom.client import IntercomClient, seen

NOBODY = "the customer has no id and no e-mail address to look for in Intercom"
LATE = "a new one may be missing from Intercom's search for some minutes"

LONGEST_EMAIL = 254


@dataclass(frozen=True)
class FoundContact:
    """`by` says what led to the contact, `why_none` why there is none; neither quotes an address."""

    contact: Contact | None = None
    by: str = ""
    why_none: str = ""


@dataclass(frozen=True)
class FoundCompany:
    company: Company | None = None
    why_none: str = ""


async def find_contact(
    client: IntercomClient, external_ids: Iterable[str], email: str | None
) -> FoundContact:
    """By each id in turn, else by e-mail: users before leads, then whoever was seen last."""
    ids = distinct(external_ids)
    for id in ids:
        if (contact := await client.contact_of(id)) is not None:
            return FoundContact(contact, "its external id")
    address = (email or "").strip()
    if "@" not in address or len(address) > LONGEST_EMAIL:
        return FoundContact(why_none=f"no user in Intercom has {_of(ids)}" if ids else NOBODY)
    found = await client.contacts_with(address)
    if not found:
        none = "no contact in Intercom has its e-mail address"
        return FoundContact(why_none=f"{none}{f', none {_of(ids)}' if ids else ''}; {LATE}")
    best = max(found, key=lambda each: (each.role == "user", *seen(each), each.id))
    others = f": of {len(found)} contacts with it the {best.role} seen last" if len(found) > 1 else ""
    return FoundContact(best, f"its e-mail address{others}")


async def find_company(client: IntercomClient, external_ids: Iterable[str]) -> FoundCompany:
    """By each id in turn."""
    ids = distinct(external_ids)
    for id in ids:
        if (company := await client.company_of(id)) is not None:
            return FoundCompany(company)
    none = "the customer has no id to look for in Intercom"
    return FoundCompany(why_none=f"no company in Intercom has {_of(ids)} as its company_id" if ids else none)


def distinct(ids: Iterable[str]) -> list[str]:
    """In their order, without empty ones."""
    return list(dict.fromkeys(filter(None, map(str.strip, ids))))


def _of(ids: list[str]) -> str:
    return "its external id" if len(ids) == 1 else f"one of its {len(ids)} external ids"
