"""The fault panel: rules with a form to add one, the webhook's rules, recent calls and deliveries."""

from typing import Any, get_args

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import ValidationError

from simulators.chartmogul.state import chartmogul_of
from simulators.kit.fault_book import UnknownSystem
from simulators.kit.pages import back_to, render
from simulators.kit.shapes import FaultKind, FaultRule, WebhookRules
from simulators.world import world_of

router = APIRouter(prefix="/faults", include_in_schema=False)

NEWEST = 30


@router.get("")
async def panel(request: Request) -> Response:
    return _panel(request)


@router.post("")
async def add(request: Request) -> Response:
    try:
        world_of(request).faults.add(FaultRule.model_validate(await _given(request)))
    except ValidationError as error:
        return _panel(request, _sentence(error))
    except UnknownSystem as error:
        return _panel(request, str(error))
    return back_to("/faults")


@router.post("/clear")
async def clear(request: Request) -> Response:
    world_of(request).faults.clear()
    return back_to("/faults")


@router.post("/{id}/remove")
async def remove(request: Request, id: int) -> Response:
    world_of(request).faults.remove(id)
    return back_to("/faults")


@router.post("/webhook")
async def webhook(request: Request) -> Response:
    try:
        chartmogul_of(request).webhook.rules = WebhookRules.model_validate(await _given(request))
    except ValidationError as error:
        return _panel(request, _sentence(error))
    return back_to("/faults")


def _panel(request: Request, problem: str | None = None) -> Response:
    world, webhook = world_of(request), chartmogul_of(request).webhook
    return render(
        request,
        "faults.html",
        422 if problem else 200,
        system="faults",
        rules=world.faults.all(),
        webhook=webhook.rules,
        systems=[vendor.name for vendor in world.vendors],
        kinds=get_args(FaultKind),
        calls=list(world.calls)[: -NEWEST - 1 : -1],
        deliveries=webhook.deliveries[: -NEWEST - 1 : -1],
        problem=problem,
    )


async def _given(request: Request) -> dict[str, Any]:
    """What was filled in; empty fields keep their defaults."""
    form = {name: value for name, value in (await request.form()).items() if value != ""}
    return form | ({"times": None} if form.pop("for_ever", None) else {})


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"
