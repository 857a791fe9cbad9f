"""Pages for people: what each system holds, drawn from templates that escape everything they are given."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from simulators.world import world_of

TEMPLATES = Path(__file__).parents[1] / "templates"

router = APIRouter(include_in_schema=False)


def render(name: str, status: int = 200, **values: Any) -> HTMLResponse:
    return HTMLResponse(_environment.get_template(name).render(values), status)


def back_to(path: str) -> RedirectResponse:
    """After a form: show the page anew, so that reloading it repeats nothing."""
    return RedirectResponse(path, 303)


@router.get("/")
async def index(request: Request) -> Response:
    world = world_of(request)
    return render(
        "index.html",
        system="simulators",
        customers=world.seed.count,
        tasks=len(world.salesforce.changed["Task"]),
        messages=sum(len(world.slack.messages(channel.id)) for channel in world.slack.channels),
        records=sum(len(changed) for changed in world.hubspot.changed.values()),
        faults=len(world.faults.all()),
    )


@router.get("/style.css")
async def style() -> Response:
    return FileResponse(TEMPLATES / "style.css", media_type="text/css")


def _money(cents: int) -> str:
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def _day(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%-d %b %Y")


def _moment(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"money": _money, "day": _day, "moment": _moment}
