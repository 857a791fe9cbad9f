"""Taking back what a run has done: one part for each of its effects, newest first."""

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
from models.effects import Action
from models.undo import Undoing, Undone
from workflows.change.parts import Part
from workflows.engine.steps import step

STEPS: dict[str, Step[Any, Undoing, Undone]] = {
    "chartmogul": ChartMogulActivities.undo,
    "connector": ConnectorActivities.undo,
    "gong": GongActivities.undo,
    "hubspot": HubSpotActivities.undo,
    "intercom": IntercomActivities.undo,
    "marketo": MarketoActivities.undo,
    "salesforce": SalesforceActivities.undo,
    "slack": SlackActivities.undo,
    "zendesk": ZendeskActivities.undo,
}
"""By the effect's system."""


async def undo_parts(given: ChangeInput, change: RunUndo) -> list[Part]:
    """Of what it wrote; what it found done already, or left out, is not taken back. Raises StepFailed."""
    effects = await step(RunsActivities.effects_of, change, summary="Read what the run did")
    written = [each for each in effects if each.action in (Action.CREATED, Action.UPDATED)]
    return [
        Part(
            STEPS[each.system],
            Undoing(
                key=f"{given.key}:{number}", effect=each, delete=change.delete_tasks, account=given.account
            ),
            f"Take back {each.system} {each.object_type}",
        )
        for number, each in enumerate(reversed(written), start=1)
        if each.system in STEPS
    ]
