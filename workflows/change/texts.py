"""The words of a change: for whoever asked, and for whoever decides."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from models.changes import ChangeInput, Decision, FieldChange
from models.effects import Action, Effect
from models.runs import Problem
from models.wording import clock, short

EXPIRED = "Nobody decided in time: nothing was written. Ask again."
STALE = "What it would do has changed since it was looked at: nothing was written. Ask again for a new look."
MOST_TOLD, LONGEST_VALUE = 10, 80


def title(given: ChangeInput) -> str:
    return f"{given.tool} for {given.asker.name}"


def asked_by(given: ChangeInput) -> str:
    owner = f", for whom {given.asker.owner} answers" if given.asker.owner != given.asker.name else ""
    return f"{given.asker.name} ({given.asker.kind}){owner if given.asker.owner else ''}: {given.reason}"


def planned(changes: Sequence[FieldChange]) -> str:
    more = f"; and {len(changes) - MOST_TOLD} more" if len(changes) > MOST_TOLD else ""
    return "; ".join(map(line, changes[:MOST_TOLD])) + more or "nothing: all is so already"


def line(change: FieldChange) -> str:
    return f"{change.of}, {change.field}: {value(change.before)} → {value(change.after)}"


def value(found: object) -> str:
    return "nothing" if found in (None, "") else short(str(found), LONGEST_VALUE)


def waits(given: ChangeInput, until: datetime) -> str:
    people = "a person" if given.rule.approvers == 1 else f"{given.rule.approvers} people"
    return f"Waits for {people} to decide, until {clock(until)}."


def unchanged(planned: Sequence[Effect]) -> str:
    why = [each.note for each in planned if each.action is Action.SKIPPED and each.note]
    return f"Nothing was written: {'; '.join(why)}." if why else "Nothing was written: all is so already."


def decided(decisions: Iterable[Decision]) -> str:
    said = [f"{each.who} {'agreed' if each.approve else 'refused'} by {each.told_way}" for each in decisions]
    return ", ".join(said) or "nobody"


def refused(decision: Decision) -> str:
    why = f": {decision.reason}" if decision.reason else ""
    return f"Refused by {decision.who}{why}. Nothing was written."


def not_taken(field: str) -> str:
    return f"{field}: it answered that all was well, and has not taken it"


def done(effects: Sequence[Effect], problems: Sequence[Problem]) -> str:
    failed = f"; {len(problems)} failed: {problems[0].message.rstrip('.')}" if problems else ""
    written = sum(each.action in (Action.CREATED, Action.UPDATED) for each in effects)
    return f"{written} of {max(written, len(effects))} written{failed}."
