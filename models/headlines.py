"""One line on an event, as a person in revenue operations says it."""

import re

from models.bounds import within
from models.money import Money

_NAMES = {
    "new_biz": "New business",
    "expansion": "Expansion",
    "contraction": "Contraction",
    "churn": "Churn",
    "reactivation": "Reactivation",
}
"""By type of MRR movement."""

FAILED_PAYMENT = "Failed payment"
_SUMMARY = re.compile(rf"(?:{'|'.join([*_NAMES.values(), FAILED_PAYMENT])}): (.+), \S.* (?:MRR|due)")
_PLAN = re.compile(r"\b(?:the|their|with|to) (.+)")
_LONGEST = 10_000
"""Letters that are looked at: a line has a few hundred at most."""

_REASONS = 350
"""Bytes of a reason: with what stands before it, it is a summary."""

_SUMMARYS = 1_000
"""Letters of a summary: the server takes 400 bytes."""


def summary(movement_type: str, who: str, amount: Money) -> str:
    """`Churn: Acme Ltd, −$250.00 MRR`. Names the customer: for user metadata only."""
    return f"{_NAMES[movement_type]}: {name(who)}, {amount} MRR"


def payment_summary(who: str, amount: Money | None) -> str:
    """`Failed payment: Acme Ltd, $250.00 due`."""
    return f"{FAILED_PAYMENT}: {name(who)}, {amount or 'an unknown amount'} due"


def payment_headline(amount: Money | None, attempt: int | None) -> str:
    """`Failed payment of $250.00, attempt 2`."""
    of = f" of {amount}" if amount else ""
    return f"{FAILED_PAYMENT}{of}" + (f", attempt {attempt}" if attempt else "")


def name(who: str) -> str:
    return _line(who, 60)


def customer_in(text: str) -> str:
    """The name in a summary; empty where the text is none."""
    found = _SUMMARY.fullmatch(text) if len(text) <= _SUMMARYS else None
    return found.group(1) if found else ""


def headline(movement_type: str, amount: Money, description: str) -> str:
    """`Churn −$250.00 MRR, Team Monthly`. Nothing personal: a search attribute."""
    line = f"{_NAMES[movement_type]} {amount} MRR"
    plan = _line(plan_from(description), 50)
    return f"{line}, {plan}" if plan else line


def unreadable_headline(reason: str) -> str:
    """`Unreadable delivery: The body is no JSON.` The reason quotes nothing of what was sent."""
    return f"Unreadable delivery: {within(_line(reason, 150), _REASONS)}"


def plan_from(description: str) -> str:
    """The plan in ChartMogul's phrase (`cancelled their Team Monthly plan`); empty where it differs."""
    last_line = description.removesuffix("\n").rpartition("\n")[2]
    found = _PLAN.search(last_line)  # what it finds reaches to the end: nothing is tried twice
    return re.sub("(?<=.) plan$", "", found[1][-_LONGEST:]) if found else ""


def _line(text: str, limit: int) -> str:
    """One printable line: the server takes 400 bytes of summary and 255 of a keyword."""
    return "".join(each for each in " ".join(text[:_LONGEST].split()) if each.isprintable())[:limit]
