"""Holds that the tests open themselves, whose end is told within a second."""

from datetime import timedelta

from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes

import temporal
from models.holds import TEMPLATE, HoldInput, HoldOn
from models.runs import Outcome

SOON = timedelta(seconds=0.5)
"""In the place of the 15 seconds for which a process may not have heard of the end: nothing is begun
meanwhile that one might hold."""


async def opened_for_a_moment(client: Client, name: str, opened: HoldOn) -> None:
    labels = {temporal.TEMPLATE: TEMPLATE, temporal.OUTCOME: Outcome.OPEN.value}
    await client.start_workflow(
        TEMPLATE,
        HoldInput(name=name, open=opened, stale=SOON),
        id=name,
        task_queue=temporal.WORKFLOWS,
        memo={temporal.HOLD: opened.as_memo()},
        search_attributes=TypedSearchAttributes(
            [SearchAttributePair(key, value) for key, value in labels.items()]
        ),
    )
