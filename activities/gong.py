"""Logging what happened on a customer's timeline in Gong, once."""

from activities.definition import refuse_outdated, step_activity
from activities.undoing import not_possible
from clients.gong.client import GongClient
from clients.gong.fitting import fitting
from models.effects import Action, Effect, Mode
from models.gong import Interaction
from models.undo import Undoing, Undone

OFF = "Gong is not connected"
STAYS_LOGGED = "Gong's API takes no interaction back: it stays on the account's timeline"
NOBODY_LOOKS = "Gong does not tell what was logged before, and nothing new is"


class GongActivities:
    def __init__(self, client: GongClient | None) -> None:
        self._client = client

    @step_activity("gong.log_interaction")
    async def log_interaction(self, interaction: Interaction) -> Effect:
        """A preview cannot tell whether it is there: Gong says so where it is sent again, and only then."""
        if self._client is None:
            return _effect(interaction, Action.SKIPPED, [OFF])
        fit, lacks = fitting(interaction)
        if interaction.mode is Mode.PREVIEW:
            return _effect(fit, Action.WOULD_CREATE, lacks)
        if interaction.only_find:
            return _effect(fit, Action.SKIPPED, [NOBODY_LOOKS])
        refuse_outdated("gong", interaction)
        is_new = await self._client.log(fit)
        return _effect(fit, Action.CREATED if is_new else interaction.already(Action.CREATED), lacks)

    @step_activity("gong.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        """Gong's API logs digital interactions; it neither reads nor deletes them."""
        return not_possible(undoing, STAYS_LOGGED)


def _effect(interaction: Interaction, action: Action, notes: list[str]) -> Effect:
    after = _shown(interaction)
    return Effect(
        system="gong",
        object_type="interaction",
        object_id=None if action is Action.SKIPPED else interaction.key,
        action=action,
        key=interaction.key,
        before=after if action is Action.UNCHANGED else None,
        after=after,
        note="; ".join(notes) or None,
    )


def _shown(interaction: Interaction) -> dict[str, object]:
    """Without the person."""
    names = {"event_type", "title", "content_url", "labels", "account_id", "opportunity_id", "company_domain"}
    told = interaction.model_dump(include=names) | {"fields": dict(interaction.fields)}
    return {name: value for name, value in told.items() if value}
