"""The words of churn save: the task, the alert, and the replies."""

from datetime import date, datetime
from typing import Any

import holidays
from babel.dates import format_date

from models.churn_save import ChurnSaveInput, TaskOptions
from models.salesforce import AccountOwner
from models.slack import Member
from workflows.churn_facts import ChurnFacts
from workflows.headlines import plan_from

NAME_LENGTH = 120
"""Longer names of customers, plans and people are cut: Slack refuses a field over 2,000 characters."""


def due_date(acts_at: datetime, options: TaskOptions) -> date:
    """The n-th business day after the event came in, or after the day that was waited for."""
    country = options.holidays
    calendar = holidays.country_holidays(country) if country else holidays.HolidayBase()
    return calendar.get_nth_working_day(acts_at.date(), options.due_in_business_days)


def task_subject(given: ChurnSaveInput, facts: ChurnFacts) -> str:
    words = {"customer": name(facts), "mrr": str(abs(given.event.amount)), "plan": plan(facts)}
    when = f", leaves {_day(given.event.occurred_at)}" if given.acts_ahead else ""
    return _short(given.options.task.subject.format(**words), 255 - len(when)) + when


def task_description(given: ChurnSaveInput, facts: ChurnFacts, owner: AccountOwner, run_link: str) -> str:
    lines = [
        f"{name(facts)} {_when(given)}.",
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


def name(facts: ChurnFacts) -> str:
    return _short(facts.customer.label, NAME_LENGTH)


def plan(facts: ChurnFacts) -> str:
    return _short(facts.plan or plan_from(facts.event.description), NAME_LENGTH)


def alert_text(given: ChurnSaveInput, facts: ChurnFacts) -> str:
    what = f"{_verb(given)} on {_day(given.event.occurred_at)}" if given.acts_ahead else _verb(given)
    return f"{_escaped(name(facts))} {what}: {given.event.amount} MRR"


def alert_blocks(
    given: ChurnSaveInput,
    facts: ChurnFacts,
    owner: str,
    links: list[tuple[str, str | None]],
) -> list[dict[str, Any]]:
    """Block Kit of the alert. `owner` is mrkdwn already; `links` are button texts and URLs.

    Plain JSON: slack_sdk's own models raise on what Slack would refuse, and a workflow must not.
    """
    fields = [f"*{title}*\n{_escaped(_short(value, 350))}" for title, value in figures(given, facts)]
    fields.append(f"*Owner*\n{owner}")
    buttons = [_button(number, text, url) for number, (text, url) in enumerate(links) if url]
    return [
        {"type": "header", "text": _plain(_short(f"{name(facts)} {_verb(given)}", 150))},
        {"type": "section", "fields": [_mrkdwn(field) for field in fields]},
        *([{"type": "actions", "elements": buttons}] if buttons else []),
        {"type": "context", "elements": [_mrkdwn(_sentence(_when(given)))]},
    ]


def _button(number: int, text: str, url: str) -> dict[str, Any]:
    return {"type": "button", "action_id": f"open_{number}", "text": _plain(text), "url": url[:3000]}


def _plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def _mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def mention(owner: AccountOwner | None, member: Member | None) -> str:
    """The owner as mrkdwn: a mention where the e-mail is a member's, else the name."""
    if owner is None:
        return "not known yet"
    if member:
        return f"<@{member.id}>"
    return _escaped(_short(owner.owner_name or owner.owner_email or "nobody", NAME_LENGTH))


def owner_line(owner: AccountOwner) -> str:
    """Who, and why they: for the page that explains the run."""
    who = owner.owner_name or owner.owner_email or owner.owner_id or "nobody"
    why = owner.why_fallback or getattr(owner, "found_by", "")
    return f"{who}: {why}" if why else who


def late_task_text(owner: str, link: str) -> str:
    return f"{owner} has the save task now: <{link}|open it>"


def already_saved_text(facts: ChurnFacts) -> str:
    who = _escaped(name(facts))
    return f"{who} cancelled and is already back at {facts.current_mrr} MRR. No task made."


def reply_text(facts: ChurnFacts, saved: bool, days: float) -> str:
    who = _escaped(name(facts))
    if saved and facts.stayed and not facts.reactivated:
        return f"Saved: {who} stays at {facts.current_mrr} MRR; the cancellation was withdrawn."
    if saved:
        return f"Saved: {who} is back at {facts.current_mrr} MRR."
    return f"Lost: {who} has not come back in {days:g} days."


def task_outcome_line(saved: bool, days: float) -> str:
    """The same at every repeat, so that it stands in the task once."""
    return "Outcome: saved, the customer is back." if saved else f"Outcome: lost, not back in {days:g} days."


def _verb(given: ChurnSaveInput) -> str:
    return "leaves" if given.acts_ahead else "cancelled"


def _when(given: ChurnSaveInput) -> str:
    """`cancelled on 20 May 2026`; of one that lies ahead, that it does."""
    day = _day(given.event.occurred_at)
    return f"leaves on {day}, the cancellation is scheduled" if given.acts_ahead else f"cancelled on {day}"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _day(instant: datetime) -> str:
    return str(format_date(instant.date(), format="d MMMM y", locale="en"))


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _escaped(text: str) -> str:
    """Customer text must not become a mention or a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
