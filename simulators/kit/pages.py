"""Pages for people: what each system holds, drawn from templates that escape everything they are given."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from babel.numbers import get_currency_precision
from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from simulators.world import world_of

SIMULATORS = Path(__file__).parents[1]
TEMPLATES = SIMULATORS / "templates"
IN_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")

router = APIRouter(include_in_schema=False)


def render(request: Request, name: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A template of simulators/templates, or another by its path below simulators."""
    vendors = world_of(request).vendors
    return HTMLResponse(_environment.get_template(name).render(values, vendors=vendors), status)


def back_to(path: str) -> RedirectResponse:
    """After a form: show the page anew, so that reloading it repeats nothing."""
    return RedirectResponse(path, 303)


@router.get("/")
async def index(request: Request) -> Response:
    world = world_of(request)
    count = len(world.vendors)
    return render(
        request,
        "index.html",
        system="simulators",
        count=IN_WORDS[count] if count < len(IN_WORDS) else count,
        cards=[(vendor, world.of(vendor.state).summary()) for vendor in world.vendors],
        faults=len(world.faults.all()),
    )


@router.get("/style.css")
async def style(request: Request) -> Response:
    tones = "".join(f".{each.name} {{ --tone: {each.tone}; }}\n" for each in world_of(request).vendors)
    text = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    return Response(text + tones, media_type="text/css")


def _money(cents: int) -> str:
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.2f}"


def _in_units(minor: int, currency: str) -> str:
    """What is in the currency's smallest unit, as people write it."""
    places = get_currency_precision(currency)
    return f"{minor / 10**places:,.{places}f} {currency}"


def _day(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%-d %b %Y")


def _moment(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%-d %b %Y, %H:%M:%S UTC")


_environment = jinja2.Environment(
    loader=jinja2.FileSystemLoader([TEMPLATES, SIMULATORS]),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_environment.filters |= {"money": _money, "in_units": _in_units, "day": _day, "moment": _moment}
