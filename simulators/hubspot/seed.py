"""Contacts, companies and owners that the HubSpot portal starts with, made from ChartMogul's customers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from simulators.hubspot.schema import stamp
from simulators.kit.seed import FREE_MAIL, Customer, Seed
from simulators.kit.shapes import HubSpotCase
from simulators.salesforce.seed import DOMAIN, LEFT, PEOPLE

FIRST_CONTACT, FIRST_COMPANY = 10_000_000_000, 20_000_000_000
FIRST_NEW = 30_000_000_000
FIRST_OWNER = 70_000_000
_CASES: dict[int, HubSpotCase] = {
    3: "missing", 6: "secondary_email", 8: "two_companies", 12: "contact_only", 16: "company_only",
}  # fmt: skip
_FOUNDED = datetime(2021, 1, 1, 8, tzinfo=UTC)

Values = dict[str, str | None]


@dataclass(frozen=True, slots=True)
class Record:
    id: int
    values: Values
    created: datetime
    updated: datetime


def case_of(number: int) -> HubSpotCase:
    return _CASES.get(number % 25, "contact_and_company")


class HubSpotSeed:
    """Customer n has contact n and companies 2n and, in case `two_companies`, 2n + 1, each counted from the
    first id of its kind. Company 1 is the trap that a free-mail domain makes."""

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        self.owners = [_owner(number) for number in range(1, len(PEOPLE) + 1)]

    def hire(self, email: str) -> None:
        """An owner, as who is made a user becomes one; nothing where an active one has the address."""
        if any(each["email"] == email and not each["archived"] for each in self.owners):
            return
        name = email.partition("@")[0]
        self.owners.append(_owner_with(len(self.owners) + 1, name, "", email))

    def get(self, object_type: str, id: int) -> Record | None:
        if object_type == "contacts":
            return self._contact(id - FIRST_CONTACT)
        return self._company(id - FIRST_COMPANY) if object_type == "companies" else None

    def after(self, object_type: str, id: int) -> Iterator[Record]:
        """By id, from the first that is larger. There are no deals and no tasks at first."""
        if object_type not in ("contacts", "companies"):
            return
        first = FIRST_CONTACT if object_type == "contacts" else FIRST_COMPANY
        last = self.seed.count if object_type == "contacts" else 2 * self.seed.count + 1
        for number in range(max(1, id - first + 1), last + 1):
            record = self.get(object_type, first + number)
            if record:
                yield record

    def candidates(self, object_type: str, name: str, value: str) -> Iterator[Record]:
        """A superset of the records with that value, without looking at all where we can."""
        ids: list[int]
        if name == "hs_object_id":
            ids = [int(value)] if value.isdecimal() else []
        elif name == "email":
            ids = [FIRST_CONTACT + number for number in self._numbers(value)]
        elif name == "domain":
            ids = [FIRST_COMPANY + 1, *self._companies(value)]
        elif name.startswith(("chartmogul", "mogulflow")):
            ids = []  # no portal starts with our properties
        else:
            yield from self.after(object_type, 0)
            return
        yield from (record for id in ids if (record := self.get(object_type, id)))

    def companies_of(self, contact: int) -> list[int]:
        """The first is the primary one."""
        number = contact - FIRST_CONTACT
        if case_of(number) in ("missing", "contact_only", "company_only") or not self._is_known(number):
            return []
        return [FIRST_COMPANY + 2 * number]

    def contacts_of(self, company: int) -> list[int]:
        number, which = divmod(company - FIRST_COMPANY, 2)
        contact = FIRST_CONTACT + number
        return [contact] if not which and self.companies_of(contact) else []

    def _is_known(self, number: int) -> bool:
        return 1 <= number <= self.seed.count

    def _numbers(self, email: str) -> list[int]:
        customer = self.seed.find_email(email)
        if customer:
            return [customer.number]
        match = re.fullmatch(r"accounts@.*-(\d{1,7})\.example", email.lower())
        return [int(match[1])] if match else []

    def _companies(self, domain: str) -> list[int]:
        customer = self.seed.find_domain(domain)
        first = FIRST_COMPANY + 2 * customer.number if customer else 0
        return [first, first + 1] if customer else []

    def _contact(self, number: int) -> Record | None:
        if not self._is_known(number) or case_of(number) in ("missing", "company_only"):
            return None
        return _contact(self.seed.customer(number), secondary=case_of(number) == "secondary_email")

    def _company(self, which: int) -> Record | None:
        if which == 1:
            values: Values = {"name": "Free mail", "domain": FREE_MAIL}
            return _record(FIRST_COMPANY + 1, values, _FOUNDED, "hs_lastmodifieddate")
        number = which // 2
        if not self._is_known(number) or case_of(number) in ("missing", "contact_only"):
            return None
        if which % 2 and case_of(number) != "two_companies":
            return None
        return _company(self.seed.customer(number), which % 2)


def _contact(customer: Customer, *, secondary: bool) -> Record:
    first, _, last = customer.name.partition(" ")
    values: Values = {
        "email": f"accounts@{customer.domain}" if secondary else customer.email,
        "hs_additional_emails": customer.email if secondary else None,
        "firstname": first,
        "lastname": last,
        "company": customer.company,
        "lifecyclestage": "customer",
        "hubspot_owner_id": str(FIRST_OWNER + 1 + customer.draw % len(PEOPLE)),
    }
    return _record(FIRST_CONTACT + customer.number, values, customer.since, "lastmodifieddate")


def _company(customer: Customer, which: int) -> Record:
    values: Values = {
        "name": customer.company + (" (old)" if which else ""),
        "domain": customer.domain,
        "country": customer.place[1],
        "lifecyclestage": "customer",
        "hubspot_owner_id": str(FIRST_OWNER + 1 + customer.draw % len(PEOPLE)),
    }
    return _record(FIRST_COMPANY + 2 * customer.number + which, values, customer.since, "hs_lastmodifieddate")


def _record(id: int, values: Values, made: datetime, changed: str) -> Record:
    own: Values = {"hs_object_id": str(id), "createdate": stamp(made), changed: stamp(made)}
    return Record(id, values | own, made, made)


def _owner(number: int) -> dict[str, Any]:
    first, last, mailbox = PEOPLE[number - 1]
    return _owner_with(number, first, last, f"{mailbox}@{DOMAIN}") | {"archived": number == LEFT}


def _owner_with(number: int, first: str, last: str, email: str) -> dict[str, Any]:
    return {
        "id": str(FIRST_OWNER + number),
        "email": email,
        "firstName": first,
        "lastName": last,
        "userId": FIRST_OWNER + 1000 + number,
        "createdAt": stamp(_FOUNDED),
        "updatedAt": stamp(_FOUNDED),
        "archived": False,
    }
