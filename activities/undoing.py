"""Taking an effect back: which of its fields still stand as it left them, and how that is told.

What a person, or another run, has set otherwise since is theirs, and stays.
"""

import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from activities.definition import refuse_outdated
from clients.kit.errors import NotFound
from models.effects import Action, Effect, Mode
from models.undo import Undoing, Undone, UndoState

Values = dict[str, Any]
Same = Callable[[Any, Any], bool]
Write = Callable[[Values], Awaitable[tuple[Values, Sequence[str]]]]
"""Sets fields; gives those that the system has taken, and why not the others."""

DELETED = "deleted"
"""The field that an undo which deletes has on its sides: false, then true."""

NO_ID = "the effect does not say which record it was"
DELETED_FOR_GOOD = "it was deleted, and nothing makes the same record again"
LOST = "what was there before is not known: an answer was lost, and another try found it done"
CUT = "what was there before is too long to have been kept"
NOT_ASKED = "it is deleted only where that is asked for"

_SHOWN_CUT = range(1_900, 2_001)
"""Characters of a text of which the CRM sync's effects hold only the beginning."""

_NUMBER = re.compile(r"-?(0|[1-9]\d{0,30})(\.\d{1,30})?([eE][+-]?\d{1,2})?", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def same(one: Any, other: Any) -> bool:
    """Whether two ways of writing a value mean the same: systems give numbers, times and line ends back in
    their own way, and nothing as null or as empty text."""
    return bool(one == other) or bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return "" if value is None else str(value).lower()
    text = str(value).replace("\r\n", "\n").strip()
    if _NUMBER.fullmatch(text):
        return Decimal(text)
    return _instant(text) if _INSTANT.fullmatch(text) else text


def _instant(text: str) -> datetime | str:
    """To the second."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return text
    instant = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return instant.astimezone(UTC).replace(microsecond=0)


def was_made(effect: Effect) -> bool:
    """Whether it made the object. A repeat of what made it may say that it updated it."""
    return effect.action is Action.CREATED or effect.before is None


def before_newer(undoing: Undoing, now: Mapping[str, Any], same: Same = same) -> Values:
    """As it is once the newer effects of the run are taken back: a preview sees them still."""
    found = dict(now)
    for newer in undoing.newer:
        if newer.before is None or _place(newer) != _place(undoing.effect):
            continue
        for name in newer.after.keys() & newer.before.keys() & found.keys():
            if same(found[name], newer.after[name]):
                found[name] = newer.before[name]
    return found


def _place(effect: Effect) -> tuple[str, str, str | None]:
    return effect.system, effect.object_type, effect.object_id


def touched(effect: Effect, found: Mapping[str, Any], same: Same = same) -> list[str]:
    """Fields that are no longer as the effect left them."""
    return [n for n, value in effect.after.items() if n in found and not _stands(found[n], value, same)]


def _stands(found: Any, value: Any, same: Same) -> bool:
    if _is_cut(value):
        return isinstance(found, str) and found.startswith(value[:-1])
    return same(found, value)


def _is_cut(value: Any) -> bool:
    return isinstance(value, str) and len(value) in _SHOWN_CUT and value.endswith("…")


@dataclass(frozen=True)
class Standing:
    """Of the fields that an effect changed: those that are still `ours`, with what they were before; those
    that are `back` already; those that are a person's; and those of which nobody knows what they were."""

    ours: Values
    back: Values
    left: list[str]
    unknown: list[str]


def standing(effect: Effect, found: Mapping[str, Any], same: Same = same) -> Standing:
    before, it = effect.before or {}, Standing({}, {}, [], [])
    for name, value in effect.after.items():
        was = before.get(name)
        if name in before and same(value, was):
            continue
        if name not in before or _is_cut(was):
            it.unknown.append(name)
        elif name not in found:
            it.left.append(name)
        elif same(found[name], was):
            it.back[name] = was
        elif _stands(found[name], value, same):
            it.ours[name] = was
        else:
            it.left.append(name)
    return it


async def restored(undoing: Undoing, now: Mapping[str, Any], write: Write, same: Same = same) -> Undone:
    """Field by field, those that still are as the effect left them. `now` is the object as it is read."""
    found = before_newer(undoing, now, same)
    it = standing(undoing.effect, found, same)
    left = [*it.left, *it.unknown]
    if not it.ours and not it.back:
        return changed_since(undoing, it.left) if it.left else not_possible(undoing, _why(it))
    if not it.ours:
        return _found_back(undoing, found, it, left)
    before = {name: found[name] for name in it.ours}
    if undoing.mode is Mode.PREVIEW:
        return undone(undoing, Action.WOULD_UPDATE, before, it.ours, left=left)
    refuse_outdated(undoing.effect.system, undoing)
    try:
        written, notes = await write(it.ours)
    except NotFound:
        return gone(undoing)
    if not written:
        return not_possible(undoing, " ".join(notes))
    left += [name for name in it.ours if name not in written]
    before = {name: before[name] for name in written}
    return undone(undoing, Action.UPDATED, before, written, left=left, note=" ".join(notes))


def _why(it: Standing) -> str:
    return CUT if it.unknown else LOST


def _found_back(undoing: Undoing, found: Values, it: Standing, left: list[str]) -> Undone:
    """By an earlier try, whose answer was lost; or by a person's hand."""
    action = undoing.already(Action.UPDATED)
    side = undoing.effect.after if action is Action.UPDATED else found
    return undone(undoing, action, {name: side[name] for name in it.back}, it.back, left=left)


def undone(
    undoing: Undoing,
    action: Action,
    before: Values,
    after: Values,
    *,
    left: Sequence[str] = (),
    note: str = "",
    state: UndoState = UndoState.UNDONE,
) -> Undone:
    stays = f"A person's value stays in {', '.join(left)}." if left else ""
    said = " ".join(filter(None, [stays, note]))
    effect = _effect(undoing, action, before, after, said)
    return Undone(state=state, effect=effect, left=list(left), note=said)


def deleted(undoing: Undoing, action: Action) -> Undone:
    """Its undo's effect says what it held; nothing brings it back."""
    before = {**undoing.effect.after, DELETED: False}
    return undone(undoing, action, before, {DELETED: True})


def is_deletion(effect: Effect) -> bool:
    return effect.after.get(DELETED) is True


def changed_since(undoing: Undoing, left: Iterable[str], note: str = "") -> Undone:
    names = list(left)
    said = note or f"{', '.join(names)} {'was' if len(names) == 1 else 'were'} changed since, and stays so"
    return _untouched(undoing, UndoState.CHANGED_SINCE, said, names)


def not_possible(undoing: Undoing, why: str) -> Undone:
    return _untouched(undoing, UndoState.NOT_POSSIBLE, why)


def not_there(
    undoing: Undoing, *, deletes: bool, told: Callable[[Undoing, Action], Undone] = deleted
) -> Undone:
    """Where the undo `deletes` the object, an earlier try may have done so. `told` is how the system tells
    of a deletion."""
    if deletes and undoing.already(Action.UPDATED) is Action.UPDATED:
        return told(undoing, Action.UPDATED)
    return gone(undoing)


def gone(undoing: Undoing) -> Undone:
    return _untouched(undoing, UndoState.GONE, "it is not there any more")


def _untouched(undoing: Undoing, state: UndoState, note: str, left: Sequence[str] = ()) -> Undone:
    effect = _effect(undoing, Action.SKIPPED, None, {}, note)
    return Undone(state=state, effect=effect, left=list(left), note=note)


def _effect(undoing: Undoing, action: Action, before: Values | None, after: Values, note: str) -> Effect:
    """On the same object, by the undo's own key."""
    of = undoing.effect
    return Effect(
        system=of.system,
        object_type=of.object_type,
        object_id=of.object_id,
        label=of.label,
        link=of.link,
        action=action,
        key=undoing.key,
        before=before,
        after=after,
        note=note or None,
    )
