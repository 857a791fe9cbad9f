"""The cancelled customer as last read from ChartMogul, and what that says of the cancellation."""

from datetime import datetime, timedelta
from typing import Self

from temporalio import workflow

from models.templates.churn_save import ChurnSaveInput
from workflows.blocks.reading import SETTLING, query_of
from workflows.churn_save import before as churn_before
from workflows.churn_save import verdict as churn_verdict
from workflows.churn_save.facts import ChurnFacts
from workflows.churn_save.verdict import Sight, Verdict
from workflows.engine.reading_back import read_back
from workflows.engine.steps import StepFailed, is_rerun

READ_BACK = "chartmogul.read_back"

LONGEST = 6
"""In `reread_after_seconds`: the oldest that a reading may be at last."""

SHORTEST_SECONDS = 1.0
"""For which a reading is good whatever the route says: with less no write could follow its reading."""

UNCERTAIN = (Sight.UNCLEAR, Sight.CONTRADICTED)


class Reading:
    def __init__(self, given: ChurnSaveInput) -> None:
        self._given = given
        self._settling = timedelta(seconds=given.options.settling_seconds)
        self.facts: ChurnFacts | None = None
        """The last that were found."""
        self.at: datetime | None = None
        self.doubt = ""
        """Why the cancellation is not acted on."""
        self.is_asked_for = False
        """Something has happened since that a new reading may show."""
        self.is_hinted = False
        """We were told of a return, and have not looked for it since as a watch does: it may show late."""

    def of(self, given: ChurnSaveInput) -> Self:
        """A new one, that knows what we were told."""
        new = type(self)(given)
        new.is_hinted = self.is_hinted
        return new

    def ask(self) -> None:
        self.is_asked_for = self.is_hinted = True

    async def again(self) -> ChurnFacts | None:
        """None where ChartMogul knows neither the customer nor who it became. Raises StepFailed."""
        event = self._given.event
        query = query_of(event)
        if not self._given.who_pays_decides:
            query = query.model_copy(update={"traces": None})
        self.is_asked_for = False
        found = await read_back(query, at_once=self._given.reads_at_once)
        self.at = workflow.now()
        if found is None:
            return None
        self.facts = ChurnFacts(event=event, **dict(found))
        return self.facts

    async def at_first(self) -> ChurnFacts | None:
        """None where ChartMogul contradicts the event, also after it had time to settle: `doubt` says why.
        Raises StepFailed, also where nobody can tell."""
        facts = await self.again()
        for times in SETTLING:
            if not self._is_unsettled(facts, times):
                break
            await self.settle(times, "Give ChartMogul time to show the cancellation")
            facts = await self.again()
        if facts is None or (self.sight(facts) in UNCERTAIN and not self.is_over(facts)):
            self.doubt = self.why_not(facts)
            return None
        return facts

    async def settle(self, times: int, why: str) -> None:
        await workflow.sleep(times * self._settling, summary=why)

    def sight(self, facts: ChurnFacts) -> Sight:
        """Raises StepFailed where nobody can tell."""
        if not self._given.who_pays_decides:
            return churn_before.first_sight(self._given, facts)
        sight = churn_verdict.first_sight(self._given, facts, workflow.now())
        if sight is not Sight.CHURN and "movements" in facts.unread:
            raise self.unread(facts)
        return sight

    def is_back(self, facts: ChurnFacts) -> bool:
        return self.sight(facts) is Sight.BACK

    def why_not(self, facts: ChurnFacts | None) -> str:
        return churn_verdict.why_not(self._given, facts, workflow.now())

    def is_over(self, facts: ChurnFacts) -> bool:
        """A person runs it again, and there is nothing to save any more."""
        if not self._given.who_pays_decides:
            return self.is_back(facts)
        return is_rerun() and facts.pays and self.sight(facts) is not Sight.CHURN

    def verdict(self, facts: ChurnFacts, days: float) -> Verdict | None:
        """None where nobody can tell. `days` are those since the cancellation."""
        if not self._given.who_pays_decides:
            return churn_before.verdict(self._given, facts, days)
        return churn_verdict.verdict(self._given, facts, days, workflow.now())

    def good_until(self, times: int) -> datetime | None:
        """How long what was read may be said. Longer at each of several `times`: what is refused for hours
        is not to be tried, and read, every few minutes."""
        if self.at is None or not self._given.who_pays_decides:
            return None
        seconds = max(self._given.options.reread_after_seconds, SHORTEST_SECONDS)
        return self.at + min(times, LONGEST) * timedelta(seconds=seconds)

    def unread(self, facts: ChurnFacts) -> StepFailed:
        why = "Nobody can tell whether the cancellation stands, because the customer pays and the list of "
        why += f"movements cannot be read. {facts.unread['movements']}"
        return StepFailed(READ_BACK, "Rejected", why, permanent=True, pause=None)

    def unknown(self) -> StepFailed:
        event = self._given.event
        why = (
            f"ChartMogul has no customer {event.customer_uuid} any more, and none with that subscription, so "
            "nobody can tell whether they are back. See there whether it was deleted, or merged into another."
        )
        return StepFailed(READ_BACK, "NotFound", why, permanent=True, pause=None)

    def _is_unsettled(self, facts: ChurnFacts | None, times: int) -> bool:
        """Lists that contradict each other get more time than a customer who pays as before."""
        sight = self.sight(facts) if facts else Sight.CONTRADICTED
        return sight is Sight.UNCLEAR or (sight is Sight.CONTRADICTED and times == SETTLING[0])
