"""Runs that began under earlier code go on under this one. record.py makes the histories."""

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
from tests.histories.record import FOLDER, cases_of, folders

pytestmark = pytest.mark.slow

RECORDED = sorted(FOLDER.glob("*/*.json"))
WORKFLOWS = {workflow._Definition.must_from_class(each).name: each for each in worker.WORKFLOW_CLASSES}


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


recorded = pytest.mark.parametrize("file", RECORDED, ids=map(_name, RECORDED))


def replayer(workflows: list[type[Any]], *, sandboxed: bool = True) -> Replayer:
    return Replayer(
        workflows=workflows,
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(sandboxed),
        workflow_failure_exception_types=temporal.WORKFLOW_FAILURES,
    )


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(_name(file), file.read_text(encoding="utf-8"))


def test_each_workflow_has_histories_and_each_folder_is_a_workflows() -> None:
    assert {file.parent.name for file in RECORDED} == set(WORKFLOWS)
    assert {folder.name for folder in folders()} == set(WORKFLOWS)


def test_each_case_is_recorded() -> None:
    cases = {f"{folder.name}/{case.name}" for folder in folders() for case in cases_of(folder)}
    assert cases <= set(map(_name, RECORDED))


@recorded
async def test_a_recorded_run_replays(file: Path) -> None:
    await replayer(worker.WORKFLOW_CLASSES).replay_workflow(history(file))


@recorded
async def test_a_careless_change_is_refused(file: Path) -> None:
    name = file.parent.name
    careless = replayer([changed(name, WORKFLOWS[name])], sandboxed=False)
    with pytest.raises(NondeterminismError):
        await careless.replay_workflow(history(file))
