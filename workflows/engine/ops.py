"""Telling the people who run this what they must see, once, in their channel."""

from contextlib import suppress
from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from activities.slack import SlackActivities
from models.effects import Effect
from models.slack import Message
from workflows.engine.steps import StepFailed, step

PATIENCE = timedelta(minutes=2)
"""For Slack: a run of a schedule that waited longer would hold up the next one."""

TOLD_BEFORE = timedelta(days=3)
"""How far back an earlier message of the same key is looked for."""


async def tell_ops(
    channel: str | None,
    key: str,
    text: str,
    *,
    thread_ts: str | None = None,
    patience: timedelta = PATIENCE,
) -> Effect | None:
    """None where no channel is set, or where Slack refuses or is away longer than `patience`.

    It always looks first: another run may have told, and died before it could keep that.
    """
    if not channel:
        workflow.logger.warning("No ops channel is set (SLACK__OPS_CHANNEL)", extra={"key": key})
        return None
    message = Message(
        key=f"ops:{key}",
        repeat=True,
        channel=channel,
        text=text,
        thread_ts=thread_ts,
        not_before=_not_before(),
    )
    with suppress(StepFailed):
        post = SlackActivities.post_message
        return await step(post, message, summary="Tell the ops channel", patience=patience)
    return None


def run_failure(failure: StepFailed) -> ApplicationError:
    """The error that ends a run which is nothing without this step."""
    return ApplicationError(str(failure), type=failure.kind, non_retryable=True)


def _not_before() -> datetime:
    return workflow.now() - TOLD_BEFORE
