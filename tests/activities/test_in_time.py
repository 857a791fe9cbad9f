"""A local write that may have been begun before is not taken for one that surely did not happen."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from activities.in_time import InTime
from activities.slack import SlackActivities
from models.effects import Action, Effect
from models.slack import Message


class Begun(ActivityInboundInterceptor):
    """The end of a worker's interceptors: the step itself."""

    def __init__(self) -> None:
        pass

    async def execute_activity(self, input: ExecuteActivityInput) -> Effect:
        found: Effect = await input.fn(*input.args)
        return found


async def tried(seconds: float, *, local: bool) -> Effect:
    """A message that may be tried locally for so many seconds more."""
    now = datetime.now(UTC)
    message = Message(
        key="1:alert", channel="#a", text="b", not_before=now, local_until=now + timedelta(seconds=seconds)
    )
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, is_local=local)
    step = SlackActivities(None).post_message
    input = ExecuteActivityInput(fn=step, args=[message], executor=None, headers={})
    found: Effect = await environment.run(InTime().intercept_activity(Begun()).execute_activity, input)
    return found


async def test_what_comes_too_late_may_have_been_done() -> None:
    with pytest.raises(ApplicationError) as late:
        await tried(-1, local=True)
    assert (late.value.type, late.value.non_retryable) == ("OutcomeUnknown", False)


@pytest.mark.parametrize(("seconds", "local"), [(3600, True), (-1, False)])
async def test_what_comes_in_time_or_is_durable_is_tried(seconds: float, local: bool) -> None:
    assert (await tried(seconds, local=local)).action is Action.SKIPPED
