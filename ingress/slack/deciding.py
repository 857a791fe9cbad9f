"""What a click on a button does, however it came to us: who clicked may decide, and decides, or is told why
not. Only the person who clicked is answered; what came of the change the message itself says at its end."""

import asyncio
import logging
from collections.abc import Callable
from typing import Annotated

from pydantic import Field, StringConstraints, ValidationError
from temporalio.client import Client
from temporalio.exceptions import TemporalError

from clients.kit.errors import IntegrationError
from clients.slack.client import SlackClient
from models.agents import Agents
from models.base import Record
from models.changes import APPROVE, REFUSE, ChangeRun, ChangeState
from models.slack import Person
from models.wording import escaped, short
from operations import changes

DECIDE_SECONDS = 20.0
"""For Slack to say who it is and the run to take the decision; without a worker it would wait for ever."""

LAST_SECONDS = 5.0
"""For those under way when we are told to stop."""

MOST_AT_ONCE = 100
LONGEST_TOLD = 500

log = logging.getLogger("mogulflow.ingress")

Id = Annotated[str, StringConstraints(min_length=1, max_length=255)]


class _User(Record):
    id: Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{1,30}$")]


class _Action(Record):
    action_id: str = ""
    value: str = Field(default="", max_length=2000)


class _Click(Record):
    """As Slack sends it, of which there is more."""

    type: str
    user: _User
    actions: list[_Action] = Field(default=[], max_length=25)
    response_url: str = ""

    @property
    def decides(self) -> _Action | None:
        """None where it is another button: one that leads to a page is told of, too."""
        found = (each for each in self.actions if each.action_id in (APPROVE, REFUSE))
        return next(found, None) if self.type == "block_actions" else None


class _About(Record):
    """What the button carries."""

    workflow: Annotated[str, StringConstraints(pattern=f"^{changes.PREFIX}", max_length=255)]
    run: Id
    plan: Id


class TooMany(Exception):
    """So many clicks are under way that no more are taken."""


class NotYours(Exception):
    """Who clicked may not decide; the text is for them."""


class Deciding:
    """`temporal` gives the client, or None while there is none; `agents` the file as it is now."""

    def __init__(
        self, slack: SlackClient, temporal: Callable[[], Client | None], agents: Callable[[], Agents]
    ) -> None:
        self._slack, self._temporal, self._agents = slack, temporal, agents
        self._under_way = set[asyncio.Task[None]]()

    def begin(self, payload: object) -> "asyncio.Task[None]":
        """It goes on by itself, whoever waits for it. Raises TooMany."""
        if len(self._under_way) >= MOST_AT_ONCE:
            raise TooMany
        task = asyncio.create_task(self._take(payload))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return task

    async def aclose(self) -> None:
        """After those that are under way, within their time."""
        if self._under_way:
            _, late = await asyncio.wait(self._under_way, timeout=LAST_SECONDS)
            for each in late:
                each.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        await self._slack.aclose()

    async def _take(self, payload: object) -> None:
        """What goes wrong is told to who clicked, and written down."""
        try:
            click = _Click.model_validate(payload)
        except ValidationError:
            log.warning("click in Slack cannot be read")
            return
        if (action := click.decides) is None:
            return
        said = await self._answer_to(click.user.id, action)
        try:
            await self._slack.respond(click.response_url, short(said, LONGEST_TOLD))
        except IntegrationError as error:
            log.warning("answer to a click was not taken", extra={"reason": str(error)})

    async def _answer_to(self, user: str, action: _Action) -> str:
        fields = {"slack_user": user, "action": action.action_id}
        try:
            async with asyncio.timeout(DECIDE_SECONDS):
                return await self._decide(user, action)
        except (NotYours, changes.NotPossible) as why:
            log.info("click in Slack decides nothing", extra=fields | {"reason": type(why).__name__})
            return escaped(str(why))
        except IntegrationError as error:
            log.warning("nobody knows who clicked", extra=fields | {"reason": str(error)})
            return "Nothing was decided: Slack did not tell who you are. Click once more."
        except (TimeoutError, TemporalError, RuntimeError) as error:
            log.error("click in Slack was not taken", extra=fields | {"reason": type(error).__name__})
            return "Nothing was decided yet: Mogulflow is not ready. Click once more in a minute."

    async def _decide(self, user: str, action: _Action) -> str:
        """Raises NotYours, NotPossible."""
        client, about = self._temporal(), _about(action)
        who = self._who_may(await self._slack.person(user))
        if client is None:
            raise RuntimeError("not connected yet")
        approve = action.action_id == APPROVE
        state = await changes.decide(
            client,
            about.workflow,
            who=who,
            way="slack",
            approve=approve,
            reason="",
            plan=about.plan,
            run=about.run,
        )
        log.info("decided in Slack", extra={"workflow_id": about.workflow, "approve": approve})
        return _noted(state, approve=approve)

    def _who_may(self, person: Person) -> str:
        """The e-mail address, as the file of approvers has it. Raises NotYours."""
        if person.email is None:
            raise NotYours(f"You cannot decide on it: {person.why_none}.")
        email = person.email.strip().casefold()
        listed = {each.strip().casefold(): each.strip() for each in self._agents().approvers.emails}
        if email not in listed:
            raise NotYours("You cannot decide on it: you are not among those who may.")
        return listed[email]


def _about(action: _Action) -> _About:
    try:
        return _About.model_validate_json(action.value)
    except ValidationError:
        raise NotYours("This button belongs to no change that is known here.") from None


def _noted(state: ChangeRun, *, approve: bool) -> str:
    if not approve:
        return "You refused it: nothing is written."
    more = state.approvers - sum(each.approve for each in state.decisions)
    if state.status is ChangeState.NEEDS_APPROVAL and more > 0:
        return f"You agreed. {more} more must agree."
    return "You agreed."
