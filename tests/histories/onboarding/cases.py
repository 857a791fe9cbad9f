"""How the recorded runs of onboarding come about."""

import os
from datetime import timedelta
from typing import Any

from models.effects import Mode
from models.runs import Outcome
from simulators.connector.api import TOKEN
from tests.histories.studio import Case, Run, Studio
from tests.workflows.template_runs import begin, movement, with_product

CALLS = ["my_product.create_account", "my_product.grant_wiki"]
SOON = timedelta(seconds=1) / timedelta(days=1)


async def returned(studio: Studio, mode: Mode = Mode.LIVE, **wish: Any) -> Run:
    """A customer pays again."""
    os.environ["MY_PRODUCT_TOKEN"] = TOKEN
    simulators = studio.simulators
    simulators.ask("POST", "marketo/lists", query={"name": "Onboarding"})
    customer = next(each.uuid for each in simulators.customers(limit=200) if not each.mrr and each.email)
    event = movement(simulators.reactivate(customer, cents=4900, send=False))
    options = {"crm": None, "calls": CALLS, "settling_seconds": 0.2} | wish
    installation = with_product(simulators.url)
    return await begin(studio.client, "onboarding", event, mode=mode, installation=installation, **options)


async def set_up(studio: Studio) -> Run:
    """With a look later whether the product was used."""
    look = {"after_days": SOON, "operation": "my_product.find_account"}
    return await returned(studio, marketo={"static_list": "Onboarding"}, check_in=look)


async def in_part(studio: Studio) -> Run:
    """Nobody knows whether access was granted, and there is no such list."""
    studio.simulators.fault("connector", "drop_after", method="POST", path="/access")
    return await returned(studio, marketo={"static_list": "No such list"})


async def in_the_crm(studio: Studio) -> Run:
    return await returned(studio, crm="salesforce", calls=[])


async def in_person(studio: Studio) -> Run:
    """Facts go to the lead, a lead of Salesforce is told of, and two places are told, also later."""
    marketo = {"static_list": "Onboarding", "facts": {"mrr": "cmMrr"}}
    owner = {"salesforce_user_field": "CSM__c", "rotation": ["maya.okafor@mogulflow.example"]}
    told: dict[str, Any] = {
        "owner": owner | {"sources": ["rotation"]},
        "tell": "both",
        "check_in": {"after_days": SOON},
    }
    return await returned(studio, crm="salesforce", calls=[], marketo=marketo, **told)


async def preview(studio: Studio) -> Run:
    return await returned(studio, Mode.PREVIEW, calls=CALLS[:1], marketo={"static_list": "Onboarding"})


CASES = [
    Case(set_up, Outcome.ACTED),
    Case(in_part, Outcome.PARTIAL),
    Case(in_the_crm, Outcome.ACTED),
    Case(in_person, Outcome.ACTED),
    Case(preview, Outcome.PREVIEWED),
]
