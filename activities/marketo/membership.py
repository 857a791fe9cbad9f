"""Taking a lead out of the list or program in which a run has put it; and putting it in again."""

from typing import Any

from activities.undoing import NO_ID, Values, gone, not_possible, restored
from clients.kit.errors import Ambiguous, NotFound
from clients.marketo.assets import Program
from clients.marketo.client import MarketoClient
from models.effects import Effect
from models.undo import Undoing, Undone


async def list_member_taken_back(client: MarketoClient, undoing: Undoing) -> Undone:
    lead, place = undoing.effect.object_id, _place(undoing.effect, "list")
    if lead is None or place is None:
        return not_possible(undoing, NO_ID)
    undoing = _of_one_place(undoing, "list")
    name = _named(undoing.effect, "list")
    try:
        target = await client.assets.static_list(place)
        there = await client.members.is_in_list(target.id, lead)
    except Ambiguous as error:
        return not_possible(undoing, str(error))
    except NotFound:
        client.assets.forget("list", place)
        return gone(undoing)

    async def write(values: Values) -> tuple[Values, list[str]]:
        if values["list"]:
            await client.members.add_to_list(target.id, lead)
        else:
            await client.members.remove_from_list(target.id, lead)
        return values, []

    return await restored(undoing, {"list": name if there else None}, write)


async def program_member_taken_back(client: MarketoClient, undoing: Undoing) -> Undone:
    lead, place = undoing.effect.object_id, _place(undoing.effect, "program")
    if lead is None or place is None:
        return not_possible(undoing, NO_ID)
    undoing = _of_one_place(undoing, "program")
    name = _named(undoing.effect, "program")
    try:
        program = await client.assets.program(place)
        status = await client.members.status(program.id, lead)
    except Ambiguous as error:
        return not_possible(undoing, str(error))
    except NotFound:
        client.assets.forget("program", place)
        return gone(undoing)
    if why := await _goes_back(client, undoing.effect, program, status):
        return not_possible(undoing, why)

    async def write(values: Values) -> tuple[Values, list[str]]:
        if values["status"] is None:
            await client.members.remove_from_program(program.id, lead)
        elif not await client.members.set_status(program.id, lead, str(values["status"])):
            return {}, [f"Marketo has the lead past {values['status']}: no member goes back"]
        return values, []

    return await restored(undoing, {"program": name, "status": status}, write)


async def _goes_back(client: MarketoClient, effect: Effect, program: Program, status: str | None) -> str:
    """Why a status that is still ours cannot be set back, where that is so: to take the member out and put
    it in anew would lose since when it is one, and start what new members start."""
    was = (effect.before or {}).get("status")
    if was is None or status is None or status != effect.after.get("status"):
        return ""
    steps = await client.assets.steps(program.channel)
    if steps.get(status, 0) <= steps.get(str(was), 0):
        return ""
    return f"{status} comes after {was}: no member goes back in Marketo"


def _place(effect: Effect, kind: str) -> str | None:
    """Its id; of effects that do not have it the name."""
    place = effect.undo.get(kind) or _named(effect, kind)
    return str(place) if place else None


def _named(effect: Effect, kind: str) -> Any:
    return effect.after.get(kind) or (effect.before or {}).get(kind)


def _of_one_place(undoing: Undoing, kind: str) -> Undoing:
    """The lead may be put in others by the same run. Who was in none before had nothing there."""
    place = _place(undoing.effect, kind)
    newer = [_with_both_sides(each) for each in undoing.newer if _place(each, kind) == place]
    return undoing.model_copy(update={"effect": _with_both_sides(undoing.effect), "newer": newer})


def _with_both_sides(effect: Effect) -> Effect:
    if effect.before is not None:
        return effect
    same = {name: value for name, value in effect.after.items() if name == "program"}
    return effect.model_copy(update={"before": dict.fromkeys(effect.after) | same})
