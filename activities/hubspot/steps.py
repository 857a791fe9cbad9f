"""Finding whose customer it is, tasks and deals. What each does stands beside it, in the module of its
object."""

from activities.definition import step_activity
from activities.hubspot.deal import read_deal, save_deal, set_amount
from activities.hubspot.effects import OFF, skipped
from activities.hubspot.owner import find_owner
from activities.hubspot.task import change_task, create_task
from activities.hubspot.undo import undo
from activities.undoing import not_possible
from clients.hubspot.client import HubSpotClient
from clients.kit.rate_limiter import Rank
from models.effects import Effect
from models.hubspot import (
    DealAmount,
    DealNow,
    DealQuery,
    DealWrite,
    HubSpotOwner,
    HubSpotOwnerQuery,
    HubSpotTask,
    HubSpotTaskChange,
)
from models.undo import Undoing, Undone


class HubSpotActivities:
    """Live events: their calls go before those of the sync."""

    def __init__(self, client: HubSpotClient | None) -> None:
        self._client = client.ranked(Rank.LIVE) if client else None

    @step_activity("hubspot.find_owner")
    async def find_owner(self, query: HubSpotOwnerQuery) -> HubSpotOwner:
        return await find_owner(self._client, query) if self._client else HubSpotOwner(why_fallback=OFF)

    @step_activity("hubspot.create_task", looks_first=True)
    async def create_task(self, task: HubSpotTask) -> Effect:
        """Create the task once: by our key, or by looking for our mark where tasks have no property for it.
        One that is there already stays as people have changed it since."""
        return await create_task(self._client, task) if self._client else skipped(task, "tasks")

    @step_activity("hubspot.change_task")
    async def change_task(self, change: HubSpotTaskChange) -> Effect:
        """Add a line to the task's text, and complete it."""
        return await change_task(self._client, change) if self._client else skipped(change, "tasks")

    @step_activity("hubspot.save_deal")
    async def save_deal(self, write: DealWrite) -> Effect:
        """Create the deal once. One that is there already stays as people have changed it since."""
        return await save_deal(self._client, write) if self._client else skipped(write, "deals")

    @step_activity("hubspot.read_deal")
    async def read_deal(self, query: DealQuery) -> DealNow | None:
        return await read_deal(self._client, query.key) if self._client else None

    @step_activity("hubspot.set_deal_amount")
    async def set_deal_amount(self, wanted: DealAmount) -> Effect:
        """Set the exact sum, unless a person has closed the deal or changed its amount."""
        return await set_amount(self._client, wanted) if self._client else skipped(wanted, "deals")

    @step_activity("hubspot.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        """Take an effect back, but for what a person has changed since."""
        return await undo(self._client, undoing) if self._client else not_possible(undoing, OFF)
