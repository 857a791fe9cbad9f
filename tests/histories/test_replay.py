"""Runs that began under earlier code go on under this one. record.py makes the histories."""

from pathlib import Path
from typing import Any

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer
from temporalio.workflow import NondeterminismError

import temporal
import worker
from tests.histories.changed import CHANGED
from tests.histories.record import CASES, FOLDER

pytestmark = pytest.mark.slow

RECORDED = sorted(FOLDER.glob("*/*.json"))


def _name(file: Path) -> str:
    return f"{file.parent.name}/{file.stem}"


recorded = pytest.mark.parametrize("file", RECORDED, ids=map(_name, RECORDED))


def replayer(workflows: list[type[Any]]) -> Replayer:
    return Replayer(
        workflows=workflows,
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(True),
        workflow_failure_exception_types=temporal.WORKFLOW_FAILURES,
    )


def history(file: Path) -> WorkflowHistory:
    return WorkflowHistory.from_json(_name(file), file.read_text(encoding="utf-8"))


def test_each_case_is_recorded() -> None:
    cases = {f"{template}/{case.name}" for template, cases in CASES.items() for case in cases}
    assert cases <= set(map(_name, RECORDED))


@recorded
async def test_a_recorded_run_replays(file: Path) -> None:
    await replayer(worker.WORKFLOW_CLASSES).replay_workflow(history(file))


@recorded
async def test_a_careless_change_is_refused(file: Path) -> None:
    with pytest.raises(NondeterminismError):
        await replayer([CHANGED[file.parent.name]]).replay_workflow(history(file))
