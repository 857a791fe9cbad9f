"""The words of onboarding: the alert with all that was made, and the look later."""

from collections.abc import Sequence
from typing import Any

from models.effects import Action, Effect
from models.runs import Problem
from models.salesforce import LeadsFound
from models.wording import escaped, short, span
from workflows.blocks import slack_blocks
from workflows.onboarding.facts import LONGEST_NAME, NewCustomer

MOST_LINES = 12


def alert(facts: NewCustomer) -> str:
    return f"{escaped(facts.name)} {_verb(facts)}: {facts.mrr} MRR"


def alert_blocks(
    facts: NewCustomer,
    owner: str,
    made: str,
    links: list[tuple[str, str | None]],
    lead: str = "",
    why_here: str = "",
) -> list[dict[str, Any]]:
    """`owner`, `made` and `lead` are mrkdwn. `why_here`: why there is no direct message."""
    fields = [
        ("Plan", slack_blocks.value(facts.plan)),
        ("MRR", str(facts.mrr)),
        ("Seats", facts.seats),
        ("Billed every", slack_blocks.value(facts.cycle)),
        ("In charge", owner),
        ("Set up", made),
        *([("Lead in Salesforce", lead)] if lead else []),
        *([("Told here, for", slack_blocks.value(why_here))] if why_here else []),
    ]
    return slack_blocks.message(f"{facts.name} {_verb(facts)}", fields, links)


def made(effects: Sequence[Effect], problems: Sequence[Problem]) -> str:
    """What was made, and what was not and why, as mrkdwn."""
    lines = [*map(_line, effects), *map(_problem, problems)]
    more = [f"{len(lines) - MOST_LINES} more, in the run"] if len(lines) > MOST_LINES else []
    return "\n".join([*lines[:MOST_LINES], *more]) or "nothing was asked for"


def lead(found: LeadsFound) -> str:
    """That a person has to convert it, or them, as mrkdwn; empty where there is none."""
    if found.left_out:
        return f"not looked for: {escaped(short(found.left_out, 300))}"
    if not found.number:
        return ""
    named = escaped(short(found.name or "the lead", LONGEST_NAME))
    newest = f"<{found.link}|{named}>" if found.link else named
    several = f"{found.number} with this e-mail, the newest is " if found.number > 1 else ""
    return f"{several}{newest}: not converted"


def checked_in(facts: NewCustomer, days: float, used: bool | None) -> str:
    who = escaped(facts.name)
    if not facts.now.customer.mrr:
        return f"After {span(days)}: {who} does not pay any more."
    words = {True: "has used the product", False: "has not used the product yet", None: ""}[used]
    return f"After {span(days)}: {who} pays {facts.mrr} of MRR" + (f", and {words}." if words else ".")


def _verb(facts: NewCustomer) -> str:
    if not facts.now.customer.mrr:
        return "has left again already"
    return "is back" if facts.is_back else "is a new customer"


def _line(effect: Effect) -> str:
    what = escaped(short(f"{effect.system} {effect.object_type}", 80))
    done = effect.action.value + (f": {effect.note}" if effect.note else "")
    named = f"<{effect.link}|{what}>" if effect.link and effect.action is not Action.SKIPPED else what
    return f"{named} {escaped(short(done, 150))}"


def _problem(problem: Problem) -> str:
    return escaped(short(f"{problem.step} not done: {problem.message}", 200))
