"""Unreadable delivery: kept where people look, until it is replayed, dismissed, or too old."""

import re
from contextlib import suppress

from temporalio import workflow

from models.deliveries import DeliveryResult, Dismissed, Replayed, UnreadableDelivery
from models.runs import Outcome
from temporal import OUTCOME

SHOWN = 4000
"""Characters of the body that the details show; the run's input has all that was kept."""


@workflow.defn(name="unreadable_delivery")
class DeadLetterRun:
    @workflow.init
    def __init__(self, given: UnreadableDelivery) -> None:
        self._given = given
        self._end: DeliveryResult | None = None
        self._dismissed_by = ""

    @workflow.run
    async def run(self, given: UnreadableDelivery) -> DeliveryResult:
        workflow.set_current_details(_details(given, _what_to_do(given)))
        with suppress(TimeoutError):
            await workflow.wait_condition(
                lambda: self._end is not None,
                timeout=given.keep_for,
                timeout_summary="Wait until somebody replays or dismisses it",
            )
        end = self._end or DeliveryResult(outcome=Outcome.EXPIRED)
        workflow.upsert_search_attributes([OUTCOME.value_set(end.outcome)])
        workflow.set_current_details(_details(given, _what_became_of_it(end, self._dismissed_by)))
        return end

    @workflow.signal(
        name="replayed", description="It was understood after all, and put through the dispatcher"
    )
    def replayed(self, now: Replayed) -> None:
        self._end = self._end or DeliveryResult(
            outcome=Outcome.REPLAYED, event_id=now.event_id, runs=now.runs
        )

    @workflow.signal(name="dismissed", description="Somebody decided that nothing is to be done")
    def dismissed(self, now: Dismissed) -> None:
        self._dismissed_by = self._dismissed_by or now.who
        self._end = self._end or DeliveryResult(outcome=Outcome.DISMISSED, reason=now.reason)


def _what_to_do(given: UnreadableDelivery) -> str:
    run = workflow.info().workflow_id
    dismiss = f'`mogulflow replay {run} --dismiss "why"` closes this without'
    if given.exact:
        return f"Mend what it needs, then `mogulflow replay {run}` acts on it; {dismiss}."
    why = "it was cut off" if given.cut else "it is no UTF-8"
    return f"It cannot be replayed, because {why}: press RETRY in ChartMogul's Webhook details. {dismiss}."


def _what_became_of_it(end: DeliveryResult, dismissed_by: str) -> str:
    if end.outcome is Outcome.REPLAYED:
        runs = ", ".join(end.runs) or "none, no route takes it"
        return f"Replayed as event {end.event_id}. Runs: {runs}."
    if end.outcome is Outcome.DISMISSED:
        return f"Dismissed by {dismissed_by}: {end.reason}" if dismissed_by else f"Dismissed: {end.reason}"
    return "Nobody replayed or dismissed it in time."


def _details(given: UnreadableDelivery, state: str) -> str:
    """Markdown. No body can end its block: the fence is longer than any in it."""
    body = given.body[:SHOWN]
    longest = max(map(len, re.findall("`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    shown = f"{given.size} bytes came"
    if len(body) < len(given.body) or given.cut:
        shown += f", the first {len(body)} characters:"
    lines = [f"### {given.reason}", "", state, "", shown, "", fence, _printable(body), fence]
    return "\n".join(lines)


def _printable(text: str) -> str:
    return "".join(
        each if each.isprintable() or each in "\n\t" else "\N{REPLACEMENT CHARACTER}" for each in text
    )
