"""Deterministic customers. Each is a function of seed and number, so a million cost nothing until read."""

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, TypeVar

from simulators.kit.shapes import Case

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

CUSTOMERS_KEPT = 65_536
"""About 60 MB: making one takes longer than all the rest of its row."""

_CASES: dict[int, Case] = {5: "contact_only", 11: "several", 14: "none", 17: "inactive_owner"}
FREE_MAIL = "gmail.com"
"""Some customers sign up with such an address. A hyphen, as ours have, is not allowed there: nobody's."""

FIRST_DAY = datetime(2022, 1, 1, tzinfo=UTC)
_FIRST_SECOND = int(FIRST_DAY.timestamp())
_SPAN_SECONDS = int(timedelta(days=4 * 365).total_seconds())


class Terms(NamedTuple):
    """What a customer's history follows from; cheaper to have than the whole customer."""

    plan: Plan
    quantity: int
    since: int
    """Seconds since 1970."""
    cancelled: bool
    grew: bool
    digest: bytes

    @property
    def mrr(self) -> int:
        return self.plan.cents * self.quantity


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
    terms: Terms

    @property
    def tags(self) -> tuple[str, ...]:
        return ("beta", "priority support") if self.number % 6 == 2 else ()

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
    """`movements` is how many each customer has had; None: those few that its story needs."""

    def __init__(
        self, seed: int = 7, count: int = 200, movements: int | None = None, invoices: int = 3
    ) -> None:
        self.seed = seed
        self.count = count
        self.movements = movements
        self.invoices = invoices
        self._mask = int.from_bytes(self._digest(0)[:4])
        self.customer = lru_cache(maxsize=CUSTOMERS_KEPT)(self._customer)

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

    def terms(self, number: int) -> Terms:
        d = self._digest(number)
        since = _FIRST_SECOND + int.from_bytes(d[20:24]) % _SPAN_SECONDS
        return Terms(_pick(PLANS, d[29]), _quantity(d), since, number % 40 == 39, _grew(d), d)

    def uuid_of(self, prefix: str, number: int, part: int, digest: bytes) -> str:
        """Of the part-th thing of a customer; `number_in` finds both again."""
        h = digest[:10].hex()
        tail = f"{part:04x}{number ^ self._mask:08x}"
        return f"{prefix}_{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{tail}"

    def number_in(self, prefix: str, uuid: str) -> tuple[int, int] | None:
        """Customer's number and part, where there may be such a thing."""
        match = re.fullmatch(prefix + r"_[0-9a-f-]{24}([0-9a-f]{4})([0-9a-f]{8})", uuid)
        number = int(match[2], 16) ^ self._mask if match else 0
        return (number, int(match[1], 16)) if match and 1 <= number <= self.count else None

    def _known(self, number: int) -> Customer | None:
        return self.customer(number) if 1 <= number <= self.count else None

    def _digest(self, number: int) -> bytes:
        return hashlib.blake2b(b"%d:%d" % (self.seed, number), digest_size=40).digest()

    def _customer(self, number: int) -> Customer:
        terms = self.terms(number)
        d = terms.digest
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
            plan=terms.plan,
            quantity=terms.quantity,
            since=datetime.fromtimestamp(terms.since, UTC),
            case=_CASES.get(number % 20, "account"),
            draw=d[31],
            past_due=number % 40 == 19,
            cancelled=terms.cancelled,
            grew=terms.grew,
            invoice_currency="EUR" if number % 10 == 7 else "USD",
            custom=_custom(number, d[33]),
            note=_pick(NOTES, d[34]) if number % 4 == 1 else None,
            terms=terms,
        )


def _pick(options: Sequence[T], draw: int) -> T:
    return options[draw % len(options)]


def _quantity(digest: bytes) -> int:
    return 1 + digest[30] % 9


def _grew(digest: bytes) -> bool:
    return digest[32] % 4 == 0 and _quantity(digest) > 1


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
