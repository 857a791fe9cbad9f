"""The Intercom workspace: contacts and companies, tags on them, and messages."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count

from simulators.intercom.rules import IntercomRules, NewContact
from simulators.intercom.seed import Company, Contact, IntercomSeed

ID_CODE, NAME, ZONE = "demo1ws", "Demo Workspace", "UTC"


@dataclass(frozen=True, slots=True)
class Admin:
    id: str
    name: str
    email: str


ADMINS = (
    Admin("991267", "Maya Okafor", "maya.okafor@mogulflow.example"),
    Admin("991268", "Sam Whitfield", "sam.whitfield@mogulflow.example"),
)
OWNER = ADMINS[0]
"""Of the token."""


@dataclass(frozen=True, slots=True)
class Tag:
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Message:
    id: str
    sender: Admin
    contact: str
    body: str
    message_type: str
    created_at: int
    conversation_id: str | None


@dataclass
class Workspace:
    """`tagged` has the ids of tags by contact or company, in the order in which they were put on."""

    seed: IntercomSeed
    rules: IntercomRules = field(default_factory=IntercomRules)
    tags: dict[str, Tag] = field(default_factory=dict)
    tagged: dict[str, dict[str, None]] = field(default_factory=dict)
    messages: list[Message] = field(default_factory=list)
    _added: dict[str, Contact] = field(default_factory=dict)
    _gone: set[str] = field(default_factory=set)
    _ids: Iterator[int] = field(default_factory=lambda: count(1))

    def contact(self, id: str) -> Contact | None:
        found = self._added.get(id) or self.seed.contact(id)
        return found if found and id not in self._gone else None

    def user_with(self, external_id: str) -> Contact | None:
        """Leads have ids of Intercom's own, by which this look-up does not find them."""
        added = (each for each in self._added.values() if each.external_id == external_id)
        found = next(added, None) or self.seed.with_external_id(external_id)
        return found if found and found.role == "user" and found.id not in self._gone else None

    def searchable(self, email: str | None) -> Iterator[Contact]:
        """Those that search may find, all or with that address; new ones late."""
        known = time.time() - self.rules.search_lag_seconds
        yield from (each for each in self._added.values() if each.created_at <= known and self._there(each))
        seeded = self.seed.contacts() if email is None else self.seed.with_email(email)
        yield from filter(self._there, seeded)

    def add(self, new: NewContact) -> Contact:
        id = f"6762f0ff{next(self._ids):016x}"
        made = int(time.time()) - new.age_seconds
        self._added[id] = Contact(
            id, new.role, new.external_id or f"auto-{id}", new.email, new.name, made, new.last_seen_at
        )
        return self._added[id]

    def remove(self, contact: Contact) -> None:
        """Archived, or merged into another: it is found no more."""
        self._gone.add(contact.id)

    def is_reachable(self, contact: Contact) -> bool:
        return contact.created_at <= time.time() - self.rules.message_lag_seconds

    def company(self, id: str) -> Company | None:
        return self.seed.company(id)

    def company_with(self, company_id: str) -> Company | None:
        return self.seed.company_with(company_id)

    def tag_named(self, name: str) -> Tag | None:
        return next((each for each in self.tags.values() if each.name.casefold() == name.casefold()), None)

    def make_tag(self, name: str) -> Tag:
        if (known := self.tag_named(name)) is not None:
            return known
        tag = Tag(str(next(self._ids)), name)
        self.tags[tag.id] = tag
        return tag

    def tags_of(self, id: str) -> list[Tag]:
        return [self.tags[tag] for tag in self.tagged.get(id, {})]

    def set_tag(self, id: str, tag: Tag, *, on: bool) -> None:
        if on:
            self.tagged.setdefault(id, {})[tag.id] = None
        else:
            self.tagged.get(id, {}).pop(tag.id, None)

    def send(
        self, sender: Admin, contact: Contact, body: str, message_type: str, *, at_once: bool
    ) -> Message:
        """`at_once`: a conversation begins without a reply."""
        conversation = str(next(self._ids)) if at_once else None
        message = Message(
            str(next(self._ids)), sender, contact.id, body, message_type, int(time.time()), conversation
        )
        self.messages.append(message)
        return message

    def _there(self, contact: Contact) -> bool:
        return contact.id not in self._gone
