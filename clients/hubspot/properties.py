"""Which of the properties that we need a HubSpot portal has, and what is to be made."""

from collections.abc import Iterable, Sequence
from typing import Any

from clients.hubspot.errors import RowsRefused
from clients.hubspot.transport import Calls, Page, Work
from clients.kit.http import Call
from models.base import Record
from models.effects import Action
from models.hubspot import GROUP, NewProperty, Prepared, Property, PropertyGroup


class HubSpotProperties:
    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def all(self, object_type: str) -> list[Property]:
        call = Call("hubspot", f"read properties of {object_type}")
        answer = await self._calls.one(
            call, Page[Property], lambda hs: hs.crm.properties.core_api.get_all(object_type)
        )
        return answer.results

    async def groups(self, object_type: str) -> list[PropertyGroup]:
        call = Call("hubspot", f"read property groups of {object_type}")
        answer = await self._calls.one(
            call, Page[PropertyGroup], lambda hs: hs.crm.properties.groups_api.get_all(object_type)
        )
        return answer.results

    async def create_group(self, object_type: str) -> bool:
        """False where there is one of that name already."""
        call = Call("hubspot", f"create group {GROUP.name} of {object_type}", writes=True)
        body = GROUP.model_dump()
        return await self._create(call, lambda hs: hs.crm.properties.groups_api.create(object_type, body))

    async def create(self, object_type: str, wanted: NewProperty) -> bool:
        """False where there is one of that name already."""
        call = Call("hubspot", f"create property {wanted.name} of {object_type}", writes=True)
        body = _body(wanted)
        return await self._create(call, lambda hs: hs.crm.properties.core_api.create(object_type, body))

    async def prepare(
        self, object_type: str, wanted: Sequence[NewProperty], *, dry_run: bool
    ) -> list[Prepared]:
        there = GROUP.name in {each.name for each in await self.groups(object_type)}
        plan = [_planned_group(object_type, there, dry_run)]
        plan += _planned(object_type, wanted, await self.all(object_type), dry_run)
        if dry_run:
            return plan
        if not there:
            await self.create_group(object_type)
        for number, each in enumerate(wanted, start=1):
            if plan[number].action is Action.CREATED and not await self.create(object_type, each):
                plan[number] = await self._look_again(object_type, each)
        return plan

    async def _look_again(self, object_type: str, wanted: NewProperty) -> Prepared:
        """Somebody else made it meanwhile, or it is among those that are not listed."""
        there = [each for each in await self.all(object_type) if each.name == wanted.name]
        return _compared(object_type, wanted, there[0] if there else None)

    async def _create(self, call: Call, work: Work) -> bool:
        try:
            await self._calls.one(call, _Named, work)
        except RowsRefused as error:
            if error.problem.reason != "conflict":
                raise
            return False
        return True


class _Named(Record):
    name: str


_TRUE_OR_FALSE = [
    {"label": "Yes", "value": "true", "displayOrder": 0, "hidden": False},
    {"label": "No", "value": "false", "displayOrder": 1, "hidden": False},
]
"""What a checkbox offers; HubSpot asks for it."""


def _planned_group(object_type: str, there: bool, dry_run: bool) -> Prepared:
    missing = Action.WOULD_CREATE if dry_run else Action.CREATED
    action = Action.UNCHANGED if there else missing
    return Prepared(object_type=object_type, kind="group", name=GROUP.name, action=action)


def _planned(
    object_type: str, wanted: Sequence[NewProperty], there: Iterable[Property], dry_run: bool
) -> list[Prepared]:
    known = {each.name: each for each in there}
    missing = Action.WOULD_CREATE if dry_run else Action.CREATED
    return [
        _compared(object_type, each, known[each.name])
        if each.name in known
        else Prepared(object_type=object_type, kind="property", name=each.name, action=missing)
        for each in wanted
    ]


def _compared(object_type: str, wanted: NewProperty, there: Property | None) -> Prepared:
    """What is there against what is needed. HubSpot changes neither type nor uniqueness afterwards."""
    problem = _problem(wanted, there)
    action = Action.SKIPPED if problem else Action.UNCHANGED
    return Prepared(
        object_type=object_type, kind="property", name=wanted.name, action=action, problem=problem
    )


def _problem(wanted: NewProperty, there: Property | None) -> str | None:
    advice = "Archive it in HubSpot, or map the field to another property."
    if there is None:
        return "HubSpot says that it exists, and does not list it. Look among the archived properties."
    if there.calculated:
        return f"It is calculated by HubSpot, and cannot be written. {advice}"
    if there.type != wanted.type:
        return f"It is of type {there.type}, and must be {wanted.type}. {advice}"
    if wanted.unique and not there.unique:
        return f"It is not set to hold unique values, which cannot be changed. {advice}"
    return None


def _body(wanted: NewProperty) -> dict[str, Any]:
    options = {"options": _TRUE_OR_FALSE} if wanted.type == "bool" else {}
    return options | {
        "name": wanted.name,
        "label": wanted.label,
        "type": wanted.type,
        "fieldType": wanted.field_type,
        "groupName": GROUP.name,
        "hasUniqueValue": wanted.unique,
        "description": wanted.description,
    }
