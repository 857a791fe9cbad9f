"""Take back what a run has done, as a change of its own."""

from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.client import Client

import temporal
from configuration.files import agents_for
from domains.changes.policy import Asked, matched
from models.agents import Agents
from models.canonical import digest_of
from models.changes import LONGEST_REASON, Asker, ChangeInput, ChangeRun, MatchedRule, RunUndo, Then, Undoable
from operations import changes
from operations.errors import Stopped
from operations.person import kept, who
from operations.retry import described_run
from settings import Settings

TOOL = "undo_run"
BY_HAND = MatchedRule(
    number=0, said="a person at the command line, who has seen what it would do", then=Then.ALLOW
)


@dataclass(frozen=True)
class Wish:
    """`again` where an earlier undo of the run was not all: it is asked for anew."""

    workflow_id: str
    reason: str
    delete: bool = False
    again: bool = False


async def undo(settings: Settings, wish: Wish, *, dry_run: bool) -> ChangeRun:
    """What it would come to, or has come to. Raises Stopped."""
    client = await temporal.connect()
    given = await _given(settings, client, wish, dry_run=dry_run)
    return await changes.ask(client, given)


async def _given(settings: Settings, client: Client, wish: Wish, *, dry_run: bool) -> ChangeInput:
    described = await described_run(client, wish.workflow_id)
    account = described.typed_search_attributes.get(temporal.ACCOUNT)
    if account is None:
        raise Stopped(f"{wish.workflow_id} has no effects outside: there is nothing to take back.")
    change = RunUndo(workflow_id=wish.workflow_id, run_id=described.run_id, delete_tasks=wish.delete)
    arguments = changes.arguments_digest(change.model_dump(mode="json"))
    agents = agents_for(settings)
    key = [account, who(), TOOL, arguments, dry_run]
    return ChangeInput(
        account=account,
        tool=TOOL,
        change=change,
        asker=Asker(name=who(), kind="person", owner=settings.operator_email or who()),
        reason=kept(wish.reason, LONGEST_REASON),
        rule=_rule(agents, account),
        digest=digest_of(*key, changes.new_key() if wish.again or dry_run else ""),
        arguments=arguments,
        asked_at=datetime.now(UTC),
        dry_run=dry_run,
        channel=agents.approvers.channel if agents else "",
        web_ui_url=settings.web_ui_url,
        time_zone=settings.zones.get(account, "UTC"),
        undo_possible=Undoable.PARTLY,
    )


def _rule(agents: Agents | None, account: str) -> MatchedRule:
    """A line of the file that names undo binds people, too."""
    if agents is None:
        return BY_HAND
    lines = [line for line in agents.policy if line.tool == TOOL]
    asked = Asked(tool=TOOL, principal=who(), account=account)
    found = matched(lines, asked, agents.approvers.only_by)
    return found if found.number else BY_HAND
