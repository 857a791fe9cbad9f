"""Tell Slack: a message in a channel, and what follows in its thread."""

from contextlib import suppress
from datetime import datetime
from typing import Any

from activities.slack import SlackActivities
from models.effects import Effect
from models.slack import Member, MemberQuery, Message
from models.wording import escaped, short
from workflows.blocks.owner import InCharge
from workflows.engine.acting import Acting
from workflows.engine.steps import StepFailed, glance, step

LONGEST_NAME, LONGEST_WAY = 120, 200


class Thread:
    """Without the first message, which Slack may have refused, nothing follows in it. The channel may be a
    member's id: direct messages."""

    def __init__(self, acting: Acting, channel: str, summary: str = "Tell the channel") -> None:
        self._acting, self._channel, self._summary = acting, channel, summary
        self.first: Effect | None = None

    @property
    def is_open(self) -> bool:
        return self.first is not None and self.first.object_id is not None

    async def begin(
        self, text: str, blocks: list[dict[str, Any]], good_until: datetime | None = None, name: str = "alert"
    ) -> Effect:
        """Raises StepFailed."""
        message = self._message(name, text, blocks=blocks, good_until=good_until)
        self.first = await post_message(message, self._summary)
        return self.first

    async def reply(self, name: str, text: str, good_until: datetime | None = None, **more: Any) -> Effect:
        """`name` tells it from other replies: the same is said once. Only where it is open. Raises
        StepFailed."""
        assert self.first is not None
        message = self._message(name, text, thread_ts=self.first.object_id, good_until=good_until, **more)
        return await post_message(message, "Reply in the thread")

    def _message(self, name: str, text: str, **more: Any) -> Message:
        given = {"channel": self._channel, "text": text, "not_before": self._acting.earliest}
        return Message.model_validate(self._acting.write(name) | given | more)


async def mention(acting: Acting, email: str | None, name: str | None) -> str:
    """As mrkdwn: a mention where the e-mail is a member's, else the name. Its absence is no problem."""
    member: Member | None = None
    if email:
        with suppress(StepFailed):
            member = await glance(SlackActivities.find_member, MemberQuery(email=email))
    if member is None:
        return escaped(short(name or email or "nobody", LONGEST_NAME))
    acting.log.name(f"<@{member.id}>", name or member.name)
    return f"<@{member.id}>"


async def in_words(acting: Acting, person: InCharge) -> str:
    """As mrkdwn: who it is, and which way led to them."""
    who = await mention(acting, person.email, person.name)
    return f"{who}, {escaped(short(person.way, LONGEST_WAY))}" if person.way else who


async def post_message(message: Message, summary: str) -> Effect:
    """Raises StepFailed."""
    return await step(SlackActivities.post_message, message, summary=summary)
