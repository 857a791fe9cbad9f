"""The words of churn save: the task, the alert, and the replies."""

from datetime import date, datetime
from typing import Any

import holidays
from babel.dates import format_date
from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ContextBlock,
    HeaderBlock,
    MarkdownTextObject,
    SectionBlock,
)

from models.churn_save import ChurnSaveInput, TaskOptions
from models.salesforce import AccountOwner
from models.slack import Member
from workflows.churn_facts import ChurnFacts
from workflows.headlines import plan_from

NO_OWNER = "nobody"


def due_date(received_at: datetime, options: TaskOptions) -> date:
    """The n-th business day after the event came in."""
    country = options.holidays
    calendar = holidays.country_holidays(country) if country else holidays.HolidayBase()
    return calendar.get_nth_working_day(received_at.date(), options.due_in_business_days)


def task_subject(given: ChurnSaveInput, facts: ChurnFacts) -> str:
    text = given.options.task.subject.format(
        customer=facts.customer.label, mrr=abs(given.event.amount), plan=plan(facts)
    )
    return _short(text, 255)


def task_description(given: ChurnSaveInput, facts: ChurnFacts, owner: AccountOwner, run_link: str) -> str:
    lines = [
        f"{facts.customer.label} cancelled on {_day(given.event.occurred_at)}.",
        "",
        *(f"{name}: {value}" for name, value in figures(given, facts)),
        f"Owner: {owner.why_fallback}" if owner.why_fallback else "",
        "",
        f"ChartMogul: {facts.customer.link or facts.customer.uuid}",
        f"Run: {run_link}",
    ]
    return "\n".join(lines).replace("\n\n\n", "\n\n")


def figures(given: ChurnSaveInput, facts: ChurnFacts) -> list[tuple[str, str]]:
    """What people want to know first, as names and values."""
    return [
        ("MRR lost", str(abs(given.event.amount))),
        ("Plan", plan(facts) or "unknown"),
        ("Customer for", facts.tenure or "unknown"),
        ("Lifetime value", f"{facts.lifetime_value} (MRR over that time)"),
        ("Reason", _short(facts.reason(given.options.reason_attributes), 500)),
    ]


def plan(facts: ChurnFacts) -> str:
    return facts.plan or plan_from(facts.event.description)


def alert_text(given: ChurnSaveInput, facts: ChurnFacts) -> str:
    return f"{_escaped(facts.customer.label)} cancelled: {given.event.amount} MRR"


def alert_blocks(
    given: ChurnSaveInput,
    facts: ChurnFacts,
    owner: str,
    links: list[tuple[str, str | None]],
) -> list[dict[str, Any]]:
    """Block Kit of the alert. `owner` is mrkdwn already; `links` are button texts and URLs."""
    fields = [
        MarkdownTextObject(text=f"*{name}*\n{_escaped(value)}") for name, value in figures(given, facts)
    ]
    fields.append(MarkdownTextObject(text=f"*Owner*\n{owner}"))
    buttons = [
        ButtonElement(text=text, url=url, action_id=f"open_{number}")
        for number, (text, url) in enumerate(links)
        if url
    ]
    blocks: list[Block] = [
        HeaderBlock(text=_short(f"{facts.customer.label} cancelled", 150)),
        SectionBlock(fields=fields),
        *([ActionsBlock(elements=buttons)] if buttons else []),
        ContextBlock(elements=[MarkdownTextObject(text=f"Cancelled {_day(given.event.occurred_at)}")]),
    ]
    return [block.to_dict() for block in blocks]


def mention(owner: AccountOwner, member: Member | None) -> str:
    """The owner as mrkdwn: a mention where the e-mail is a member's, else the name."""
    if member:
        return f"<@{member.id}>"
    return _escaped(owner.owner_name or owner.owner_email or NO_OWNER)


def already_saved_text(facts: ChurnFacts) -> str:
    return (
        f"{_escaped(facts.customer.label)} cancelled and is already back"
        f" at {facts.current_mrr} MRR. No task made."
    )


def verdict_text(facts: ChurnFacts, saved: bool, at: datetime) -> str:
    """What became of the customer: the reply in Slack and the line in the task."""
    who = _escaped(facts.customer.label)
    if saved:
        return f"Saved: {who} is back at {facts.current_mrr} MRR ({_day(at)})."
    return f"Lost: {who} has not come back by {_day(at)}."


def _day(instant: datetime) -> str:
    return str(format_date(instant.date(), format="d MMMM y", locale="en"))


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escaped(text: str) -> str:
    """Customer text must not become a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
