"""The words of churn save: the task, the alert, and the replies."""

from datetime import date
from typing import Any

from models.business_days import business_day
from models.headlines import plan_from
from models.salesforce import AccountOwner
from models.templates.churn_save import ChurnSaveInput
from models.wording import escaped, long_day, sentence, short
from workflows.blocks import slack_blocks
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.verdict import Verdict

NAME_LENGTH = 120
"""Longer names of customers, plans and people are cut: Slack refuses a field over 2,000 characters."""


def due_date(given: ChurnSaveInput) -> date:
    """The n-th business day after the day, there, on which the event came in, or that was waited for."""
    options = given.options.task
    return business_day(given.day(given.acts_at), options.due_in_business_days, options.holidays)


def task_subject(given: ChurnSaveInput, facts: ChurnFacts) -> str:
    words = {"customer": name(facts), "mrr": str(facts.lost), "plan": plan(facts)}
    when = f", leaves {_day(given)}" if given.acts_ahead else ""
    return short(given.options.task.subject.format(**words), 255 - len(when)) + when


def task_description(given: ChurnSaveInput, facts: ChurnFacts, owner: AccountOwner, run_link: str) -> str:
    lines = [
        f"{name(facts)} {_when(given)}.",
        "",
        *(f"{name}: {value}" for name, value in figures(given, facts)),
        f"Owner: {why_this_owner(owner)}",
        "",
        f"ChartMogul: {facts.customer.link or facts.customer.uuid}",
        f"Run: {run_link}",
    ]
    return "\n".join(lines)


def figures(given: ChurnSaveInput, facts: ChurnFacts) -> list[tuple[str, str]]:
    """What people want to know first, as names and values."""
    return [
        ("MRR lost", _lost(facts)),
        ("Plan", plan(facts) or "unknown"),
        ("Customer for", facts.tenure or "unknown"),
        ("Lifetime value", _lifetime_value(facts)),
        ("Reason", short(facts.reason(given.options.reason_attributes), 500)),
    ]


def _lost(facts: ChurnFacts) -> str:
    lost, together = facts.lost, facts.lost_together
    return str(lost) if together == lost else f"{lost}, of {together} that ended in the same second"


def _lifetime_value(facts: ChurnFacts) -> str:
    if "movements" in facts.unread:
        return "unknown, ChartMogul's list of movements could not be read"
    if facts.lifetime_value is None:
        return "unknown, ChartMogul lists the movements in several currencies"
    return f"{facts.lifetime_value} (MRR over that time)"


def left_out(facts: ChurnFacts) -> list[str]:
    """What an effect says of the lists that could not be read."""
    return [f"made without the list of {name}: {why}" for name, why in facts.unread.items()]


def why_this_owner(owner: AccountOwner) -> str:
    """One line, without the name."""
    if owner.why_fallback:
        stands_in = ", so the fallback owner has it" if owner.owner_id or owner.owner_email else ""
        return short(owner.why_fallback.rstrip(". "), 400) + stands_in
    who = owner.owner_name or owner.owner_email or "unknown"
    return (
        f"{short(who, NAME_LENGTH)}, found by {owner.found_by}" if owner.found_by else short(who, NAME_LENGTH)
    )


def name(facts: ChurnFacts) -> str:
    """As the event had it; of one that was merged into another, that too."""
    now, then = facts.customer.label, facts.event.customer_name
    if facts.customer.uuid == facts.event.customer_uuid or not then or then == now:
        return short(now, NAME_LENGTH)
    half = NAME_LENGTH // 2
    return f"{short(then, half)} (merged into {short(now, half)})"


def plan(facts: ChurnFacts) -> str:
    return short(facts.plan or plan_from(facts.event.description), NAME_LENGTH)


def alert_text(given: ChurnSaveInput, facts: ChurnFacts) -> str:
    what = f"{_verb(given)} on {_day(given)}" if given.acts_ahead else _verb(given)
    return f"{escaped(name(facts))} {what}: {-facts.lost} MRR"


def alert_blocks(
    given: ChurnSaveInput,
    facts: ChurnFacts,
    owner: str,
    links: list[tuple[str, str | None]],
) -> list[dict[str, Any]]:
    """`owner` is mrkdwn already; `links` are button texts and URLs."""
    fields = [(title, slack_blocks.value(text)) for title, text in figures(given, facts)]
    fields.append(("Owner", owner))
    return slack_blocks.message(f"{name(facts)} {_verb(given)}", fields, links, sentence(_when(given)))


def owner_field(owner: AccountOwner | None, who: str) -> str:
    """`who` is the mention; below it, in one line, how the owner was found, or why it is the fallback one."""
    if owner is None:
        return who
    if owner.why_fallback:
        return f"{who}\n{escaped(why_this_owner(owner))}"
    return f"{who}\nfound by {escaped(owner.found_by)}" if owner.found_by else who


def owner_line(owner: AccountOwner) -> str:
    """Who, and why they: for the page that explains the run."""
    who = owner.owner_name or owner.owner_email or owner.owner_id or "nobody"
    why = owner.why_fallback or owner.found_by
    return f"{who}: {why}" if why else who


def late_task_text(owner: AccountOwner | None, who: str, link: str) -> str:
    why = f" ({escaped(why_this_owner(owner))})" if owner and owner.why_fallback else ""
    return f"{who} has the save task now{why}: <{link}|open it>"


def already_saved_text(facts: ChurnFacts, verdict: Verdict) -> str:
    who = escaped(name(facts))
    words = verdict.words.replace("is back", "is already back")
    return f"{who} cancelled and {words}. No task made."


def reply_text(facts: ChurnFacts, verdict: Verdict) -> str:
    return f"{verdict.title}: {escaped(name(facts))} {verdict.words}."


def says(reply: str, verdict: Verdict) -> bool:
    """Whether one of the replies above says this verdict. The name between may come back from Slack in
    another form: with links."""
    return reply.startswith(f"{verdict.title}: ") and reply.endswith(f" {verdict.words}.")


def verdict_text(verdict: Verdict) -> str:
    """Names nobody."""
    return f"{verdict.title}: the customer {verdict.words}."


def unknown_text(facts: ChurnFacts) -> str:
    who = escaped(name(facts))
    return (
        f"Nobody knows whether {who} is back: ChartMogul has no customer under this id any more, and none "
        "that has its subscription. Look there whether it was deleted, or merged into another."
    )


def task_outcome_line(verdict: Verdict) -> str:
    """The same at every repeat, so that it stands in the task once."""
    return f"Outcome: {verdict.title.lower()}, the customer {verdict.words}."


def _verb(given: ChurnSaveInput) -> str:
    return "leaves" if given.acts_ahead else "cancelled"


def _when(given: ChurnSaveInput) -> str:
    """`cancelled on 20 May 2026`; of one that lies ahead, that it does."""
    day = _day(given)
    return f"leaves on {day}, the cancellation is scheduled" if given.acts_ahead else f"cancelled on {day}"


def _day(given: ChurnSaveInput) -> str:
    return long_day(given.day(given.event.occurred_at))
