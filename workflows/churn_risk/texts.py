"""The words of a case: the alert, the task, what is added, and the end."""

from typing import Any

from models.chartmogul import CustomerNow
from models.money import Money
from models.templates.blocks import FollowUpOptions
from models.templates.churn_risk import AtRisk
from models.wording import escaped, sentence, short
from workflows.blocks import slack_blocks
from workflows.blocks.owner import InCharge

LONGEST_NAME, LONGEST_REASONS = 120, 1500


def name(customer: CustomerNow) -> str:
    return short(customer.customer.label, LONGEST_NAME)


def mrr(customer: CustomerNow) -> str:
    known = customer.customer
    return str(Money(cents=known.mrr, currency=(known.currency or "USD").upper()))


def plan(customer: CustomerNow) -> str:
    plans = [each.plan for each in customer.subscriptions if each.alive and each.plan]
    return short(", ".join(dict.fromkeys(plans)), LONGEST_NAME)


def alert(customer: CustomerNow, reason: str) -> str:
    return f"{escaped(name(customer))} is at risk: {escaped(reason)}"


def alert_blocks(
    customer: CustomerNow, reason: str, owner: str, links: list[tuple[str, str | None]]
) -> list[dict[str, Any]]:
    fields = [
        ("Why", slack_blocks.value(sentence(reason))),
        ("MRR now", mrr(customer)),
        ("Plan", slack_blocks.value(plan(customer) or "none")),
        ("In charge", owner),
    ]
    return slack_blocks.message(f"{name(customer)} is at risk", fields, links)


def subject(options: FollowUpOptions, customer: CustomerNow, reason: str) -> str:
    words = {
        "customer": name(customer),
        "mrr": mrr(customer),
        "plan": plan(customer),
        "reason": reason,
    }
    return short(options.subject.format(**words), 255)


def description(customer: CustomerNow, told: AtRisk, owner: InCharge, link: str) -> str:
    lines = [
        f"{name(customer)} {told.reason}.",
        "",
        f"MRR now: {mrr(customer)}",
        f"Plan: {plan(customer) or 'none'}",
        f"In charge: {owner.how or owner.name or 'nobody'}",
        "",
        f"ChartMogul: {customer.customer.link or customer.customer.uuid}",
        f"Case: {link}",
    ]
    return "\n".join(lines)


def further(customer: CustomerNow, reason: str) -> str:
    return f"Another reason: {escaped(name(customer))} {escaped(reason)}."


def task_line(reason: str) -> str:
    """The same at every repeat, so that it stands in the task once."""
    return f"Reason: the customer {reason}."


def over(customer: CustomerNow) -> str:
    return f"No longer at risk: {escaped(name(customer))} pays {mrr(customer)} of MRR, and owes nothing."


def task_over() -> str:
    return "Outcome: no longer at risk."


def expired(customer: CustomerNow, reasons: list[str]) -> str:
    left = escaped(short("; ".join(reasons), LONGEST_REASONS))
    return (
        f"Still at risk, and looked after no longer: {escaped(name(customer))} ({left}), {mrr(customer)} MRR."
    )
