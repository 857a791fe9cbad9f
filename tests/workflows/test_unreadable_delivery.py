"""A kept delivery waits where people look, and ends by what a person decides, or by its age."""

import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

import temporal
from models.deliveries import DeliveryResult, Dismissed, Replayed, UnreadableDelivery
from models.runs import Outcome
from tests.workflows.conftest import outcome_attribute

Run = WorkflowHandle[Any, DeliveryResult]
Keep = Callable[..., Awaitable[Run]]


@pytest.fixture
def keep(client: Client, workers: None) -> Keep:
    async def start(body: str = '{"customer": "Nora Lind"', **changes: Any) -> Run:
        given = {
            "account": "default",
            "body": body,
            "size": len(body.encode()),
            "exact": True,
            "reason": "The body is no JSON.",
            "received_at": datetime.now(UTC),
        }
        return await client.start_workflow(
            "unreadable_delivery",
            UnreadableDelivery.model_validate(given | changes),
            id=f"unreadable_delivery/{uuid.uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=DeliveryResult,
        )

    return start


async def details(run: Run) -> str:
    metadata: WorkflowMetadata = await run.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return metadata.current_details


async def test_it_shows_the_body_the_reason_and_what_to_do(keep: Keep) -> None:
    run = await keep()
    shown = await details(run)
    for part in (
        "### The body is no JSON.",
        '```\n{"customer": "Nora Lind"\n```',
        "24 bytes came",
        f"`mogulflow replay {run.id}` acts on it",
        f'`mogulflow replay {run.id} --dismiss "why"`',
    ):
        assert part in shown
    assert (await run.describe()).status is not None


async def test_a_body_cannot_end_its_block_nor_move_the_cursor(keep: Keep) -> None:
    shown = await details(await keep("```\n# Title ````\x00\x1b[2J"))
    assert "`````\n```\n# Title ````\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}[2J\n`````" in shown


@pytest.mark.parametrize(("size", "why"), [(20_000, "it was cut off"), (10, "it is no UTF-8")])
async def test_what_is_not_as_it_came_cannot_be_replayed(keep: Keep, size: int, why: str) -> None:
    shown = await details(await keep("x" * 10, size=size, exact=False))
    assert f"It cannot be replayed, because {why}" in shown
    assert "acts on it" not in shown


async def test_a_long_body_is_shown_in_part(keep: Keep) -> None:
    shown = await details(await keep("x" * 16_000))
    assert "16000 bytes came, the first 4000 characters:" in shown
    assert len(shown) < 5000


async def test_replayed_it_ends_and_names_the_event_and_its_runs(keep: Keep) -> None:
    run = await keep()
    await run.signal("replayed", Replayed(event_id="abc", runs=["churn_save/abc"]))
    result = await run.result()
    assert result == DeliveryResult(outcome=Outcome.REPLAYED, event_id="abc", runs=["churn_save/abc"])
    assert await outcome_attribute(run) == "replayed"
    assert "Replayed as event abc. Runs: churn_save/abc." in await details(run)


async def test_dismissed_it_ends_with_the_reason(keep: Keep) -> None:
    run = await keep()
    await run.signal("dismissed", Dismissed(reason="A test of ours"))
    with suppress(RPCError):  # it may have ended
        await run.signal("replayed", Replayed(event_id="too late"))
    assert await run.result() == DeliveryResult(outcome=Outcome.DISMISSED, reason="A test of ours")
    assert await outcome_attribute(run) == "dismissed"
    assert "Dismissed: A test of ours" in await details(run)


async def test_after_its_time_it_ends_as_expired(keep: Keep) -> None:
    run = await keep(keep_for=timedelta(seconds=1))
    assert (await run.result()).outcome is Outcome.EXPIRED
    assert await outcome_attribute(run) == "expired"
