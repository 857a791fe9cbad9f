"""Finding people in Intercom, tags on them and their companies, and in-app messages."""

from activities.definition import refuse_outdated, step_activity
from activities.undoing import not_possible
from activities.untagging import tag_taken_back
from clients.intercom.answers import Sent
from clients.intercom.body import html_of
from clients.intercom.client import IntercomClient, sending
from clients.intercom.people import find_contact
from clients.intercom.tagged import Tagged, find_tagged, put, tagged_by_id, take_off
from clients.kit.http import unclear
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.intercom import InAppMessage, Person, PersonFound, PersonQuery, Role
from models.tagging import Tagging, TagTarget
from models.undo import Undoing, Undone

OFF = "Intercom is not connected"
NO_TAG = "the tag has no letters"
STAYS_SENT = "Intercom takes no message back: the person may have read it"


class IntercomActivities:
    def __init__(self, client: IntercomClient | None) -> None:
        self._client = client

    @step_activity("intercom.find_person")
    async def find_person(self, query: PersonQuery) -> PersonFound:
        """By external id, else by e-mail: users before leads, then whoever was seen last."""
        if self._client is None:
            return PersonFound(why_none=OFF)
        found = await find_contact(self._client, query.external_ids, query.email)
        if (contact := found.contact) is None:
            return PersonFound(why_none=found.why_none)
        link = await self._client.person_link(contact.id, contact.workspace_id)
        person = Person(id=contact.id, role=Role(contact.role), name=contact.name or "", link=link)
        return PersonFound(person=person, found_by=found.by)

    @step_activity("intercom.send_message")
    async def send_message(self, message: InAppMessage) -> Effect:
        """Send it: at most once, as `workflows.engine.once` calls it. Intercom has no key, and no message can
        be found again: what an earlier try may have sent is not sent."""
        if self._client is None:
            return _message(message, Action.SKIPPED, note=OFF)
        html, note = html_of(message.body)
        link = await self._client.person_link(message.person_id)
        if message.mode is Mode.PREVIEW:
            return _message(message, Action.WOULD_CREATE, link=link, note=note)
        if message.only_find:
            return _message(message, Action.SKIPPED, note=NOT_MADE_BEFORE)
        if message.repeat:
            raise unclear(sending(message), "an earlier try may have sent it")
        refuse_outdated("intercom", message)
        sent = await self._client.send(message, html)
        return _message(message, Action.CREATED, sent, link, note)

    @step_activity("intercom.tag")
    async def tag(self, tagging: Tagging) -> Effect:
        """Put the tag on, or take it off, unless that is so already. Names of tags are the same in any case
        of letters; one that is not there is made."""
        if self._client is None:
            return _skipped(tagging, OFF)
        if not (name := " ".join(tagging.tag.split())):
            return _skipped(tagging, NO_TAG)
        tagged, why_none = await find_tagged(self._client, tagging)
        if tagged is None:
            return _skipped(tagging, why_none)
        there = tagged.tag(name)
        if (there is None) == tagging.remove:
            return _tag(tagging, tagged, tagging.already(Action.UPDATED), there.name if there else name)
        if tagging.mode is Mode.PREVIEW:
            return _tag(tagging, tagged, Action.WOULD_UPDATE, there.name if there else name)
        if tagging.only_find:
            return _skipped(tagging, NOT_MADE_BEFORE)
        refuse_outdated("intercom", tagging)
        if there is None:
            name = await put(self._client, tagged, name)
        else:
            await take_off(self._client, tagged, there)
        return _tag(tagging, tagged, Action.UPDATED, there.name if there else name)

    @step_activity("intercom.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        if undoing.effect.object_type == "message":
            return not_possible(undoing, STAYS_SENT)
        if self._client is None:
            return not_possible(undoing, OFF)
        client, of = self._client, undoing.effect
        found: list[Tagged] = []

        async def has(tag: str) -> bool | None:
            tagged = await tagged_by_id(client, of.object_id or "", company=of.object_type == "company")
            if tagged is None:
                return None
            found.append(tagged)
            return tagged.tag(tag) is not None

        async def turn(tag: str, on: bool) -> None:
            there = found[0].tag(tag)
            if on:
                await put(client, found[0], tag)
            elif there is not None:
                await take_off(client, found[0], there)

        return await tag_taken_back(undoing, has, turn)


def _message(
    message: InAppMessage,
    action: Action,
    sent: Sent | None = None,
    link: str | None = None,
    note: str | None = None,
) -> Effect:
    return Effect(
        system="intercom",
        object_type="message",
        object_id=sent.id if sent else None,
        link=link,
        action=action,
        key=message.key,
        after={"to": f"{message.role} {message.person_id}", "body": message.body}
        | ({"conversation": True} if message.create_conversation else {}),
        note=note,
    )


def _tag(tagging: Tagging, tagged: Tagged, action: Action, name: str) -> Effect:
    after = tagged.names(name, has=not tagging.remove)
    before = after if action is Action.UNCHANGED else tagged.names(name, has=tagging.remove)
    return Effect(
        system="intercom",
        object_type=tagged.object_type,
        object_id=tagged.id,
        label=tagged.label,
        link=tagged.link,
        action=action,
        key=tagging.key,
        before={"tags": before},
        after={"tags": after},
    )


def _skipped(tagging: Tagging, why: str) -> Effect:
    company = tagging.target is TagTarget.ORGANIZATION
    return Effect(
        system="intercom",
        object_type="company" if company else "contact",
        action=Action.SKIPPED,
        key=tagging.key,
        after={"tag": tagging.tag},
        note=why,
    )
