"""Finding whose account a customer is, the save task, opportunities and notes. What each does stands beside
it, in the module of its object."""

from activities.definition import step_activity
from activities.salesforce.effects import OFF, skipped
from activities.salesforce.lead import find_leads
from activities.salesforce.link import link_contact
from activities.salesforce.note import post_note
from activities.salesforce.opportunity import read_opportunity, save_opportunity, set_amount
from activities.salesforce.task import create_task, record_outcome
from activities.salesforce.undo import undo
from activities.undoing import not_possible
from clients.salesforce.client import SalesforceClient
from models.effects import Effect
from models.salesforce import (
    AccountFound,
    AccountOwner,
    AccountQuery,
    ContactLink,
    LeadQuery,
    LeadsFound,
    NoteWrite,
    OpportunityAmount,
    OpportunityNow,
    OpportunityQuery,
    OpportunityWrite,
    OwnerQuery,
    SaveTask,
    TaskChange,
)
from models.undo import Undoing, Undone


class SalesforceActivities:
    def __init__(self, client: SalesforceClient | None) -> None:
        self._client = client

    @step_activity("salesforce.find_account_owner")
    async def find_account_owner(self, query: OwnerQuery) -> AccountOwner:
        if self._client is None:
            return AccountOwner(why_fallback=OFF)
        return await self._client.account_owner(query)

    @step_activity("salesforce.find_account")
    async def find_account(self, query: AccountQuery) -> AccountFound:
        if self._client is None:
            return AccountFound(why_none=OFF)
        return await self._client.find_account(query)

    @step_activity("salesforce.find_leads")
    async def find_leads(self, query: LeadQuery) -> LeadsFound:
        """None where Salesforce is not connected. They are told of, and never converted."""
        return await find_leads(self._client, query) if self._client else LeadsFound()

    @step_activity("salesforce.create_save_task")
    async def create_save_task(self, task: SaveTask) -> Effect:
        """Create the Task once. One that is there already stays as people have changed it since."""
        return await create_task(self._client, task) if self._client else skipped(task, "Task")

    @step_activity("salesforce.record_task_outcome")
    async def record_task_outcome(self, change: TaskChange) -> Effect:
        """Add the outcome to the Task's description, and set the fields of the route."""
        return await record_outcome(self._client, change) if self._client else skipped(change, "Task")

    @step_activity("salesforce.link_contact")
    async def link_contact(self, link: ContactLink) -> Effect:
        """Put a contact that has no account into this one."""
        return await link_contact(self._client, link) if self._client else skipped(link, "Contact")

    @step_activity("salesforce.save_opportunity")
    async def save_opportunity(self, write: OpportunityWrite) -> Effect:
        """Create the Opportunity once. One that is there already stays as people have changed it since."""
        return await save_opportunity(self._client, write) if self._client else skipped(write, "Opportunity")

    @step_activity("salesforce.read_opportunity")
    async def read_opportunity(self, query: OpportunityQuery) -> OpportunityNow | None:
        return await read_opportunity(self._client, query.key) if self._client else None

    @step_activity("salesforce.set_opportunity_amount")
    async def set_opportunity_amount(self, wanted: OpportunityAmount) -> Effect:
        """Set the exact sum, unless a person has closed the Opportunity or changed its amount."""
        return await set_amount(self._client, wanted) if self._client else skipped(wanted, "Opportunity")

    @step_activity("salesforce.post_note", looks_first=True)
    async def post_note(self, note: NoteWrite) -> Effect:
        """A note once: by its key as a task, as a post by looking for our mark before it is posted again."""
        return await post_note(self._client, note) if self._client else skipped(note, "note")

    @step_activity("salesforce.undo", looks_first=True)
    async def undo(self, undoing: Undoing) -> Undone:
        """Take an effect back, but for what a person has changed since."""
        return await undo(self._client, undoing) if self._client else not_possible(undoing, OFF)
