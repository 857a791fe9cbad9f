"""Who can have a tag in Intercom: a contact, or a company."""

from dataclasses import dataclass, field

from clients.intercom.answers import Company, Tag
from clients.intercom.client import IntercomClient
from clients.intercom.people import find_company, find_contact
from models.tagging import Tagging, TagTarget


@dataclass(frozen=True)
class Tagged:
    """With the tags that it has. `company` is None of a contact."""

    id: str
    label: str
    link: str | None
    tags: list[Tag] = field(default_factory=list)
    company: Company | None = None

    @property
    def object_type(self) -> str:
        return "company" if self.company else "contact"

    def tag(self, name: str) -> Tag | None:
        """In any case of letters."""
        return next((each for each in self.tags if each.name.casefold() == name.casefold()), None)

    def names(self, name: str, *, has: bool) -> list[str]:
        """Its tags as they are where it has that one, or where it has not."""
        others = [each.name for each in self.tags if each.name.casefold() != name.casefold()]
        return [*others, name] if has else others


async def find_tagged(client: IntercomClient, tagging: Tagging) -> tuple[Tagged | None, str]:
    """Also why there is nobody."""
    if tagging.target is TagTarget.ORGANIZATION:
        of = await find_company(client, tagging.external_ids)
        return await _company(client, of.company) if of.company else None, of.why_none
    found = await find_contact(client, tagging.external_ids, tagging.email)
    if (contact := found.contact) is None:
        return None, found.why_none
    link = await client.person_link(contact.id, contact.workspace_id)
    return Tagged(contact.id, contact.name or "", link, await client.tags_of(contact.id)), ""


async def tagged_by_id(client: IntercomClient, id: str, *, company: bool) -> Tagged | None:
    """By Intercom's id. None where there is no such contact or company, or no more."""
    if company:
        found = await client.company(id)
        return await _company(client, found) if found else None
    contact = await client.contact(id)
    return Tagged(id, contact.name or "", None, await client.tags_of(id)) if contact else None


async def put(client: IntercomClient, tagged: Tagged, name: str) -> str:
    """The tag's name as Intercom has it."""
    if tagged.company:
        return (await client.tag_company(tagged.company, name, remove=False)).name
    tag = await client.make_tag(name)
    await client.tag_contact(tagged.id, tag.id)
    return tag.name


async def take_off(client: IntercomClient, tagged: Tagged, tag: Tag) -> None:
    if tagged.company:
        await client.tag_company(tagged.company, tag.name, remove=True)
    else:
        await client.untag_contact(tagged.id, tag.id)


async def _company(client: IntercomClient, company: Company) -> Tagged:
    tags = company.tags.tags if company.tags else []
    return Tagged(company.id, company.name or "", await client.company_link(company), tags, company)
