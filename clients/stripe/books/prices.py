"""What a price of Stripe's costs for a quantity, exactly. In the smallest unit, as Stripe counts it."""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator

from clients.kit.tables import Unreadable
from models.billing import Amount, Id, Said, Words


def _up_to(value: Any) -> Any:
    return None if value == "inf" else value


class Tier(Said):
    up_to: Annotated[Decimal | None, BeforeValidator(_up_to)] = None
    unit_amount: Amount = None
    unit_amount_decimal: Amount = None
    flat_amount: Amount = None
    flat_amount_decimal: Amount = None

    def cost(self, units: Decimal) -> Decimal:
        unit = _either(self.unit_amount_decimal, self.unit_amount)
        return units * unit + _either(self.flat_amount_decimal, self.flat_amount)


class _Recurring(Said):
    interval: str
    interval_count: int = 1
    usage_type: Words = None


class _Transform(Said):
    divide_by: int
    round: Literal["up", "down"]


class Price(Said):
    id: Id = None
    nickname: Words = None
    product: Id = None
    currency: str
    billing_scheme: Words = None
    tiers_mode: Words = None
    tiers: list[Tier] | None = None
    unit_amount: Amount = None
    unit_amount_decimal: Amount = None
    transform_quantity: _Transform | None = None
    recurring: _Recurring | None = None
    tax_behavior: Words = None

    @property
    def is_metered(self) -> bool:
        return self.recurring is not None and self.recurring.usage_type == "metered"

    def cost(self, quantity: Decimal) -> Decimal:
        """Of one interval, without discounts. Raises Unreadable where the price does not say."""
        if self.billing_scheme == "tiered":
            return self._of_tiers(quantity)
        unit = self.unit_amount if self.unit_amount_decimal is None else self.unit_amount_decimal
        if unit is None:
            raise Unreadable(f"price {self.id} has no amount")
        return unit * self._transformed(quantity)

    def _transformed(self, quantity: Decimal) -> Decimal:
        if (by := self.transform_quantity) is None:
            return quantity
        whole, rest = divmod(quantity, by.divide_by)
        return whole + (1 if rest and by.round == "up" else 0)

    def _of_tiers(self, quantity: Decimal) -> Decimal:
        """UNVERIFIED: the flat fee of the first tier is due for a quantity of nothing, too."""
        if not self.tiers:
            raise Unreadable(f"the tiers of price {self.id} are not told")
        if self.tiers_mode == "volume":
            return next(tier for tier in self.tiers if _reaches(tier, quantity)).cost(quantity)
        if self.tiers_mode != "graduated":
            raise Unreadable(f"price {self.id} has tiers of an unknown mode")
        total, start = Decimal(0), Decimal(0)
        for tier in self.tiers:
            if start and quantity <= start:
                break
            end = quantity if tier.up_to is None else min(quantity, tier.up_to)
            total, start = total + tier.cost(end - start), end if tier.up_to is None else tier.up_to
        return total


def _reaches(tier: Tier, quantity: Decimal) -> bool:
    return tier.up_to is None or quantity <= tier.up_to


def _either(exact: Decimal | None, whole: Decimal | None) -> Decimal:
    found = whole if exact is None else exact
    return Decimal(0) if found is None else found
