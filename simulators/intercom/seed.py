"""Contacts and companies that the Intercom workspace starts with, made from ChartMogul's customers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from simulators.intercom.rules import Case
from simulators.kit.seed import Customer, Seed

_CASES: dict[int, Case] = {
    3: "missing", 6: "user_and_leads", 8: "two_users", 12: "lead_only", 16: "other_id",
}  # fmt: skip
_USER, _LEAD, _LATER_LEAD, _OLD_USER, _APP_USER = range(5)
_PARTS: dict[Case, tuple[int, ...]] = {
    "user": (_USER,),
    "user_and_leads": (_USER, _LEAD, _LATER_LEAD),
    "two_users": (_OLD_USER, _APP_USER),
    "lead_only": (_LEAD,),
    "other_id": (_APP_USER,),
    "missing": (),
}
_SEEN_DAYS = {_USER: 100, _LEAD: 200, _LATER_LEAD: 300, _OLD_USER: 50, _APP_USER: 150}
"""After the customer came."""

_CONTACT = re.compile(r"6762f0([0-9a-f]{2})([0-9a-f]{16})")
_COMPANY = re.compile(r"5f7f0d00([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Contact:
    """Instants are seconds since 1970."""

    id: str
    role: str
    external_id: str | None
    email: str | None
    name: str | None
    created_at: int
    last_seen_at: int | None
    company: str | None = None


@dataclass(frozen=True, slots=True)
class Company:
    id: str
    company_id: str
    name: str
    created_at: int


def case_of(number: int) -> Case:
    return _CASES.get(number % 25, "user")


class IntercomSeed:
    """Customer n has up to three contacts and, but for two cases, a company: all are made when asked for."""

    def __init__(self, seed: Seed) -> None:
        self._seed = seed

    def contacts(self) -> Iterator[Contact]:
        for number in self._seed.numbers():
            yield from self._of(number)

    def contact(self, id: str) -> Contact | None:
        match = _CONTACT.fullmatch(id)
        number, part = (int(match[2], 16), int(match[1], 16)) if match else (0, 0)
        known = 1 <= number <= self._seed.count and part in _PARTS[case_of(number)]
        return _contact(self._seed.customer(number), part) if known else None

    def with_email(self, email: str) -> list[Contact]:
        customer = self._seed.find_email(email)
        return self._of(customer.number) if customer else []

    def with_external_id(self, external_id: str) -> Contact | None:
        match = re.fullmatch(r"(?:app|old)-(\d{1,8})", external_id)
        customer = self._seed.find_external_id(external_id)
        number = customer.number if customer else int(match[1]) if match else 0
        if not 1 <= number <= self._seed.count:
            return None
        return next((each for each in self._of(number) if each.external_id == external_id), None)

    def company(self, id: str) -> Company | None:
        match = _COMPANY.fullmatch(id)
        number = int(match[1], 16) if match else 0
        if not 1 <= number <= self._seed.count or case_of(number) in ("missing", "lead_only"):
            return None
        return _company(self._seed.customer(number))

    def company_with(self, company_id: str) -> Company | None:
        customer = self._seed.find_external_id(company_id)
        return self.company(_company_id(customer.number)) if customer else None

    def _of(self, number: int) -> list[Contact]:
        return [_contact(self._seed.customer(number), part) for part in _PARTS[case_of(number)]]


def _contact(customer: Customer, part: int) -> Contact:
    lead = part in (_LEAD, _LATER_LEAD)
    ids = {_USER: customer.external_id, _OLD_USER: f"old-{customer.number}"}
    since = int(customer.since.timestamp())
    return Contact(
        id=f"6762f0{part:02x}{customer.number:016x}",
        role="lead" if lead else "user",
        external_id=f"lead-{part}-{customer.number}" if lead else ids.get(part, f"app-{customer.number}"),
        email=customer.email,
        name=customer.name,
        created_at=since,
        last_seen_at=since + int(timedelta(days=_SEEN_DAYS[part]).total_seconds()),
        company=None if lead else _company_id(customer.number),
    )


def _company(customer: Customer) -> Company:
    since = int(customer.since.timestamp())
    return Company(_company_id(customer.number), customer.external_id, customer.company, since)


def _company_id(number: int) -> str:
    return f"5f7f0d00{number:016x}"
