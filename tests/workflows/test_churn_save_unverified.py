"""What is not acted on says why, in a preview as in the run."""

from collections.abc import Callable
from typing import Any

import pytest
from rich.console import Console

from commands.events import print_preview
from dispatch.dispatcher import Dispatched
from models.effects import Mode
from models.runs import Outcome
from simulators.kit.control import Control
from tests.workflows.conftest import Start
from tests.workflows.leaving import left, payers, uuid_of

Happening = Callable[[Control, dict[str, Any]], object]


def deleted(simulators: Control, body: dict[str, Any]) -> None:
    simulators.delete_customer(uuid_of(body))


def merged(simulators: Control, body: dict[str, Any]) -> None:
    simulators.merge(uuid_of(body), payers(simulators)[0].uuid)


def restated(simulators: Control, body: dict[str, Any]) -> None:
    simulators.restate(uuid_of(body), type="contraction", cents=100)


def withdrawn(simulators: Control, body: dict[str, Any]) -> None:
    simulators.withdraw(uuid_of(body))


@pytest.mark.parametrize(
    ("happens", "why"),
    [
        (deleted, "ChartMogul has no customer under this id, and none that has its subscription."),
        (merged, "MRR; the cancellation ended one of several subscriptions."),
        (restated, "MRR; ChartMogul now shows the cancellation as a contraction."),
        (withdrawn, "MRR; ChartMogul does not list the cancellation any more."),
    ],
)
async def test_a_preview_says_why_in_the_words_of_the_run(
    simulators: Control, start: Start, happens: Happening, why: str
) -> None:
    body = left(simulators)
    happens(simulators, body)
    handle = await start(body, mode=Mode.PREVIEW)
    preview, run = await handle.result(), await (await start(body)).result()
    assert preview.outcome is run.outcome is Outcome.UNVERIFIED
    assert preview.verdict == run.verdict
    assert preview.verdict.startswith("Not acted on: ")
    assert why in preview.verdict
    console = Console(width=200)
    with console.capture() as printed:
        shown = Dispatched(template="churn_save", workflow_id=handle.id, run_id="", new=True, link="")
        print_preview(shown, preview, console)
    assert preview.verdict in printed.get()
