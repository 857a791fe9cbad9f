"""Taking back a tag: off again where it was put on, and on again where it was taken off. Other tags of the
same record come and go by other hands."""

from collections.abc import Awaitable, Callable
from typing import Any

from activities.undoing import NO_ID, Values, gone, not_possible, restored
from models.effects import Effect
from models.undo import Undoing, Undone

NO_TAG = "its sides do not say which tag it was"

Has = Callable[[str], Awaitable[bool | None]]
"""Whether the record has the tag; None where there is no such record."""

Turn = Callable[[str, bool], Awaitable[None]]
"""Puts the tag on, or takes it off."""


async def tag_taken_back(undoing: Undoing, has: Has, turn: Turn) -> Undone:
    tag = tag_of(undoing.effect)
    if tag is None:
        return not_possible(undoing, NO_TAG)
    if undoing.effect.object_id is None:
        return not_possible(undoing, NO_ID)
    there = await has(tag)
    if there is None:
        return gone(undoing)

    async def write(values: Values) -> tuple[Values, list[str]]:
        await turn(tag, bool(values["tags"]))
        return values, []

    return await restored(_narrowed(undoing, tag), _side(tag, on=there), write)


def tag_of(effect: Effect) -> str | None:
    """The one that stands on one side alone, as it is written there."""
    before, after = _names(effect.before), _names(effect.after)
    turned = [name for plain, name in (before | after).items() if (plain in before) != (plain in after)]
    return turned[0] if len(turned) == 1 else None


def _narrowed(undoing: Undoing, tag: str) -> Undoing:
    """Its effects without other tags; the newer ones of this tag alone."""
    newer = [_of_one(each, tag) for each in undoing.newer if _plain(tag_of(each)) == _plain(tag)]
    return undoing.model_copy(update={"effect": _of_one(undoing.effect, tag), "newer": newer})


def _of_one(effect: Effect, tag: str) -> Effect:
    before, after = (_side(tag, on=_plain(tag) in _names(side)) for side in (effect.before, effect.after))
    return effect.model_copy(update={"before": before, "after": after})


def _side(tag: str, *, on: bool) -> dict[str, Any]:
    return {"tags": [tag] if on else []}


def _names(side: dict[str, Any] | None) -> dict[str, str]:
    """By how they are compared: in any case of letters."""
    return {_plain(each): str(each) for each in (side or {}).get("tags") or []}


def _plain(tag: str | None) -> str:
    return (tag or "").casefold()
