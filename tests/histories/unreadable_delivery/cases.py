"""How the recorded runs of an unreadable delivery come about."""

from datetime import UTC, datetime, timedelta

import temporal
from models.deliveries import DeliveryResult, Dismissed, Replayed, UnreadableDelivery
from models.runs import Outcome
from tests.histories.studio import Case, Run, Studio


async def start(studio: Studio, name: str, keep_for: timedelta = timedelta(days=30)) -> Run:
    body = '{"type": "mrr_movement", "movement_type": "upsell"}'
    delivery = UnreadableDelivery(
        account="default",
        body=body,
        size=len(body),
        exact=True,
        reason="This is no MRR movement: date: Field required.",
        received_at=datetime.now(UTC),
        keep_for=keep_for,
    )
    return await studio.client.start_workflow(
        "unreadable_delivery",
        delivery,
        id=f"unreadable_delivery/{name}",
        task_queue=temporal.WORKFLOWS,
        result_type=DeliveryResult,
    )


async def replayed(studio: Studio) -> Run:
    run = await start(studio, "replayed")
    await run.signal("replayed", Replayed(event_id="36f153c17ae07d0b880d919f", runs=["churn_save/36f1"]))
    return run


async def dismissed(studio: Studio) -> Run:
    run = await start(studio, "dismissed")
    await run.signal("dismissed", Dismissed(reason="A test of ours"))
    return run


async def expired(studio: Studio) -> Run:
    return await start(studio, "expired", keep_for=timedelta(seconds=1))


CASES = [
    Case(replayed, Outcome.REPLAYED),
    Case(dismissed, Outcome.DISMISSED),
    Case(expired, Outcome.EXPIRED),
]
