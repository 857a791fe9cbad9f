"""Conventions of Temporal that no other test shows."""

import _frozen_importlib
import gc
import importlib
import sys

import pytest
from temporalio import workflow
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner

import temporal
import worker
from tests.conftest import _prepare_workflow


class _Importing:
    """Garbage whose finalizer imports while a module's lock is being taken, and leaves as much again."""

    live = True

    def __init__(self) -> None:
        self.me = self

    def __del__(self) -> None:
        if self.live:
            _Importing()
        if vars(_frozen_importlib)["_blocking_on"]:
            sys.modules.pop("colorsys", None)
            importlib.import_module("colorsys")


async def test_garbage_that_imports_does_not_stop_a_worker_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Amid the sandbox's imports its finalizers run into Python 3.11's import lock."""
    monkeypatch.setattr(SandboxedWorkflowRunner, "prepare_workflow", _prepare_workflow)
    runner = temporal.workflow_runner(sandboxed=True)
    definition = workflow._Definition.must_from_class(worker.WORKFLOW_CLASSES[0])
    thresholds = gc.get_threshold()
    gc.set_threshold(1, 1_000_000, 1_000_000)
    try:
        _Importing()
        runner.prepare_workflow(definition)
    finally:
        gc.set_threshold(*thresholds)
        _Importing.live = False
