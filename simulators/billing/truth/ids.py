"""What each vendor calls a line of an invoice, and what it bills. ChartMogul's sources keep these ids: of
Recurly's two the one that is shown to people, as it does with subscriptions. UNVERIFIED."""

from simulators.billing.truth.book import TrueInvoice, TrueLine
from simulators.billing.truth.shapes import System, TrueSubscription

PREFIXES: dict[System, str] = {"stripe": "il_", "chargebee": "li_", "recurly": "line-"}


def line_id(invoice: TrueInvoice, number: int) -> str:
    return f"{PREFIXES[invoice.of.system]}{invoice.name}_{number}"


def plan_id(said: TrueSubscription, line: TrueLine) -> str:
    """Stripe bills prices, Chargebee item prices. Recurly's lines name the plan, also those of an add-on."""
    if said.system == "recurly":
        return said.plan
    if line.kind in ("fee", "usage"):
        name = "setup" if line.kind == "fee" else "usage"
        return f"price_{said.plan}_{name}" if said.system == "stripe" else f"{said.plan}-{name}"
    return price_id(said, line.unit) if said.system == "stripe" else said.plan


def price_id(said: TrueSubscription, unit: int) -> str:
    """Stripe's: a price never changes, and tiers are one of their own."""
    return f"price_{said.id}" if said.tiers else f"price_{said.plan}_{unit}"
