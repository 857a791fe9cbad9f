"""What cannot be read is kept as a run of its own: so many an hour, and no more."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio.common import SearchAttributePair, TypedSearchAttributes, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

import temporal
from dispatch.deliveries import Delivery
from dispatch.dispatcher import Dispatcher
from models.deliveries import UnreadableDelivery, kept_text
from models.effects import Mode
from models.headlines import unreadable_headline
from models.runs import Outcome

TEMPLATE = "unreadable_delivery"
HOUR = 3600.0


@dataclass(frozen=True)
class Kept:
    workflow_id: str
    run_id: str
    link: str


@dataclass
class _Place:
    since: float
    kept: Kept | None = None


class DeadLetters:
    """Its memory is bounded by accounts and `per_hour`: a broken or hostile sender fills nothing."""

    def __init__(self, per_hour: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_hour, self._clock = per_hour, clock
        self._places: dict[str, dict[str, _Place]] = {}

    async def keep(self, dispatcher: Dispatcher, delivery: Delivery, reason: str) -> Kept | None:
        """None where too many came. Raises RPCError or RuntimeError where Temporal does not answer."""
        places = self._of_this_hour(delivery.account)
        digest = delivery.digest
        if digest not in places and len(places) >= self._per_hour:
            return None
        place = places.setdefault(digest, _Place(self._clock()))
        try:
            place.kept = place.kept or await keep(dispatcher, delivery, reason)
        except BaseException:
            places.pop(digest, None)
            raise
        return place.kept

    def _of_this_hour(self, account: str) -> dict[str, _Place]:
        places = self._places.setdefault(account, {})
        while places and next(iter(places.values())).since <= self._clock() - HOUR:
            del places[next(iter(places))]
        return places


async def keep(dispatcher: Dispatcher, delivery: Delivery, reason: str) -> Kept:
    """The run that keeps it; the same body is one run, however often it comes."""
    text, exact = kept_text(delivery.body)
    given = UnreadableDelivery(
        source=delivery.source,
        account=delivery.account,
        body=text,
        size=len(delivery.body),
        exact=exact,
        reason=reason,
        received_at=datetime.now(UTC),
        web_ui_url=dispatcher.web_ui_url,
    )
    workflow_id = f"{TEMPLATE}/{delivery.digest}"
    try:
        handle = await dispatcher.client.start_workflow(
            TEMPLATE,
            given,
            id=workflow_id,
            id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            search_attributes=_search_attributes(given),
            priority=temporal.BULK,
            static_summary=unreadable_headline(reason),
            request_eager_start=True,
        )
        run_id = handle.result_run_id or ""
    except WorkflowAlreadyStartedError as known:
        run_id = known.run_id or ""
    link = temporal.run_link(dispatcher.web_ui_url, dispatcher.client.namespace, workflow_id, run_id)
    return Kept(workflow_id, run_id, link)


def _search_attributes(delivery: UnreadableDelivery) -> TypedSearchAttributes:
    values: dict[Any, str] = {
        temporal.HEADLINE: unreadable_headline(delivery.reason),
        temporal.ACCOUNT: delivery.account,
        temporal.TEMPLATE: TEMPLATE,
        temporal.OUTCOME: Outcome.UNREADABLE.value,
        temporal.MODE: Mode.LIVE.value,
    }
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values.items()])
