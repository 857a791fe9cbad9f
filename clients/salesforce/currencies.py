"""Which currencies an org's amounts are in. Salesforce converts what it is given in none."""

import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from pydantic import Field

from clients.kit.errors import Permanent
from clients.kit.http import Call, parsed
from clients.salesforce.fields import CURRENCY
from clients.salesforce.transport import Org, SalesforceTransport
from models.base import Record

REMEMBERED_SECONDS = 3600.0

Describe = Callable[[str], Awaitable[Mapping[str, Any]]]
"""What an object is like, by its name."""


class OrgCurrencies(Record):
    """`several`: each record has one of `known`. Else `known` holds the org's own; where Salesforce does not
    tell it, `why_unknown` says why."""

    several: bool = False
    known: frozenset[str] = frozenset()
    why_unknown: str = ""

    @property
    def only(self) -> str | None:
        return None if self.several else next(iter(self.known), None)


class _Features(Record):
    """Of the organization, as Connect REST API tells them. The currency applies where there is but one."""

    several: bool = Field(default=False, alias="multiCurrency")
    currency: str | None = Field(default=None, alias="defaultCurrencyIsoCode")


class _Organization(Record):
    features: _Features = _Features()


class Currencies:
    """Remembered for an hour. `of_settings` is what the settings say of an org with one currency."""

    def __init__(self, transport: SalesforceTransport, describe: Describe, of_settings: str | None) -> None:
        self._transport, self._describe, self._of_settings = transport, describe, of_settings
        self._remembered: tuple[float, OrgCurrencies] | None = None

    async def known(self) -> OrgCurrencies:
        if self._remembered and time.monotonic() < self._remembered[0]:
            return self._remembered[1]
        found = several_in(await self._describe("Opportunity")) or await self._only()
        if not found.why_unknown:
            self._remembered = time.monotonic() + REMEMBERED_SECONDS, found
        return found

    async def _only(self) -> OrgCurrencies:
        if self._of_settings:
            return OrgCurrencies(known=frozenset({self._of_settings}))
        call = Call("salesforce", "read the org's currency")
        try:
            features = await self._transport.run(call, _features)
        except Permanent as refusal:
            return OrgCurrencies(why_unknown=f"Salesforce does not tell the org's currency ({refusal.code})")
        if features.several:
            return OrgCurrencies(why_unknown=f"{CURRENCY} is hidden from our Salesforce user")
        if not features.currency:
            return OrgCurrencies(why_unknown="Salesforce does not tell the org's currency")
        return OrgCurrencies(known=frozenset({features.currency}))


def several_in(opportunity: Mapping[str, Any]) -> OrgCurrencies | None:
    """Of a multi-currency org, whose objects have a field for it: its active currencies."""
    fields: Iterable[Mapping[str, Any]] = opportunity["fields"]
    field = next((each for each in fields if each["name"] == CURRENCY), None)
    if field is None:
        return None
    values = field.get("picklistValues") or ()
    known = frozenset(str(each["value"]) for each in values if each.get("active"))
    return OrgCurrencies(several=True, known=known)


def _features(org: Org) -> _Features:
    return parsed(org.call, _Organization, org.library.restful("connect/organization")).features
