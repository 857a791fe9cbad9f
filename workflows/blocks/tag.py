"""Tag a customer in a support system, and take the tag off."""

from typing import Any

from activities.definition import Step
from activities.intercom import IntercomActivities
from activities.zendesk import ZendeskActivities
from models.chartmogul import Customer
from models.effects import Effect
from models.tagging import Tagging
from models.templates.blocks import TagOptions
from workflows.engine.acting import Acting
from workflows.engine.steps import step

STEPS: dict[str, Step[Any, Tagging, Effect]] = {
    "intercom": IntercomActivities.tag,
    "zendesk": ZendeskActivities.tag,
}
MOST_IDS = 20


async def tag(
    acting: Acting, options: TagOptions, customer: Customer, *, remove: bool = False
) -> Effect | None:
    """None where it failed for good, which is a problem of the run."""
    tagging = Tagging(
        **acting.write("untag" if remove else "tag"),
        tag=options.tag,
        target=options.target,
        remove=remove,
        external_ids=known_by(customer),
        email=customer.email,
    )
    summary = f"Take the tag {options.tag} off" if remove else f"Tag with {options.tag}"
    return await acting.log.attempt(step(STEPS[options.system], tagging, summary=summary))


def known_by(customer: Customer) -> list[str]:
    """The customer's ids: the billing system's first, ChartMogul's last."""
    ids = (customer.external_id, *customer.external_ids, customer.uuid)
    return list(dict.fromkeys(filter(None, ids)))[:MOST_IDS]
