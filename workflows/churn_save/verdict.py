"""What ChartMogul's answers say of a cancellation: whether to act on it, and what became of the customer.

Who pays now is never a churn to save, and never lost: the customer's MRR decides, at the moment it is
read, and the lists of movements and subscriptions say what it means. Pure functions.
"""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from models.runs import Outcome
from models.templates.churn_save import ChurnSaveInput
from models.wording import long_day, span
from workflows.churn_save.facts import ChurnFacts

ROUNDING = 2
"""Cents by which ChartMogul's sums may differ from its parts."""


class Sight(StrEnum):
    """What a run that begins sees."""

    CHURN = "to act on"
    BACK = "already back"
    UNCLEAR = "the lists contradict each other"
    CONTRADICTED = "no cancellation"


class Verdict(NamedTuple):
    """`words` go on from the customer's name: `is back at $625.00 of $2,125.00 MRR`."""

    outcome: Outcome
    words: str
    partly: bool = False

    @property
    def is_lost(self) -> bool:
        """Who is lost may still come back; every other verdict is the last."""
        return self.outcome is Outcome.LOST

    @property
    def title(self) -> str:
        return "Partly saved" if self.partly else self.outcome.value.capitalize()


def first_sight(given: ChurnSaveInput, facts: ChurnFacts, now: datetime) -> Sight:
    """Of one that was listed before its day the list decides, also on the day: the customer may be shown
    as paying for a while longer."""
    if facts.pays and facts.returned:
        return Sight.BACK
    if given.scheduled:
        return Sight.CHURN if facts.churn else Sight.CONTRADICTED
    if not facts.pays:
        return Sight.CHURN
    # right after a cancellation the MRR may lag behind the list
    return Sight.UNCLEAR if _left_wholly(facts, now) else Sight.CONTRADICTED


def verdict(given: ChurnSaveInput, facts: ChurnFacts, days: float, now: datetime) -> Verdict | None:
    """None where it cannot be told. `days` are those since the cancellation."""
    if not facts.pays:
        return _lost(facts, days)
    if "movements" in facts.unread:
        return None
    if given.event.occurred_at > now and facts.churn:
        return _lost(facts, days)  # they pay until then
    if facts.returned or _left_wholly(facts, now):
        return _back(facts)
    return _never_left(given, facts, now)


def why_not(given: ChurnSaveInput, facts: ChurnFacts | None, now: datetime) -> str:
    """Why a cancellation is not acted on, in a sentence that names nobody."""
    if facts is None:
        return (
            "Not acted on: ChartMogul has no customer under this id, and none that has its subscription. "
            "See there whether it was deleted, or merged into another."
        )
    if not facts.pays:
        return "Not acted on: ChartMogul does not list the cancellation."
    if _left_wholly(facts, now):
        mrr = facts.current_mrr
        return f"Not acted on: ChartMogul lists the cancellation, and shows the customer paying {mrr} MRR."
    return f"Not acted on: the customer {_never_left(given, facts, now).words}."


def _left_wholly(facts: ChurnFacts, now: datetime) -> bool:
    """By the list they paid nothing after the cancellation, or after one that it has for later."""
    return any(each.mrr <= 0 and each.date <= now for each in facts.churns)


def _lost(facts: ChurnFacts, days: float) -> Verdict:
    words = f"has not come back in {span(days)}"
    if any(each.alive for each in facts.subscriptions):
        words += ", but uses a subscription without MRR"
    return Verdict(Outcome.LOST, words)


def _back(facts: ChurnFacts) -> Verdict:
    now, before = facts.current_mrr, facts.lost_together
    if now.currency != before.currency:
        return Verdict(Outcome.SAVED, f"is back at {now} MRR, after {before}")
    if now.cents < before.cents - ROUNDING:
        return Verdict(Outcome.SAVED, f"is back at {now} of {before} MRR", partly=True)
    return Verdict(Outcome.SAVED, f"is back at {now} MRR")


def _never_left(given: ChurnSaveInput, facts: ChurnFacts, now: datetime) -> Verdict:
    pays = f"pays {facts.current_mrr} MRR"
    if facts.churn:
        return _withdrawn(f"{pays}; the cancellation ended one of several subscriptions")
    if instead := facts.other_than_churn:
        return _withdrawn(f"{pays}; ChartMogul now shows the cancellation as {_a(instead.type)}")
    if ahead := [each.date for each in facts.churns if each.date > now]:
        return _withdrawn(f"{pays}; the cancellation was put off to {long_day(given.day(min(ahead)))}")
    if given.scheduled:
        return Verdict(Outcome.SAVED, f"stays at {facts.current_mrr} MRR; the cancellation was withdrawn")
    return _withdrawn(f"{pays}; ChartMogul does not list the cancellation any more")


def _withdrawn(words: str) -> Verdict:
    return Verdict(Outcome.WITHDRAWN, words)


def _a(movement_type: str) -> str:
    """`an expansion`; ChartMogul's `new_biz` in words."""
    name = {"new_biz": "new business"}.get(movement_type, movement_type)
    return f"an {name}" if name[:1] in "aeiou" else f"a {name}" if name != "new business" else name
