"""A local write that may have been made: its worker was held up, or another one has begun it before."""

from datetime import UTC, datetime
from typing import Any

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.definition import StepDefinition
from activities.errors import application_error
from activities.runs.history import lost_nothing
from clients.kit.errors import OutcomeUnknown
from models.effects import Mode, Write


class MayBeRepeated(OutcomeUnknown):
    """A lost worker may have made it. It was not made now."""


class InTime(Interceptor):
    """The first of all: what others refuse surely did not happen, and here nobody knows. A local try that
    outlasts its workflow task is made anew by the next worker where the first one is killed in the second
    task, by an input of before."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _InTime(next)


class _InTime(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        definition, arg = getattr(input.fn, "definition", None), input.args[0] if input.args else None
        if definition and activity.info().is_local and isinstance(arg, Write):
            await _refuse_where_it_may_be_done(definition, arg)
        return await super().execute_activity(input)


async def _refuse_where_it_may_be_done(definition: StepDefinition, write: Write) -> None:
    system = definition.system
    if write.local_until is not None and datetime.now(UTC) > write.local_until:
        why = "This worker was held up, or another has begun this: it may have been done"
        raise application_error(OutcomeUnknown(system, why), local=True)
    is_new = write.mode is Mode.LIVE and not write.repeat
    if definition.looks_first and is_new and write.task and not await lost_nothing(write.task):
        raise application_error(MayBeRepeated(system, "A worker was lost with what it had done"), local=True)
