"""Intercom: contacts and companies, tags on them, and in-app messages.

Tags: the same tag put on again is one tag. UNVERIFIED is whether Intercom then answers as for the first time:
the step reads the tags first, which it does to say what was there before, and sets none that is there.

In-app messages: Intercom has no idempotency key, no id of ours and no search for them, so that a message is
sent at most once: `send` makes one call, and OutcomeUnknown means that nobody knows.

No rate limiter: an app may make 1,667 calls in ten seconds, far above what the queue starts. Where others of
the workspace use that up, a refusal names when the window ends.
"""

import math
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from clients.intercom.answers import Admin, Admins, Company, Contact, Me, Rows, Sent, Tag, readable
from clients.intercom.errors import error_of
from clients.intercom.settings import Intercom
from clients.kit.cooldown import Cooldown
from clients.kit.errors import IntegrationError, NotFound, Rejected
from clients.kit.http import Call, parsed, refused, unclear
from clients.kit.pages import pages
from clients.kit.rest import TIMEOUT_SECONDS, Rest
from models.intercom import InAppMessage

PAGE_SIZE = 50

MOST_BYTES = 5_000_000
"""Of one answer. A page of contacts has some hundred thousand."""

MOST_PAGES = 10
"""Of contacts with one e-mail address: each conversation of a stranger may leave one more lead."""

LONGEST_ID = 255
"""Characters of an id that is looked for. Longer ones are nobody's."""

SETTLES = timedelta(hours=1)
"""So long a contact is new: it may take some minutes until it can get a message."""
SETTLES_WAIT = timedelta(minutes=1)

OTHER_TYPE = {"inapp": "in_app", "in_app": "inapp"}


