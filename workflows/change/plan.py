"""What a change would do, and the hash by which a decision is bound to just that."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from models.canonical import sha256_of
from models.changes import FieldChange
from models.effects import Action, Effect

WRITES = (Action.WOULD_CREATE, Action.WOULD_UPDATE, Action.CREATED, Action.UPDATED)
MOST_FIELDS = 200
"""Told of one change; the hash is of all."""


def plan_hash(effects: Iterable[Effect]) -> str:
    """Of system, object and both sides of each, 32 hex digits: another value is another plan."""
    rows = [[each.system, each.object_type, each.object_id, each.before, each.after] for each in effects]
    return sha256_of(rows)[:32]


def writes_nothing(effects: Iterable[Effect]) -> bool:
    return not any(each.action in WRITES for each in effects)


def field_changes(effects: Iterable[Effect]) -> list[FieldChange]:
    """Fields that differ between the two sides, in the order of the effects."""
    return [change for effect in effects for change in _of(effect)]


def _of(effect: Effect) -> Iterator[FieldChange]:
    name = effect.label or effect.object_id or "new"
    before = effect.before or {}
    for field, value in sorted(effect.after.items()):
        if before.get(field) != value:
            of = f"{effect.system} {effect.object_type} {name}"
            yield FieldChange(of=of, field=field, before=before.get(field), after=value)


def not_taken(wanted: Sequence[Effect], found: Sequence[Effect]) -> list[str]:
    """Fields that the system has otherwise than the plan said, though it answered that all was well."""
    said = []
    for plan, effect in zip(wanted, found, strict=False):
        for field, value in sorted(plan.after.items()):
            if field in effect.after and not _same(effect.after[field], value):
                said.append(f"{effect.system} {effect.object_type} {field}")
    return said


def _same(one: Any, other: Any) -> bool:
    return one == other or str(one) == str(other)
