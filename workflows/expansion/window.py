"""Expansions of one customer that follow each other: they go into one open opportunity."""

from datetime import datetime, timedelta

from temporalio import workflow

from models.cases import Taken
from models.effects import Action, Effect
from models.runs import Outcome, RunResult
from models.templates.expansion import Upgrade
from workflows.blocks.case import Doing, acting_for, answer
from workflows.blocks.reading import customer_of, is_listed
from workflows.blocks.truth import Truth
from workflows.engine.run_log import RunLog
from workflows.engine.steps import StepFailed
from workflows.engine.trouble import told_before
from workflows.expansion.deals import Deal
from workflows.expansion.facts import ExpansionFacts

MOST_UPGRADES = 200
NOT_LISTED = "ChartMogul lists it no more: it is in no opportunity."
LEFT_ALONE = "A person has closed the earlier opportunity or changed its amount: it was left as it is."


@workflow.defn(name="expansion_window")
class ExpansionWindow:
    """Open from the first expansion on for as many days as its route says."""

    @workflow.init
    def __init__(self, first: Upgrade) -> None:
        self._log = RunLog.of_event(first.given)
        self._acting = acting_for(first.given, self._log, first.id)
        self._days = first.given.options.merge_within_days
        self._waiting: list[Upgrade] = []
        self._deal: Deal | None = None
        self._taken: dict[str, Taken] = {}

    @workflow.query(name="effects", description="What this run has done so far")
    def effects(self) -> list[Effect]:
        return self._log.effects

    @workflow.signal(name="told", description="Another expansion, by the run of its event")
    def told(self, upgrade: Upgrade) -> None:
        self._waiting.append(upgrade)

    @workflow.run
    async def run(self, first: Upgrade) -> RunResult:
        until = workflow.now() + timedelta(days=self._days)
        while self._waiting or workflow.now() < until:
            while self._waiting:
                await self._take(self._waiting.pop(0))
            await told_before(until, lambda: bool(self._waiting), "Wait for further expansions")
        return self._log.end(Outcome.ACTED)

    async def _take(self, upgrade: Upgrade) -> None:
        """Once for each; one that could not be done is done when its run asks again."""
        known = self._taken.get(upgrade.id)
        if known is None or known.problems:
            before, known = known, await self._act(upgrade)
            if before:
                self._log.settle(before.problems)
        if len(self._taken) < MOST_UPGRADES:
            self._taken[upgrade.id] = known
        await answer(upgrade.told_by, known)

    async def _act(self, upgrade: Upgrade) -> Taken:
        doing = Doing(self._acting)
        try:
            effect = await self._truth(upgrade).say(lambda now, until: self._add(now, doing.notes, until))
        except StepFailed as failure:
            self._log.note_problem(failure)
        else:
            if effect:
                self._log.add(effect)
            else:
                doing.notes.append(NOT_LISTED)
        return doing.taken

    def _truth(self, upgrade: Upgrade) -> Truth[Upgrade]:
        """For as long as ChartMogul lists it."""
        event, options = upgrade.given.event, upgrade.given.options

        async def again() -> Upgrade | None:
            now = await customer_of(event)
            if now is None or not is_listed(now, event):
                return None
            return upgrade.model_copy(update={"amount": ExpansionFacts(event=event, now=now).more})

        good_for = timedelta(seconds=options.reread_after_seconds)
        return Truth(upgrade, again, lambda _: True, good_for)

    async def _add(self, upgrade: Upgrade, notes: list[str], good_until: datetime) -> Effect:
        """Raises StepFailed."""
        deal = self._deal
        if deal and deal.is_made and deal.is_in(upgrade.amount.currency):
            if await deal.is_ours_still(upgrade):
                effect = await deal.add(upgrade, good_until)
                if effect.action is not Action.SKIPPED:
                    return effect
            notes.append(LEFT_ALONE)
        self._deal = Deal(self._acting, upgrade)
        return await self._deal.make(good_until)
