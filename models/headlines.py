"""One line on an event, as a person in revenue operations says it."""

import re

from models.bounds import within
from models.events import MovementType, MrrMovement

_NAMES = {
    MovementType.NEW_BUSINESS: "New business",
    MovementType.EXPANSION: "Expansion",
    MovementType.CONTRACTION: "Contraction",
    MovementType.CHURN: "Churn",
    MovementType.REACTIVATION: "Reactivation",
}
_SUMMARY = re.compile(rf"(?:{'|'.join(_NAMES.values())}): (.+), \S.* MRR")
_PLAN = re.compile(r"\b(?:the|their|with|to) (.+)")
_LONGEST = 10_000
"""Letters that are looked at: a line has a few hundred at most."""

_REASONS = 350
"""Bytes of a reason: with what stands before it, it is a summary."""

_SUMMARYS = 1_000
"""Letters of a summary: the server takes 400 bytes."""


def summary(event: MrrMovement) -> str:
    """`Churn: Acme Ltd, −$250.00 MRR`. Names the customer: for user metadata only."""
    who = event.customer_name or event.customer_uuid
    return f"{_NAMES[event.movement_type]}: {_line(who, 60)}, {event.amount} MRR"


def customer_in(text: str) -> str:
    """The name in a summary; empty where the text is none."""
    found = _SUMMARY.fullmatch(text) if len(text) <= _SUMMARYS else None
    return found.group(1) if found else ""


def headline(event: MrrMovement) -> str:
    """`Churn −$250.00 MRR, Team Monthly`. Nothing personal: a search attribute."""
    line = f"{_NAMES[event.movement_type]} {event.amount} MRR"
    plan = _line(plan_from(event.description), 50)
    return f"{line}, {plan}" if plan else line


def headline_with_customer(event: MrrMovement) -> str:
    """`Acme Ltd: Churn −$250.00 MRR, Team Monthly`, for an installation that wants names in its lists."""
    who = _line(event.customer_name, 60)
    return f"{who}: {headline(event)}" if who else headline(event)


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
