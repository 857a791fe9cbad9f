"""Who takes care of the customer is told: in the channel, by a direct message, or both."""

from collections.abc import Awaitable, Callable, Iterator

from activities.slack import SlackActivities
from models.slack import Member, MemberQuery
from models.templates.onboarding import OnboardingOptions
from workflows.blocks.owner import InCharge
from workflows.blocks.thread import Thread
from workflows.engine.acting import Acting
from workflows.engine.steps import StepFailed, step

Say = Callable[[Thread, str, str], Awaitable[None]]
"""Begins the thread with a message of that name, which says why the person is not told by themselves."""

NOBODY = "nobody is in charge"
REFUSED = "Slack did not take the direct message, see the run"


class Telling:
    def __init__(self, acting: Acting, options: OnboardingOptions) -> None:
        self._acting, self._options = acting, options
        self._threads: dict[str, Thread] = {}

    @property
    def is_open(self) -> bool:
        return any(True for _ in self.open())

    def open(self) -> Iterator[tuple[str, Thread]]:
        """Threads in which something can be added, each with what its replies' names end with."""
        return (each for each in self._threads.items() if each[1].is_open)

    async def begin(self, owner: InCharge, say: Say) -> None:
        why_not = "" if self._options.tell == "channel" else await self._in_person(owner, say)
        if self._options.tell == "person" and not why_not:
            return
        self._threads[""] = Thread(self._acting, self._options.channel)
        await say(self._threads[""], "alert", why_not)

    async def _in_person(self, owner: InCharge, say: Say) -> str:
        """Why it could not be; empty where it was said, or Slack is off."""
        member, why_not = await self._member(owner)
        if member is None:
            return why_not
        self._acting.log.name(member.id, owner.name or member.name)
        thread = self._threads["_in_person"] = Thread(self._acting, member.id, "Tell them")
        await say(thread, "in_person", "")
        return REFUSED if thread.first is None else ""

    async def _member(self, owner: InCharge) -> tuple[Member | None, str]:
        """Of Slack; or why there is none."""
        who = owner.name or owner.email or "who is in charge"
        if not owner.email:
            return None, f"no e-mail is known of {who}" if owner.is_known else NOBODY
        query = MemberQuery(email=owner.email)
        try:
            found = await step(SlackActivities.find_member, query, summary="Find them in Slack")
        except StepFailed as failure:
            self._acting.log.note_fallback(failure)
            return None, f"Slack could not say who {who} is"
        return found, f"{who} is no member of Slack"
