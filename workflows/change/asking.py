"""Asking in Slack for a decision, and telling there what came of it. Slack is no condition of a change."""

import json
from typing import Any

from temporalio import workflow

from activities.slack import SlackActivities
from models.changes import APPROVE, REFUSE, ChangeInput, ChangeRun, ChangeState
from models.effects import Effect
from models.slack import Message, MessageUpdate
from models.wording import clock, escaped, short
from workflows.blocks import slack_blocks
from workflows.change import texts
from workflows.engine.run_log import RunLog
from workflows.engine.steps import StepFailed, step

MOST_ROWS = 10
"""Of the table; the run's page has the rest."""

Json = dict[str, Any]


class Asking:
    def __init__(self, given: ChangeInput, log: RunLog) -> None:
        self._given, self._log = given, log
        self._asked: Effect | None = None

    async def ask(self, state: ChangeRun) -> None:
        """Where a channel is named. A message that cannot be posted leaves command and console."""
        if not self._given.channel:
            return
        message = Message(
            key=f"{self._given.key}:ask",
            channel=self._given.channel,
            text=_headline(state),
            blocks=[*_told(state), _buttons(state)],
            not_before=self._given.asked_at,
        )
        try:
            self._asked = await step(SlackActivities.post_message, message, summary="Ask for a decision")
        except StepFailed as failure:
            self._log.note_fallback(failure)

    async def tell(self, state: ChangeRun) -> None:
        """The message becomes the record: who decided, and what then happened."""
        if self._asked is None or self._asked.object_id is None:
            return
        said = slack_blocks.mrkdwn(f"*{escaped(_record(state))}*")
        update = MessageUpdate(
            key=f"{self._given.key}:told",
            channel=self._given.channel,
            ts=self._asked.object_id,
            text=_record(state),
            blocks=[*_told(state), {"type": "section", "text": said}],
        )
        try:
            await step(SlackActivities.update_message, update, summary="Tell what came of it")
        except StepFailed as failure:
            self._log.note_fallback(failure)


def _headline(state: ChangeRun) -> str:
    return f"{escaped(state.asker.name)} asks for {state.tool}"


def _told(state: ChangeRun) -> list[Json]:
    rows = [f"• {escaped(texts.line(each))}" for each in state.changes[:MOST_ROWS]]
    more = len(state.changes) + state.more_changes - len(rows)
    fields = [
        ("Asked by", escaped(state.asker.name)),
        ("Reason", slack_blocks.value(state.reason)),
        ("Decide by", clock(state.decide_by) if state.decide_by else "-"),
        ("Can be undone", state.undo.value),
    ]
    return [
        *slack_blocks.message(_headline(state), fields, [("Open the run", state.url)]),
        {"type": "section", "text": slack_blocks.mrkdwn(short("\n".join(rows) or "-", 2900))},
        *([{"type": "context", "elements": [slack_blocks.mrkdwn(f"and {more} more")]}] if more > 0 else []),
    ]


def _buttons(state: ChangeRun) -> Json:
    """They carry which run, and the hash of what was shown: nothing secret."""
    about = json.dumps({"workflow": state.run_id, "run": workflow.info().run_id, "plan": state.plan})
    return {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": id,
                "text": slack_blocks.plain(text),
                "style": style,
                "value": about,
            }
            for id, text, style in ((APPROVE, "Approve", "primary"), (REFUSE, "Refuse", "danger"))
        ],
    }


def _record(state: ChangeRun) -> str:
    done = {ChangeState.DONE: "Done", ChangeState.UNDONE: "Undone"}.get(state.status, state.status.value)
    return short(f"{done}. Decided: {texts.decided(state.decisions)}. {state.message}", 500)
