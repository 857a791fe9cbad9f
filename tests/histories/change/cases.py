"""How the recorded runs of changes come about."""

from models.canonical import digest_of
from models.changes import ChangeRun, CustomerMerge, TagChange
from models.runs import Outcome, RunResult
from operations.changes import ask, decide
from tests.histories.reconciliation.cases import correcting
from tests.histories.studio import Case, Run, Studio
from tests.workflows.changing import asks, change_of, undo_of


def _tagging(studio: Studio, tag: str = "vip") -> TagChange:
    return TagChange(customer_uuid=studio.simulators.customers()[0].uuid, add=[tag])


def _run(studio: Studio, state: ChangeRun) -> Run:
    return studio.client.get_workflow_handle(state.run_id, result_type=RunResult)


async def allowed(studio: Studio) -> Run:
    state = await ask(studio.client, change_of(_tagging(studio)))
    return _run(studio, state)


async def agreed(studio: Studio) -> Run:
    """In Slack, too, where the message becomes the record."""
    one, two = studio.simulators.customers()[1:3]
    change = CustomerMerge(customer_uuid=one.uuid, into_uuid=two.uuid)
    state = await ask(studio.client, change_of(change, asks(), channel="#revops-alerts"))
    await decide(
        studio.client, state.run_id, "ben@vendor.example", "command", approve=True, reason="", plan=state.plan
    )
    return _run(studio, state)


async def refused(studio: Studio) -> Run:
    state = await ask(studio.client, change_of(_tagging(studio, "beta"), asks()))
    await decide(
        studio.client,
        state.run_id,
        "ben@vendor.example",
        "slack",
        approve=False,
        reason="no",
        plan=state.plan,
    )
    return _run(studio, state)


async def undone(studio: Studio) -> Run:
    done = await ask(studio.client, change_of(_tagging(studio, "gold"), digest=digest_of("gold")))
    state = await ask(studio.client, undo_of(done.run_id))
    return _run(studio, state)


async def corrected(studio: Studio) -> Run:
    """Of a month that is open."""
    _, change = await correcting(studio, "change")
    return change


CASES = [
    Case(allowed, Outcome.ACTED),
    Case(agreed, Outcome.ACTED),
    Case(refused, Outcome.REFUSED),
    Case(undone, Outcome.UNDONE),
    Case(corrected, Outcome.ACTED),
]
