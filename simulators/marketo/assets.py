"""Marketo's asset API: lists, programs and campaigns by id and name, and channels with their statuses."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Depends, Request

from simulators.marketo.answers import Json, failure, good, nothing_found
from simulators.marketo.api import needs, signed_in
from simulators.marketo.instance import CHANNELS, Campaign, Program, StaticList
from simulators.marketo.state import Marketo, marketo_of

LARGEST_PAGE = 200

router = APIRouter(
    prefix="/marketo/api/rest/asset/v1", dependencies=[Depends(signed_in), needs("Read-Only Assets")]
)


@router.get("/channel/byName.json")
async def channel(name: str = "") -> Json:
    if name not in CHANNELS:
        return nothing_found()
    statuses = [
        {"name": each, "step": step, "hidden": False, "success": step == max(CHANNELS[name].values())}
        for each, step in CHANNELS[name].items()
    ]
    return good([{"id": 1, "name": name, "progressionStatuses": statuses}], errors=[])


@router.get("/{kind}/byName.json")
async def by_name(request: Request, kind: str, name: str = "") -> Json:
    return _answer(request, kind, [each for each in _all(request, kind) if each.name == name])


@router.get("/{kind}/{id}.json")
async def by_id(request: Request, kind: str, id: str) -> Json:
    return _answer(request, kind, [each for each in _all(request, kind) if str(each.id) == id])


@router.get("/{kinds}.json")
async def browse(request: Request, kinds: str, offset: int = 0, maxReturn: int = 20) -> Json:
    if not 1 <= maxReturn <= LARGEST_PAGE or not kinds.endswith("s"):
        raise failure("701", "maxReturn cannot be more than 200")
    kind = kinds.removesuffix("s")
    return _answer(request, kind, _all(request, kind)[offset : offset + maxReturn])


def _all(request: Request, kind: str) -> Sequence[Any]:
    instance = marketo_of(request).instance
    match kind:
        case "staticList":
            return instance.lists
        case "program":
            return instance.programs
        case "smartCampaign":
            return instance.campaigns
    raise failure("610", "Requested resource not found")


def _answer(request: Request, kind: str, found: Sequence[Any]) -> Json:
    if not found:
        return nothing_found()
    return good([_row(marketo_of(request), each) for each in found], errors=[], warnings=[])


def _row(marketo: Marketo, asset: StaticList | Program | Campaign) -> Json:
    about: Json = {"id": asset.id, "name": asset.name, "workspace": "Default"}
    page = f"{marketo.url}/marketo/assets"
    if isinstance(asset, StaticList):
        return about | {"computedUrl": f"{page}#ST{asset.id}A1"}
    if isinstance(asset, Program):
        return about | {"channel": asset.channel, "type": "Default", "url": f"{page}#PG{asset.id}A1"}
    return about | {
        "type": asset.kind,
        "isActive": asset.active,
        "isRequestable": asset.requestable,
        "qualificationRuleType": asset.rule,
        "status": "Active" if asset.active else "Inactive",
        "computedUrl": f"{page}#SC{asset.id}A1",
    }