class IntercomClient:
    def __init__(
        self,
        settings: Intercom,
        *,
        timeout_seconds: float = TIMEOUT_SECONDS,
        page_size: int = PAGE_SIZE,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._settings, self._page_size = settings, page_size
        self._transport = Rest(
            settings.base_url,
            error_of,
            headers={
                "Authorization": f"Bearer {settings.token.get_secret_value()}",
                "Intercom-Version": settings.version,  # else the one in the app's settings decides
            },
            timeout_seconds=timeout_seconds,
            most_bytes=MOST_BYTES,
            cooldown=cooldown,
        )
        self._me: Me | None = None

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def me(self) -> Me:
        """The token's owner and its workspace, asked once."""
        if self._me is None:
            call = Call("intercom", "sign in to Intercom")
            self._me = parsed(call, Me, await self._transport.fields(call, "GET", "me"))
        return self._me

    async def admins(self) -> list[Admin]:
        """The workspace's teammates."""
        call = Call("intercom", "read the teammates")
        rows = parsed(call, Admins, await self._transport.fields(call, "GET", "admins")).admins
        return readable(rows, Admin)

    async def contact_of(self, external_id: str) -> Contact | None:
        """The user with that id of ours; Intercom looks among users alone. One that answers with another id
        is whom that one was merged into: not who was asked for."""
        if not is_id(external_id):
            return None
        call = Call("intercom", "find a contact by its external id")
        contact = await self._contact(call, f"contacts/find_by_external_id/{quote(external_id, safe='')}")
        return contact if contact and contact.external_id == external_id else None

    async def contact(self, id: str) -> Contact | None:
        call = Call("intercom", f"read contact {id}")
        return await self._contact(call, f"contacts/{quote(id, safe='')}")

    async def contacts_with(self, email: str) -> list[Contact]:
        """Users and leads with that address, as search knows them: a new one may be missing for some minutes.
        Of very many the first. Search may find more than it is asked for: whose address is another is left
        out."""
        call = Call("intercom", "look for contacts by e-mail")
        query = {"field": "email", "operator": "=", "value": email}

        async def page_from(cursor: str | None) -> Rows:
            paging = {"per_page": self._page_size} | ({"starting_after": cursor} if cursor else {})
            body = {"query": query, "pagination": paging}
            answer = await self._transport.fields(call, "POST", "contacts/search", body=body)
            return parsed(call, Rows, answer)

        found: list[Contact] = []
        read = 0
        async for page in pages(call, page_from, lambda page: page.next_cursor):
            found += readable(page.data, Contact)
            read += 1
            if read == MOST_PAGES:
                break
        return [each for each in found if each.is_there and _same(each.email, email)]

    async def company_of(self, company_id: str) -> Company | None:
        """The company with that id of ours. UNVERIFIED is the answer's form: Intercom's older pages show a
        company, its specification a list. Both are read, and one with another id is not it."""
        if not is_id(company_id):
            return None
        call = Call("intercom", "find a company by its id")
        try:
            answer = await self._transport.fields(call, "GET", "companies", query={"company_id": company_id})
        except NotFound:
            return None
        listed = answer.get("type") == "list"
        found = (
            readable(parsed(call, Rows, answer).data, Company) if listed else [parsed(call, Company, answer)]
        )
        return next((each for each in found if each.company_id == company_id), None)

    async def company(self, id: str) -> Company | None:
        """By Intercom's own id."""
        call = Call("intercom", f"read company {id}")
        try:
            answer = await self._transport.fields(call, "GET", f"companies/{quote(id, safe='')}")
        except NotFound:
            return None
        return parsed(call, Company, answer)

    async def tags_of(self, contact_id: str) -> list[Tag]:
        """All of them: the contact itself shows ten, without their names."""
        call = Call("intercom", f"read the tags of contact {contact_id}")
        path = f"contacts/{quote(contact_id, safe='')}/tags"
        return readable(parsed(call, Rows, await self._transport.fields(call, "GET", path)).data, Tag)

    async def all_tags(self) -> list[Tag]:
        call = Call("intercom", "read the tags")
        return readable(parsed(call, Rows, await self._transport.fields(call, "GET", "tags")).data, Tag)

    async def make_tag(self, name: str) -> Tag:
        """The tag of that name, in any case of letters; made where there is none."""
        call = _tagging(f"make tag {name}")
        return parsed(call, Tag, await self._transport.fields(call, "POST", "tags", body={"name": name}))

    async def tag_contact(self, contact_id: str, tag_id: str) -> None:
        call = _tagging(f"put tag {tag_id} on contact {contact_id}")
        path = f"contacts/{quote(contact_id, safe='')}/tags"
        await self._transport.fields(call, "POST", path, body={"id": tag_id})

    async def untag_contact(self, contact_id: str, tag_id: str) -> None:
        call = _tagging(f"take tag {tag_id} off contact {contact_id}")
        path = f"contacts/{quote(contact_id, safe='')}/tags/{quote(tag_id, safe='')}"
        await self._transport.fields(call, "DELETE", path)

    async def tag_company(self, company: Company, name: str, *, remove: bool) -> Tag:
        """By Intercom's id of it; the tag is made where there is none."""
        call = _tagging(f"{'take a tag off' if remove else 'tag'} company {company.id}")
        target = {"id": company.id} | ({"untag": True} if remove else {})
        body = {"name": name, "companies": [target]}
        return parsed(call, Tag, await self._transport.fields(call, "POST", "tags", body=body))

    async def send(self, message: InAppMessage, html: str) -> Sent:
        """One call, after the sender is known. A contact that was made moments ago cannot be reached yet,
        which passes: Unavailable."""
        sender = await self._sender()
        call, body = sending(message), self._message(message, html, sender)
        try:
            answer = await self._transport.fields(call, "POST", "messages", body=body)
        except NotFound as error:
            if error.code == "admin_not_found":
                self._me = None
                raise
            raise await self._not_reached(call, message.person_id, error) from None
        except Rejected as error:
            raise self._of_the_type(call, error) from None
        return parsed(call, Sent, answer)

    async def person_link(self, contact_id: str, workspace_id: str | None = None) -> str | None:
        """Their page in Intercom. UNVERIFIED: that it is there is known from integrations, not from
        Intercom's pages."""
        return await self._link("users", contact_id, workspace_id)

    async def company_link(self, company: Company) -> str | None:
        return await self._link("companies", company.id, company.app_id)

    async def _link(self, kind: str, id: str, workspace_id: str | None) -> str | None:
        if self._settings.web_url is None:
            return None
        if not workspace_id:
            app = (await self.me()).app
            workspace_id = app.id_code if app else ""
        if not workspace_id:
            return None
        return f"{self._settings.web_url}/a/apps/{quote(workspace_id, safe='')}/{kind}/{quote(id, safe='')}"

    async def _contact(self, call: Call, path: str) -> Contact | None:
        try:
            contact = parsed(call, Contact, await self._transport.fields(call, "GET", path))
        except NotFound:
            return None
        return contact if contact.is_there else None

    async def _sender(self) -> int | str:
        """A number, as the specification wants it, where it is one."""
        if self._settings.admin_id is not None:
            return self._settings.admin_id
        id = (await self.me()).id
        return int(id) if id.isdecimal() else id

    def _message(self, message: InAppMessage, html: str, sender: int | str) -> dict[str, Any]:
        body: dict[str, Any] = {
            "message_type": self._settings.message_type,
            "body": html,
            "from": {"type": "admin", "id": sender},
            "to": {"type": message.role.value, "id": message.person_id},
        }
        at_once = {"create_conversation_without_contact_reply": True}
        return body | at_once if message.create_conversation else body

    async def _not_reached(self, call: Call, contact_id: str, error: NotFound) -> IntegrationError:
        contact = await self.contact(contact_id)
        made = contact.created_at if contact else None
        if made is None or datetime.now(UTC).timestamp() - made > SETTLES.total_seconds():
            return error
        detail = "the contact is new and cannot get messages yet"
        return unclear(call, detail, left=False, retry_after=SETTLES_WAIT)

    def _of_the_type(self, call: Call, error: Rejected) -> Rejected:
        """Only a live workspace tells how it calls in-app messages."""
        if "message type" not in error.said.replace("_", " ").lower():
            return error
        other = OTHER_TYPE[self._settings.message_type]
        advice = f"Set INTERCOM__MESSAGE_TYPE={other}: Intercom's own pages have both."
        return Rejected(error.system, str(refused(call, Rejected, error.said, advice)))


def sending(message: InAppMessage) -> Call:
    return Call(
        "intercom",
        f"send message {message.key}",
        writes=True,
        done="the message was sent",
        again="it is not sent again",
    )


def is_id(text: str) -> bool:
    """Whether it can be an id of ours in Intercom's addresses: a dot or two would lead elsewhere."""
    return text.strip(". ") != "" and len(text) <= LONGEST_ID and text.isprintable()


def seen(contact: Contact) -> tuple[float, float]:
    """For comparing: when last seen, and when made."""
    return contact.last_seen_at or -math.inf, contact.created_at or -math.inf


def _tagging(what: str) -> Call:
    return Call("intercom", what, writes=True, done="the tag was set")


def _same(one: str | None, other: str) -> bool:
    return one is not None and one.strip().casefold() == other.strip().casefold()
