"""Deterministic customers. Each is a function of seed and number, so a million cost nothing until read."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TypeVar

from simulators.shapes import Case

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Plan:
    name: str
    external_id: str
    cents: int
    cycle: str


PLANS = (
    Plan("Team Monthly", "team-monthly", 4900, "month"),
    Plan("Team Annual", "team-annual", 4000, "year"),
    Plan("Business Monthly", "business-monthly", 12500, "month"),
    Plan("Business Annual", "business-annual", 10400, "year"),
    Plan("Scale Monthly", "scale-monthly", 39000, "month"),
)
COMPANIES = (
    "Fjord", "Harbour", "Juniper", "Cobalt", "Lantern", "Meridian", "Sparrow", "Granite", "Willow",
    "Copper", "Nimbus", "Orchard", "Saffron", "Tundra", "Velvet", "Walnut", "Aster", "Birch",
)  # fmt: skip
TRADES = (
    "Labs", "Analytics", "Logistics", "Studio", "Health", "Robotics", "Travel", "Foods", "Energy",
    "Media", "Insurance", "Learning", "Security",
)  # fmt: skip
AWKWARD_COMPANIES = (
    "Oak & Pine", "Müller <Söhne>", "Żółw Design", "Åkerström & Çelik", "<b>Bold</b> Type",
    "O'Brien's \"Best\" Bakery", "株式会社カモメ", "Smørrebrød\\Co",
)  # fmt: skip
FIRST_NAMES = (
    "Nora", "Ivo", "Amira", "Jonas", "Lucía", "Kofi", "Zoë", "Priya", "Mateo", "Freja", "Søren",
    "Hana", "Elif", "Tomasz", "Grace", "Renée",
)  # fmt: skip
LAST_NAMES = (
    "Lind", "Marek", "Haddad", "Weber", "O'Connor", "Mensah", "Dvořák", "Raman", "García", "Nielsen",
    "Ångström", "Sato", "Yılmaz", "Nowak", "Hall", "Dubois",
)  # fmt: skip
PLACES = (("NO", "Norway", "Oslo"), ("DE", "Germany", "Berlin"), ("US", "United States", "Austin"),
          ("PL", "Poland", "Kraków"), ("GB", "United Kingdom", "Leeds"))  # fmt: skip
REASONS = (
    "Too expensive for our team size", "Missing SSO & audit log", "Moved to <another> tool",
    "Project ended", "Switched after the merger – »new« parent company decides",
)  # fmt: skip
NOTES = (
    "Asked for a discount in the last call.", "Champion left; new contact is <unknown>.",
    "Usage fell by half since spring & nobody answers.", "Wants an invoice in EUR.",
)  # fmt: skip

_CASES: dict[int, Case] = {5: "contact_only", 11: "several", 14: "none", 17: "inactive_owner"}
FREE_MAIL = "gmail.com"
"""Some customers sign up with such an address. A hyphen, as ours have, is not allowed there: nobody's."""

GREW_AFTER, LEFT_AFTER = timedelta(days=60), timedelta(days=150)
_FIRST_DAY = datetime(2022, 1, 1, tzinfo=UTC)
_SPAN_SECONDS = int(timedelta(days=4 * 365).total_seconds())


@dataclass(frozen=True, slots=True)
class Customer:
    number: int
    uuid: str
    external_id: str
    name: str
    company: str
    email: str
    place: tuple[str, str, str]
    plan: Plan
    quantity: int
    since: datetime
    case: Case
    draw: int
    """For further choices that belong to this customer."""
    past_due: bool
    cancelled: bool
    grew: bool
    invoice_currency: str
    custom: dict[str, str | int]
    note: str | None

    @property
    def mrr(self) -> int:
        """What they pay while they pay."""
        return self.plan.cents * self.quantity

    @property
    def domain(self) -> str:
        """Their company's own, whatever their address."""
        domain = self.email.partition("@")[2]
        return f"company-{self.number}.example" if domain == FREE_MAIL else domain


