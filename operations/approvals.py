"""Deciding on changes at the command line."""

import temporal
from configuration.files import agents_for
from models.changes import ChangeRun
from operations import changes
from operations.errors import Stopped
from operations.person import kept, who
from settings import Settings


async def waiting() -> list[ChangeRun]:
    return await changes.waiting(await temporal.connect())


async def shown(workflow_id: str) -> ChangeRun:
    """Raises Stopped."""
    return await changes.state_of(await temporal.connect(), workflow_id)


async def decided(
    settings: Settings, workflow_id: str, reason: str, *, approve: bool, plan: str = ""
) -> ChangeRun:
    """By who says to be at the machine, whose user stands beside it; on what it would
    do now, unless the hash of what was looked at is given. Raises Stopped."""
    person, client = _person(settings), await temporal.connect()
    plan = plan or (await changes.state_of(client, workflow_id)).plan
    about = "command", approve, kept(reason), plan
    return await changes.decide(client, workflow_id, person, *about, machine=who())


def _person(settings: Settings) -> str:
    """Where approvers are listed, one of them; the machine's user where none is. Raises Stopped."""
    agents = agents_for(settings)
    listed = {each.casefold(): each for each in agents.approvers.emails} if agents else {}
    if not listed:
        return settings.operator_email or who()
    if not settings.operator_email:
        raise Stopped(
            "Set OPERATOR_EMAIL to your e-mail address: approvers are listed by theirs in config/agents.yaml."
        )
    if (person := listed.get(settings.operator_email.casefold())) is None:
        raise Stopped("OPERATOR_EMAIL is not among the approvers in config/agents.yaml.")
    return person
