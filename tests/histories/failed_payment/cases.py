"""How the recorded runs of failed payments come about."""

import itertools
from datetime import timedelta
from typing import Any

from models.effects import Mode
from models.event import Event
from models.runs import Outcome
from tests.histories.studio import Case, Run, Studio
from tests.waiting import until
from tests.workflows.conftest import until_effects
from tests.workflows.template_runs import CHANNEL, Invoice, begin

SOON = timedelta(seconds=1) / timedelta(hours=1)


NUMBERS = itertools.count(0)


def another(studio: Studio) -> Invoice:
    """Each case has its own: an invoice has one run for ever."""
    return Invoice(studio.simulators, next(NUMBERS))


async def told(studio: Studio, event: Event, mode: Mode = Mode.LIVE, **wish: Any) -> Run:
    options: dict[str, Any] = {
        "message": {"text": "Hello {customer}, please pay {amount}: {link}"},
        "tag": {"system": "intercom", "tag": "unpaid"},
        "check_every_hours": SOON,
    }
    return await begin(studio.client, "failed_payment", event, mode=mode, **(options | wish))


async def recovered(studio: Studio) -> Run:
    """After a further attempt."""
    invoice = another(studio)
    run = await told(studio, invoice.fails(minutes=180))
    await until_effects(run, 3)
    await told(studio, invoice.fails(minutes=60))
    await until(lambda: len(studio.simulators.messages(CHANNEL)) > 1)
    invoice.act("pay")
    return run


async def lost(studio: Studio) -> Run:
    invoice = another(studio)
    run = await told(studio, invoice.fails())
    await until_effects(run, 3)
    invoice.act("give_up")
    return run


async def still_open(studio: Studio) -> Run:
    """When we stop to look, after a reminder."""
    days = timedelta(seconds=1) / timedelta(days=1)
    message = {"remind_after_days": days}
    return await told(studio, another(studio).fails(), message=message, watch_days=4 * days)


async def nobody_knows(studio: Studio) -> Run:
    """Whether the person was told."""
    studio.simulators.fault("intercom", "drop_after", method="POST", path="/messages")
    invoice = another(studio)
    run = await told(studio, invoice.fails())
    await until_effects(run, 2)
    invoice.act("void")
    return run


async def already_paid(studio: Studio) -> Run:
    invoice = another(studio)
    event = invoice.fails(minutes=5)
    invoice.act("pay")
    return await told(studio, event)


async def preview(studio: Studio) -> Run:
    return await told(studio, another(studio).fails(), Mode.PREVIEW)


async def nothing_lost(studio: Studio) -> Run:
    """Temporal is asked whether a message may be a repeat, and it is not looked for."""
    return await recovered(studio)


CASES = [
    Case(recovered, Outcome.RECOVERED),
    Case(lost, Outcome.LOST),
    Case(still_open, Outcome.ACTED),
    Case(nobody_knows, Outcome.PARTIAL),
    Case(already_paid, Outcome.ALREADY_PAID),
    Case(preview, Outcome.PREVIEWED),
    Case(nothing_lost, Outcome.RECOVERED),
]
