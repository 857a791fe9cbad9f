"""Tag a customer in a support system, and take the tag off."""

from typing import Any

from activities.definition import Step
from activities.intercom import IntercomActivities
from activities.zendesk import ZendeskActivities
from models.chartmogul import Customer
from models.effects import Effect
from models.tagging import MOST_IDS, Tagging
from models.templates.blocks import TagOptions
from workflows.engine.acting import Acting
from workflows.engine.steps import step

STEPS: dict[str, Step[Any, Tagging, Effect]] = {
    "intercom": IntercomActivities.tag,
    "zendesk": ZendeskActivities.tag,
}


async def tag(
    acting: Acting, options: TagOptions, customer: Customer, *, remove: bool = False
) -> Effect | None:
    """None where it failed for good, which is a problem of the run."""
    tagging = Tagging(
        **acting.write("untag" if remove else "tag"),
        tag=options.tag,
        target=options.target,
        remove=remove,
        external_ids=customer.ids[:MOST_IDS],
        email=customer.email,
    )
    summary = f"Take the tag {options.tag} off" if remove else f"Tag with {options.tag}"
    return await acting.log.attempt(step(STEPS[options.system], tagging, summary=summary))
