"""Taking back what a run has done: one part for each of its effects, newest first."""

from collections.abc import Sequence
from typing import Any

from activities.chartmogul import ChartMogulActivities
from activities.connector import ConnectorActivities
from activities.definition import Step
from activities.gong import GongActivities
from activities.hubspot.steps import HubSpotActivities
from activities.intercom import IntercomActivities
from activities.marketo.steps import MarketoActivities
from activities.runs.steps import RunsActivities
from activities.salesforce.steps import SalesforceActivities
from activities.slack import SlackActivities
from activities.zendesk import ZendeskActivities
from models.changes import ChangeInput, RunUndo
from models.effects import Action, Effect
from models.undo import Undoing, Undone
from workflows.change.parts import Part
from workflows.engine.steps import step

STEPS: dict[str, Step[Any, Undoing, Undone]] = {
    "chartmogul": ChartMogulActivities.undo,
    "gong": GongActivities.undo,
    "hubspot": HubSpotActivities.undo,
    "intercom": IntercomActivities.undo,
    "marketo": MarketoActivities.undo,
    "salesforce": SalesforceActivities.undo,
    "slack": SlackActivities.undo,
    "zendesk": ZendeskActivities.undo,
}
"""By the effect's system; any other is a connector's name."""


async def undo_parts(given: ChangeInput, change: RunUndo) -> list[Part]:
    """Of what it wrote; what it found done already, or left out, is not taken back. Raises StepFailed."""
    effects = await step(RunsActivities.effects_of, change, summary="Read what the run did")
    written = [each for each in effects if each.action in (Action.CREATED, Action.UPDATED)]
    newest = list(reversed(written))
    return [_part(given, change, each, newest[:number]) for number, each in enumerate(newest)]


def _part(given: ChangeInput, change: RunUndo, effect: Effect, before: Sequence[Effect]) -> Part:
    """`before` are taken back before it: the preview of it sees them still."""
    undoing = Undoing(
        key=f"{given.key}:{len(before) + 1}",
        effect=effect,
        account=given.account,
        delete=change.delete_tasks,
        newer=[each for each in before if each.system == effect.system],
    )
    return Part(
        STEPS.get(effect.system, ConnectorActivities.undo),
        undoing,
        f"Take back {effect.system} {effect.object_type}",
    )
