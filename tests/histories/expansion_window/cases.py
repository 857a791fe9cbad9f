"""How the recorded runs come about that gather the expansions of a customer."""

from models.runs import Outcome
from tests.histories.expansion.cases import SECONDS, expanded, payer
from tests.histories.studio import Case, Run, Studio
from tests.workflows.template_runs import case_of

WITHIN = 3 * SECONDS


def window(studio: Studio) -> Run:
    return case_of(studio.client, "expansion_window", payer(studio))


async def one(studio: Studio) -> Run:
    await (await expanded(studio, merge_within_days=WITHIN)).result()
    return window(studio)


async def two(studio: Studio) -> Run:
    await (await expanded(studio, seconds_ago=60, merge_within_days=WITHIN)).result()
    await (await expanded(studio, 2000, merge_within_days=WITHIN)).result()
    return window(studio)


async def after_a_person(studio: Studio) -> Run:
    """Who has changed the amount: it is left alone, and there is another."""
    await (await expanded(studio, seconds_ago=60, merge_within_days=WITHIN)).result()
    [opportunity] = studio.simulators.records("Opportunity")
    studio.simulators.change_record("Opportunity", opportunity["Id"], Amount=1)
    await (await expanded(studio, 2000, merge_within_days=WITHIN)).result()
    return window(studio)


async def in_part(studio: Studio) -> Run:
    studio.simulators.remove_field("Opportunity", "Mogulflow_Key__c")
    await (await expanded(studio, merge_within_days=WITHIN)).result()
    return window(studio)


CASES = [
    Case(one, Outcome.ACTED),
    Case(two, Outcome.ACTED),
    Case(after_a_person, Outcome.ACTED),
    Case(in_part, Outcome.PARTIAL),
]