class Seed:
    def __init__(self, seed: int = 7, count: int = 200) -> None:
        self.seed = seed
        self.count = count
        self._mask = int.from_bytes(self._digest(0)[:4])
        self.customer = lru_cache(maxsize=8192)(self._customer)

    def numbers(self) -> range:
        return range(1, self.count + 1)

    def find(self, uuid: str) -> Customer | None:
        """The number hides in the uuid's last eight digits."""
        match = re.fullmatch(r"cus_[0-9a-f-]{28}([0-9a-f]{8})", uuid)
        customer = self._known(int(match[1], 16) ^ self._mask) if match else None
        return customer if customer and customer.uuid == uuid else None

    def find_email(self, email: str) -> Customer | None:
        match = re.search(rf"-(\d{{1,7}})(\.example|@{FREE_MAIL})$", email.casefold())
        customer = self._known(int(match[1])) if match else None
        return customer if customer and customer.email == email.casefold() else None

    def find_domain(self, domain: str) -> Customer | None:
        match = re.search(r"-(\d{1,7})\.example$", domain.casefold())
        customer = self._known(int(match[1])) if match else None
        return customer if customer and customer.domain == domain.casefold() else None

    def find_external_id(self, external_id: str) -> Customer | None:
        match = re.fullmatch(r"cus_N(\d{1,8})", external_id)
        return self._known(int(match[1]) - 1000) if match else None

    def milestones(self, number: int) -> list[float]:
        """When they bought, perhaps grew, perhaps left; without making the whole customer."""
        digest = self._digest(number)
        since = _since(digest).timestamp()
        grew = [since + GREW_AFTER.total_seconds()] if _grew(digest) else []
        left = [since + LEFT_AFTER.total_seconds()] if _left(number) else []
        return [since, *grew, *left]

    def _known(self, number: int) -> Customer | None:
        return self.customer(number) if 1 <= number <= self.count else None

    def _digest(self, number: int) -> bytes:
        return hashlib.blake2b(b"%d:%d" % (self.seed, number), digest_size=40).digest()

    def _customer(self, number: int) -> Customer:
        d = self._digest(number)
        first, last = _pick(FIRST_NAMES, d[24]), _pick(LAST_NAMES, d[25])
        company = f"{_pick(COMPANIES, d[26])} {_pick(TRADES, d[27])}"
        domain = f"{company.split()[0].lower()}-{number}.example"
        if number % 9 == 4:
            company = _pick(AWKWARD_COMPANIES, number // 9)
        return Customer(
            number=number,
            uuid=_uuid(d, number ^ self._mask),
            external_id=f"cus_N{1000 + number}",
            name=f"{first} {last}",
            company=company,
            email=_email(first, last, domain, plain=number % 7 != 3)
            if number % 40 != 13
            else _email(first, f"{last}-{number}", FREE_MAIL, plain=True),
            place=_pick(PLACES, d[28]),
            plan=_pick(PLANS, d[29]),
            quantity=_quantity(d),
            since=_since(d),
            case=_CASES.get(number % 20, "account"),
            draw=d[31],
            past_due=number % 40 == 19,
            cancelled=_left(number),
            grew=_grew(d),
            invoice_currency="EUR" if number % 10 == 7 else "USD",
            custom=_custom(number, d[33]),
            note=_pick(NOTES, d[34]) if number % 4 == 1 else None,
        )


def _pick(options: Sequence[T], draw: int) -> T:
    return options[draw % len(options)]


def _since(digest: bytes) -> datetime:
    return _FIRST_DAY + timedelta(seconds=int.from_bytes(digest[20:24]) % _SPAN_SECONDS)


def _quantity(digest: bytes) -> int:
    return 1 + digest[30] % 9


def _grew(digest: bytes) -> bool:
    return digest[32] % 4 == 0 and _quantity(digest) > 1


def _left(number: int) -> bool:
    return number % 40 == 39


def _email(first: str, last: str, domain: str, *, plain: bool) -> str:
    mailbox = f"{first}.{last}"
    if plain:
        letters = unicodedata.normalize("NFKD", mailbox.replace("ø", "o").replace("ı", "i"))
        mailbox = letters.encode("ascii", "ignore").decode()
    return f"{mailbox}@{domain}".casefold()


def _custom(number: int, draw: int) -> dict[str, str | int]:
    custom: dict[str, str | int] = {"channel": _pick(("Ads", "Referral", "Partner"), draw)}
    custom["seats"] = 1 + draw % 40
    if number % 3 == 0:
        custom["cancellation_reason"] = _pick(REASONS, draw)
    return custom


def _uuid(digest: bytes, tail: int) -> str:
    h = digest[:12].hex()
    return f"cus_{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:24]}{tail:08x}"
