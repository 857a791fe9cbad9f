"""A local write that comes too late: its worker was held up, or another one has begun it before."""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.errors import application_error
from clients.kit.errors import OutcomeUnknown
from models.effects import Write


class InTime(Interceptor):
    """The first of all: what others refuse surely did not happen, and here nobody knows. A local try that
    outlasts its workflow task is made anew by the next worker where the first one is killed in the second
    task, by an input of before."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _InTime(next)


class _InTime(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        definition = getattr(input.fn, "definition", None)
        if definition and activity.info().is_local and _is_late(input.args[0] if input.args else None):
            why = "This worker was held up, or another has begun this: it may have been done"
            raise application_error(OutcomeUnknown(definition.system, why), local=True)
        return await super().execute_activity(input)


def _is_late(arg: object) -> bool:
    return isinstance(arg, Write) and arg.local_until is not None and datetime.now(UTC) > arg.local_until
