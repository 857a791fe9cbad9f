"""The words of a failed payment: the alert, what follows in its thread, the in-app message."""

from typing import Any

from models.effects import Action, Effect
from models.templates.failed_payment import InAppOptions
from models.wording import clock, escaped, short, span
from workflows.blocks import slack_blocks
from workflows.failed_payment.facts import Attempts, PaymentFacts

UNKNOWN = "unknown"
LONGEST_NAME = 120


def alert(facts: PaymentFacts) -> str:
    return f"{_who(facts)}: payment of {facts.due or 'an unknown amount'} failed"


def alert_blocks(
    facts: PaymentFacts, attempts: Attempts, told: Effect | None, links: list[tuple[str, str | None]]
) -> list[dict[str, Any]]:
    fields = [
        ("Amount due", str(facts.due or UNKNOWN)),
        ("MRR at risk", str(facts.mrr or "unknown: ChartMogul does not know the customer yet")),
        ("Reason", slack_blocks.value(_reason(facts, attempts))),
        ("Attempt", str(attempts.number)),
        ("Next attempt", _next(facts, attempts)),
        ("Told in the product", slack_blocks.value(_told(told))),
    ]
    title = short(f"{short(facts.name, 100)}: payment failed", 150)
    return slack_blocks.message(title, fields, links, f"Failed on {clock(facts.event.occurred_at)}")


def attempt(facts: PaymentFacts, attempts: Attempts) -> str:
    return (
        f"Attempt {attempts.number} failed on {clock(attempts.latest.occurred_at)}: "
        f"{escaped(_reason(facts, attempts))}. Next attempt: {_next(facts, attempts)}."
    )


def recovered(facts: PaymentFacts, days: int) -> str:
    after = span(days) if days else "less than a day"
    return f"Recovered: {_who(facts)} paid {facts.due or 'the invoice'} after {after}."


def voided(facts: PaymentFacts) -> str:
    return f"Voided: {_who(facts)} does not owe this invoice any more."


def lost(facts: PaymentFacts, days: int) -> str:
    after = span(days) if days else "less than a day"
    return (
        f"Lost: the billing system has given up to collect {facts.due or 'the invoice'} of "
        f"{_who(facts)}, {after} after the first attempt failed."
    )


def still_open(facts: PaymentFacts, days: float) -> str:
    return (
        f"Still unpaid after {span(days)}: {facts.due or 'the invoice'} of "
        f"{_who(facts)}. This is looked after no longer."
    )


def in_app(options: InAppOptions, facts: PaymentFacts) -> str:
    words = {
        "customer": short(facts.name, LONGEST_NAME),
        "amount": str(facts.due or "your last invoice"),
        "link": options.link or facts.pay_link or "",
    }
    return options.text.format(**words)


def _who(facts: PaymentFacts) -> str:
    return escaped(short(facts.name, LONGEST_NAME))


def _reason(facts: PaymentFacts, attempts: Attempts) -> str:
    said = attempts.latest.reason or (facts.invoice.reason if facts.invoice else "")
    return short(said, 300) or "the billing system gave none"


def _next(facts: PaymentFacts, attempts: Attempts) -> str:
    planned = (facts.invoice.next_attempt_at if facts.invoice else None) or attempts.latest.next_attempt_at
    return clock(planned) if planned else "none is planned, as far as is known"


def _told(told: Effect | None) -> str:
    if told is None:
        return "no"
    if told.action is Action.SKIPPED:
        return f"no: {told.note or 'skipped'}"
    return "would be told" if told.action is Action.WOULD_CREATE else "yes, by Intercom"
