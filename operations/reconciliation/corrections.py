"""Corrections of ChartMogul that a month's findings call for: looked at, and proposed as a change, on which
somebody else decides."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import temporal
from configuration.files import agents_for
from domains.changes.policy import Asked, matched
from models.agents import Agents
from models.canonical import digest_of
from models.changes import (
    LONGEST_REASON,
    Asker,
    ChangeInput,
    ChangeRun,
    MatchedRule,
    MonthCorrection,
    Then,
    digest_of_person,
)
from models.reconciliation.findings import FindingId
from models.templates.reconciliation import Propose, Proposed, workflow_id
from operations import changes
from operations.accounts import known_account
from operations.errors import Stopped
from operations.person import kept
from operations.reconciliation.month import id_of_wish, known_period, person_of, updated
from settings import Settings

TOOL = "correct_month"
WITHIN = timedelta(days=3)
ASKS = MatchedRule(
    number=0,
    said="correct_month: ask by 1 person within 3 d, and never by who proposed it",
    then=Then.ASK,
    within=WITHIN,
)


async def proposable(settings: Settings, account: str, period: str) -> Proposed:
    """What there is to propose, the largest difference first. Raises Stopped."""
    return await _asked(settings, account, period, [])


async def propose(
    settings: Settings,
    account: str,
    period: str,
    findings: Sequence[str],
    reason: str,
    *,
    again: bool = False,
    settles_within: timedelta | None = None,
) -> ChangeRun:
    """By ids, or how they begin. The same again is the same change, unless `again`: where an earlier one was
    refused, say, or taken back. Raises Stopped."""
    period = known_period(settings, account, period)
    ids = _named(findings, await proposable(settings, account, period))
    found = await _asked(settings, account, period, ids)
    if found.not_possible:
        why = "; ".join(f"{each.finding}: {each.why}" for each in found.not_possible)
        raise Stopped(f"Nothing was proposed. {why[:1].upper()}{why[1:]}.")
    change = MonthCorrection(period=period, corrections=found.corrections)
    if settles_within is not None:
        change = change.model_copy(update={"settles_within": settles_within})
    return await changes.ask(await temporal.connect(), _given(settings, account, change, reason, again))


def _named(findings: Sequence[str], there: Proposed) -> list[FindingId]:
    known = list(dict.fromkeys(each.finding for each in there.corrections))
    return [_one(each.casefold(), known) for each in findings]


def _one(begins: str, known: Sequence[FindingId]) -> FindingId:
    found = [each for each in known if begins and each.startswith(begins)]
    if len(found) == 1:
        return found[0]
    if not found and len(begins) == 16:
        return begins  # the run knows more than it lists, and says why it is none
    many = "Several findings begin so" if found else "Of no finding that begins so can anything be corrected"
    raise Stopped(f"{many}: {begins[:20]}. `mogulflow reconcile propose` lists them.")


async def _asked(settings: Settings, account: str, period: str, ids: Sequence[FindingId]) -> Proposed:
    known_account(settings, account)
    period, who = known_period(settings, account, period), person_of(settings)
    id = id_of_wish("propose", who, *ids, "" if ids else changes.new_key())
    handle = (await temporal.connect()).get_workflow_handle(workflow_id(account, period, "final"))
    return await updated(handle, "propose", Propose(id=id, who=who, findings=list(ids)), "", Proposed)


def _given(
    settings: Settings, account: str, change: MonthCorrection, reason: str, again: bool
) -> ChangeInput:
    person, agents = person_of(settings), agents_for(settings)
    arguments = changes.arguments_digest(change.model_dump(mode="json"))
    return ChangeInput(
        account=account,
        tool=TOOL,
        change=change,
        asker=Asker(name=person, kind="person", owner=person, people=[digest_of_person(person)]),
        reason=kept(reason, LONGEST_REASON) or f"It corrects what was found of {change.period}",
        rule=_rule(agents, account, person),
        digest=digest_of(account, TOOL, arguments, changes.new_key() if again else ""),
        arguments=arguments,
        asked_at=datetime.now(UTC),
        channel=agents.approvers.channel if agents else "",
        web_ui_url=settings.web_ui_url,
        time_zone=settings.zones.get(account, "UTC"),
    )


def _rule(agents: Agents | None, account: str, person: str) -> MatchedRule:
    """A line of the file may ask more people, or refuse. None allows it without anybody."""
    if agents is None:
        return ASKS
    lines = [line for line in agents.policy if line.tool == TOOL and line.then is not Then.ALLOW]
    found = matched(lines, Asked(tool=TOOL, principal=person, account=account), agents.approvers.only_by)
    return found if found.number else ASKS.model_copy(update={"only_by": agents.approvers.only_by})
