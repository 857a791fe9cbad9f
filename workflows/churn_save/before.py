"""How runs that began before `who_pays_decides` judge a cancellation, and must go on to: by the cancelled
subscription, and by a return after the second of the cancellation. None is left a year after the last began.
"""

from models.event import to_the_second
from models.events import MovementType
from models.runs import Outcome
from models.templates.churn_save import ChurnSaveInput
from models.wording import span
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.verdict import Sight, Verdict

_BACK = (MovementType.REACTIVATION, MovementType.NEW_BUSINESS)


def first_sight(given: ChurnSaveInput, facts: ChurnFacts) -> Sight:
    if _returned(facts):
        return Sight.BACK
    contradicted = not facts.churn if given.scheduled else _still_pays(facts)
    return Sight.CONTRADICTED if contradicted else Sight.CHURN


def verdict(given: ChurnSaveInput, facts: ChurnFacts, days: float) -> Verdict:
    if _returned(facts):
        return Verdict(Outcome.SAVED, f"is back at {facts.current_mrr} MRR")
    stayed = _still_pays(facts) and not facts.churns
    if given.scheduled and stayed:
        words = f"stays at {facts.current_mrr} MRR; the cancellation was withdrawn"
        return Verdict(Outcome.SAVED, words)
    return Verdict(Outcome.LOST, f"has not come back in {span(days)}")


def _still_pays(facts: ChurnFacts) -> bool:
    """The customer has MRR and the cancelled subscription (any, where it is unknown) is alive."""
    cancelled = [facts.subscription] if facts.subscription else facts.subscriptions
    return facts.pays and any(each.alive for each in cancelled)


def _returned(facts: ChurnFacts) -> bool:
    then = facts.event.occurred_at
    later = (each for each in facts.movements if to_the_second(each.date) > then)
    return facts.pays and any(each.type in _BACK for each in later)
