"""Which effects an undo has taken back. An undo is a change, and may be undone in turn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from temporalio.client import Client, WorkflowExecution
from temporalio.service import RPCError, RPCStatusCode

from activities.runs.effects import WRITTEN, effects_of
from clients.kit.errors import IntegrationError
from models.changes import ChangeInput, RunUndo
from models.effects import Effect

MOST_TURNS = 10
"""Undo of an undo of an undo."""


@dataclass(frozen=True)
class TakenBack:
    """An effect of a run that an undo was of, and whether it is undone now."""

    run: WorkflowExecution
    effect: Effect
    undone: bool


async def taken_back(client: Client, run: WorkflowExecution, effects: Sequence[Effect]) -> list[TakenBack]:
    """By this run, where it is an undo. Raises RPCError."""
    found: list[TakenBack] = []
    undo, undone = await undo_of(client, run.id, run.run_id), True
    for _ in range(MOST_TURNS):
        if undo is None or not effects:
            break
        try:
            before = await effects_of(client, undo)
            run = await client.get_workflow_handle(undo.workflow_id, run_id=undo.run_id).describe()
        except IntegrationError:  # Temporal has forgotten it
            break
        effects = list(_matching(before, effects))
        found += [TakenBack(run, each, undone) for each in effects]
        undo, undone = await undo_of(client, run.id, run.run_id), not undone
    return found


async def undo_of(client: Client, workflow_id: str, run_id: str | None) -> RunUndo | None:
    """What the run undoes, where it is a change of that kind. Raises RPCError."""
    if not workflow_id.startswith("change/"):
        return None
    try:
        handle = client.get_workflow_handle(workflow_id, run_id=run_id)
        first = await anext(handle.fetch_history_events(page_size=1))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    payloads = first.workflow_execution_started_event_attributes.input.payloads
    [given] = await client.data_converter.decode(payloads, [ChangeInput])
    change = ChangeInput.model_validate(given).change
    return change if isinstance(change, RunUndo) else None


def _matching(before: Sequence[Effect], undoing: Sequence[Effect]) -> Iterator[Effect]:
    """Those that were taken back: an undo's writes are numbered as what they undo, newest first."""
    written = [each for each in before if each.action in WRITTEN]
    numbers = {each.key.rpartition(":")[2] for each in undoing if each.action in WRITTEN}
    for number, each in enumerate(reversed(written), start=1):
        if str(number) in numbers:
            yield each
