"""The words of an expansion: the deal, the alert, the log."""

from datetime import date
from decimal import Decimal
from typing import Any

from models.business_days import business_day
from models.money import Money
from models.templates.expansion import DealOptions, ExpansionInput, OpportunityOptions, Upgrade
from models.wording import escaped, long_day, short
from workflows.blocks import slack_blocks
from workflows.expansion.facts import ExpansionFacts

Sale = OpportunityOptions | DealOptions
MONTHS = {"mrr": 1, "arr": 12}
LONGEST_TITLE = 120


def amount(options: Sale, cents: int) -> Decimal:
    """In units of the currency, from cents of MRR."""
    return Decimal(cents * MONTHS[options.amount]) / 100


def title(options: Sale, upgrade: Upgrade) -> str:
    words = {"customer": upgrade.customer, "plan": upgrade.plan or "plan unknown", "mrr": str(upgrade.amount)}
    return short(options.name.format(**words), LONGEST_TITLE)


def close_date(given: ExpansionInput) -> date:
    options = given.options.sale
    return business_day(given.day(given.acts_at), options.close_in_business_days, options.holidays)


def description(upgrade: Upgrade, link: str) -> str:
    day = long_day(upgrade.given.day(upgrade.given.event.occurred_at))
    return f"{line(upgrade, day)}\n\nRun: {link}"


def line(upgrade: Upgrade, day: str) -> str:
    plan = f", {upgrade.plan}" if upgrade.plan else ""
    return f"Expansion of {upgrade.amount} MRR on {day}{plan}."


def sum_line(upgrade: Upgrade, count: int, total: Money) -> str:
    """The same at every repeat, so that it stands there once."""
    day = long_day(upgrade.given.day(upgrade.given.event.occurred_at))
    return f"{line(upgrade, day)} Sum of {count} expansions: {total} MRR."


def alert(facts: ExpansionFacts) -> str:
    return f"{escaped(facts.name)} expanded by {facts.more} MRR"


def alert_blocks(
    facts: ExpansionFacts, manager: str, deal: str, links: list[tuple[str, str | None]]
) -> list[dict[str, Any]]:
    """`manager` and `deal` are mrkdwn."""
    before = facts.before
    more = f"{facts.more}" + (f" ({facts.percent:.0f} %)" if facts.percent is not None else "")
    fields = [
        ("What changed", slack_blocks.value(facts.change)),
        ("More MRR", more),
        ("MRR now", f"{facts.mrr}" + (f", {before} before" if before else "")),
        ("Account manager", manager),
        ("Opportunity", deal),
    ]
    return slack_blocks.message(f"{facts.name} expanded", fields, links)


def log_title(facts: ExpansionFacts) -> str:
    return short(f"Expansion of {facts.more} MRR: {facts.change}", 200)
