"""Runs that began under earlier code go on under this one. record.py makes the histories."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from temporalio import workflow
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

import temporal
import worker
from tests.histories.changed import changed
from tests.histories.cuts import cut
from tests.histories.record import FOLDER, GENERATION, cases_of, folders, recorded_as
from workflows.engine.patches import DecidesAtItsStart

pytestmark = pytest.mark.slow

RECORDED = sorted(FOLDER.glob("*/*.json"))
NAMES = sorted({file.parent.name for file in RECORDED})
WORKFLOWS = {workflow._Definition.must_from_class(each).name: each for each in worker.WORKFLOW_CLASSES}


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


def replayer(workflow: type[Any], *, sandboxed: bool = True) -> Replayer:
    """Of this one alone: a replayer loads each of its workflows into the sandbox before it begins."""
    return Replayer(
        workflows=[workflow],
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(sandboxed),
        interceptors=[DecidesAtItsStart()],
        workflow_failure_exception_types=temporal.WORKFLOW_FAILURES,
    )


def histories(name: str) -> dict[str, WorkflowHistory]:
    """By the names of their files."""
    files = {_name(file): file for file in RECORDED if file.parent.name == name}
    return {
        case: WorkflowHistory.from_json(case, file.read_text(encoding="utf-8"))
        for case, file in files.items()
    }


async def trouble(replayer: Replayer, found: Iterable[WorkflowHistory]) -> dict[str, Exception | None]:
    """What each of a workflow's histories meets."""
    met = {}
    async with replayer.workflow_replay_iterator(_each(found)) as results:
        async for result in results:
            met[result.history.workflow_id] = result.replay_failure
    return met


async def _each(found: Iterable[WorkflowHistory]) -> AsyncIterator[WorkflowHistory]:
    for history in found:
        yield history


def test_each_workflow_has_histories_and_each_folder_is_a_workflows() -> None:
    assert set(NAMES) == set(WORKFLOWS)
    assert {folder.name for folder in folders()} == set(WORKFLOWS)


def test_each_case_is_recorded() -> None:
    cases = {f"{folder.name}/{recorded_as(case)}" for folder in folders() for case in cases_of(folder)}
    assert cases <= set(map(_name, RECORDED))


@pytest.mark.parametrize("name", NAMES)
async def test_recorded_runs_replay(name: str) -> None:
    found = histories(name)
    assert await trouble(replayer(WORKFLOWS[name]), found.values()) == dict.fromkeys(found)


@pytest.mark.parametrize("name", NAMES)
async def test_runs_replay_wherever_temporal_went_on_with_them_in_another_task(name: str) -> None:
    """Those of before do not: they look for their patches where they come to them."""
    now = [history for case, history in histories(name).items() if case.endswith(f".{GENERATION}")]
    found = [each for history in now for each in cut(history)]
    met = await trouble(replayer(WORKFLOWS[name], sandboxed=False), found)
    assert len(met) == len(found)
    assert {case: failure for case, failure in met.items() if failure} == {}


@pytest.mark.parametrize("name", NAMES)
async def test_a_careless_change_is_refused(name: str) -> None:
    careless = replayer(changed(name, WORKFLOWS[name]), sandboxed=False)
    found = await trouble(careless, histories(name).values())
    assert set(found) == set(histories(name))
    assert {case for case, failure in found.items() if not isinstance(failure, NondeterminismError)} == set()
