"""Whether a run takes a way that runs took which began under earlier code: decided before its first step.

Temporal may go on with a run in another task while a local step's result is on its way to the workflow.
Where the run is gone through again, that result is there one task earlier, and a patch that is asked for
behind it is not yet known: the run could not go on. tests/histories/cuts.py makes such histories. A change
of what runs do takes another id, asked for where AT_ITS_START is.
"""

from typing import Any

from temporalio import workflow
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

AT_ITS_START = "decides-at-its-start"
"""Runs that began before decide where they come to it."""


def patched(id: str) -> bool:
    """In place of `workflow.patched`, for what was patched before a run could decide at its start."""
    return decided_at_its_start() or workflow.patched(id)


def decided_at_its_start() -> bool:
    return workflow.patched(AT_ITS_START)


class _Deciding(WorkflowInboundInterceptor):
    async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:
        decided_at_its_start()
        return await super().execute_workflow(input)


class DecidesAtItsStart(Interceptor):
    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[WorkflowInboundInterceptor]:
        return _Deciding
