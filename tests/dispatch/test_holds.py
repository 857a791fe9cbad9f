"""Which hold a new run begins under, and what a dispatcher counts."""

from typing import Any

import pytest
from temporalio.client import Client

from dispatch.dispatcher import Dispatcher
from dispatch.holds import Holds, held_by
from models.chartmogul import MovementWebhook
from models.event import EventSource
from models.events import MrrMovement, movement_from_webhook
from models.routes import Route, Routes
from tests.conftest import in_a_namespace_of_its_own
from tests.ingress.conftest import churn
from tests.waiting import until_listed

BRAKE = "brake/churn-save"


def route(**changes: Any) -> Route:
    given = {"name": "churn-save", "template": "churn_save", "when": {"movements": ["churn"]}}
    return Route.model_validate(given | {"options": {"channel": "#x"}} | changes)


def event(source: EventSource = EventSource.WEBHOOK, account: str = "default") -> MrrMovement:
    found = movement_from_webhook(MovementWebhook.model_validate(churn()), account)
    return found.model_copy(update={"source": source})


@pytest.mark.parametrize(
    ("changes", "source", "open_now", "begun", "hold"),
    [
        ({}, "webhook", [], 49, None),
        ({}, "webhook", [], 50, BRAKE),
        ({}, "poll", [], 50, BRAKE),
        ({}, "backfill", [], 50, None),
        ({}, "webhook", [BRAKE], 0, BRAKE),
        ({}, "backfill", [BRAKE], 0, None),
        ({"pause_above": 5}, "webhook", [], 5, BRAKE),
        ({"pause_above": 0}, "webhook", [BRAKE], 10_000, None),
        ({}, "webhook", ["pause/all"], 0, "pause/all"),
        ({}, "backfill", ["pause/all"], 0, "pause/all"),
        ({}, "webhook", ["pause/all"], 50, BRAKE),
        ({}, "webhook", ["pause/template/churn_save"], 0, "pause/template/churn_save"),
        ({}, "webhook", ["pause/template/customer_sync"], 0, None),
        ({}, "webhook", ["pause/account/default"], 0, "pause/account/default"),
        ({}, "webhook", ["pause/account/europe"], 0, None),
        ({}, "webhook", ["pause/system/slack"], 0, None),
        ({}, "webhook", ["brake/another"], 0, None),
    ],
)
def test_a_run_begins_under_what_concerns_it(
    changes: dict[str, Any], source: str, open_now: list[str], begun: int, hold: str | None
) -> None:
    assert held_by(route(**changes), event(EventSource(source)), open_now, begun) == hold


def test_a_sync_has_no_brake_unless_its_route_asks_for_one() -> None:
    sync = {"template": "customer_sync", "options": {}}
    assert route(**sync).brake_above == 0
    assert route(**sync, pause_above=300).brake_above == 300


@pytest.mark.parametrize(("limit", "hold"), [(0, None), (3, BRAKE), (4, None)])
async def test_a_door_counts_what_it_begins_before_the_list_shows_it(
    client: Client, limit: int, hold: str | None
) -> None:
    one = route(pause_above=limit)
    holds = Holds(client, Routes(routes=[one]))
    holds._known = True
    for number in range(3):
        assert holds.held_by(one, event()) is None
        holds.note_begun(one, event(), f"churn_save/{number}")
        holds.note_begun(one, event(EventSource.BACKFILL), f"churn_save/backfilled-{number}")
    assert holds.held_by(one, event()) == hold


async def test_a_run_that_the_list_shows_before_its_start_was_answered_counts_once(client: Client) -> None:
    own = await in_a_namespace_of_its_own(client)
    one = route(pause_above=2)
    holds = Holds(own, Routes(routes=[one]))
    [begun] = await Dispatcher(own, holds.routes, "").dispatch(event(), received_at=event().occurred_at)
    await until_listed(own, f"WorkflowId = '{begun.workflow_id}'")
    await holds.look()
    holds.note_begun(one, event(), begun.workflow_id)
    assert holds.held_by(one, event()) is None
    holds.note_begun(one, event(), "churn_save/another")
    assert holds.held_by(one, event()) == BRAKE


async def test_before_it_knows_what_is_paused_nothing_is_begun(client: Client) -> None:
    routes = Routes(routes=[route()])
    dispatcher = Dispatcher(client, routes, "", holds=Holds(client, routes))
    with pytest.raises(RuntimeError, match="has not said yet what is paused"):
        await dispatcher.dispatch(event(), received_at=event().occurred_at)
