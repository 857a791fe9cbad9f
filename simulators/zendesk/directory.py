"""Users and organisations, made from ChartMogul's customers; what was changed of them, and their tags."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from simulators.kit.seed import Customer, Seed

Json = dict[str, Any]
Kind = Literal["users", "organizations"]
ZendeskCase = Literal[
    "known", "missing", "by_email_alone", "no_organization", "organization_by_user", "suspended"
]
"""What Zendesk knows of a customer: a user and an organisation, both with ChartMogul's external id; nothing;
the user without that id; a user in no organisation; the organisation without that id; a suspended user, by
e-mail alone."""

FIRST_USER, FIRST_ORGANIZATION, FIRST_ADDED = 360_000_000_000, 370_000_000_000, 380_000_000_000
_CASES: dict[int, ZendeskCase] = {
    3: "missing", 6: "by_email_alone", 9: "no_organization", 12: "organization_by_user", 15: "suspended",
}  # fmt: skip


def case_of(number: int) -> ZendeskCase:
    return _CASES.get(number % 20, "known")


@dataclass
class Directory:
    """`changed` are rows that a person changed or added, whole; `writes` are calls that changed tags."""

    seed: Seed
    url: str
    changed: dict[int, Json] = field(default_factory=dict)
    writes: list[Json] = field(default_factory=list)
    _tags: dict[int, list[str]] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)
    _ids: Iterator[int] = field(default_factory=lambda: count(FIRST_ADDED))

    def get(self, kind: Kind, id: int) -> Json | None:
        row = None if id in self._gone else self.changed.get(id) or self._seeded(kind, id)
        if row is None or (kind == "users") != ("role" in row):
            return None
        return row | {"tags": self.tags(id)}

    def all(self, kind: Kind, most: int) -> list[Json]:
        """The first of them; those that were added come first."""
        first = FIRST_USER if kind == "users" else FIRST_ORGANIZATION
        ids = [*self.changed, *(first + number for number in self.seed.numbers())]
        rows = (self.get(kind, id) for id in dict.fromkeys(ids))
        return [row for row, _ in zip(filter(None, rows), range(most), strict=False)]

    def with_external_id(self, kind: Kind, external_id: str) -> list[Json]:
        """As Zendesk compares them: any case."""
        customer = self.seed.find_external_id(external_id)
        wanted = external_id.casefold()
        return [
            row for row in self._likely(kind, customer) if (row["external_id"] or "").casefold() == wanted
        ]

    def with_email(self, part: str) -> list[Json]:
        """As a search finds them: also where it is only a part of the address."""
        customer = self.seed.find_email(part)
        return [row for row in self._likely("users", customer) if part.casefold() in row["email"].casefold()]

    def change(self, id: int, values: Json) -> Json:
        row = self.changed.get(id) or self._seeded("users", id) or self._seeded("organizations", id) or {}
        self.changed[id] = row | values
        return self.changed[id]

    def add_user(self, values: Json) -> Json:
        id = next(self._ids)
        self.changed[id] = _user(self.url, id, "") | values
        return self.changed[id]

    def delete(self, id: int) -> None:
        """For good, as Zendesk has it of organisations, and of users whose data is wiped."""
        self._gone.add(id)

    def tags(self, id: int) -> list[str]:
        """As everybody's are at first: some have one that an agent gave them."""
        return self._tags.get(id, ["vip"] if id % 5 == 0 else [])

    def set_tags(self, id: int, tags: list[str]) -> list[str]:
        self._tags[id] = sorted(set(tags))
        return self._tags[id]

    def tagged(self) -> list[int]:
        return list(self._tags)

    def _likely(self, kind: Kind, customer: Customer | None) -> Iterator[Json]:
        """Who may have it: the customer's own, and all that a person changed."""
        first = FIRST_USER if kind == "users" else FIRST_ORGANIZATION
        ids = [*([first + customer.number] if customer else []), *self.changed]
        yield from filter(None, (self.get(kind, id) for id in dict.fromkeys(ids)))

    def _seeded(self, kind: Kind, id: int) -> Json | None:
        number = id - (FIRST_USER if kind == "users" else FIRST_ORGANIZATION)
        if not 1 <= number <= self.seed.count or case_of(number) == "missing":
            return None
        customer, case = self.seed.customer(number), case_of(number)
        if kind == "users":
            return self._user_of(customer, case, id)
        return self._organization_of(customer, case, id) if case != "no_organization" else None

    def _user_of(self, customer: Customer, case: ZendeskCase, id: int) -> Json:
        known = case not in ("by_email_alone", "suspended", "organization_by_user")
        return _user(self.url, id, customer.email) | {
            "name": customer.name,
            "external_id": customer.external_id if known else None,
            "suspended": case == "suspended",
            "organization_id": None if case == "no_organization" else FIRST_ORGANIZATION + customer.number,
        }

    def _organization_of(self, customer: Customer, case: ZendeskCase, id: int) -> Json:
        return {
            "id": id,
            "url": f"{self.url}/zendesk/api/v2/organizations/{id}.json",
            "name": customer.company,
            "external_id": None if case == "organization_by_user" else customer.external_id,
            "domain_names": [customer.domain],
        }


def _user(url: str, id: int, email: str) -> Json:
    return {
        "id": id,
        "url": f"{url}/zendesk/api/v2/users/{id}.json",
        "name": email.partition("@")[0],
        "email": email,
        "external_id": None,
        "role": "end-user",
        "suspended": False,
        "active": True,
        "organization_id": None,
    }


def kept(tags: list[str]) -> list[str]:
    """As Zendesk writes them: in lower case, and more of them where there was a space or a comma."""
    return [each for tag in tags for each in re.split(r"[\s,]+", tag.lower()) if each]
