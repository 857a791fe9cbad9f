"""Putting a contact into its account. One of another account stays there: a person put it there."""

from activities.definition import refuse_outdated
from activities.salesforce.effects import effect_of
from clients.salesforce.client import SalesforceClient
from models.effects import Action, Effect, Mode
from models.salesforce import ContactLink

Sides = dict[str, str | None]
ELSEWHERE = "the contact belongs to another account and stays there"


async def link_contact(client: SalesforceClient, link: ContactLink) -> Effect:
    """Done twice it is done once: what is there is read first."""
    found = await client.account_of_contact(link.contact_id)
    before: Sides = {"AccountId": found}
    after: Sides = {"AccountId": link.account_id}
    if found == link.account_id:
        action = link.already(Action.UPDATED)
        before = {"AccountId": None} if action is Action.UPDATED else before  # only such are linked
        return _effect(client, link, action, before, after)
    if found is not None:
        return _effect(client, link, Action.SKIPPED, before, before, ELSEWHERE)
    if link.mode is Mode.PREVIEW:
        return _effect(client, link, Action.WOULD_UPDATE, before, after)
    if link.only_find:
        return _effect(client, link, Action.SKIPPED, before, before, "not done before, and not needed now")
    refuse_outdated("salesforce", link)
    await client.put_contact_into(link.account_id, link.contact_id)
    return _effect(client, link, Action.UPDATED, before, after)


def _effect(
    client: SalesforceClient,
    link: ContactLink,
    action: Action,
    before: Sides,
    after: Sides,
    note: str | None = None,
) -> Effect:
    return effect_of(client, link, "Contact", action, link.contact_id, before=before, after=after, note=note)
