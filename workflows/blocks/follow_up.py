"""Give somebody a follow-up task, add to it, and close it when it is over. In Salesforce or in HubSpot."""

from datetime import date, datetime

from activities.hubspot.steps import HubSpotActivities
from activities.salesforce.steps import SalesforceActivities
from models.business_days import business_day
from models.effects import Effect
from models.hubspot import HubSpotTask, HubSpotTaskChange
from models.salesforce import SaveTask, TaskChange
from models.templates.blocks import FollowUpOptions
from workflows.blocks.owner import InCharge, hubspots_id_of
from workflows.engine.acting import Acting
from workflows.engine.steps import step

TASK = "follow_up"
HUBSPOT_PRIORITIES = ("LOW", "MEDIUM", "HIGH")


class FollowUp:
    """Of one run, or of one customer: `acting.keyed_by` says of what there is one task."""

    def __init__(self, acting: Acting, options: FollowUpOptions) -> None:
        self._acting, self._options = acting, options
        self._is_in_hubspot = options.system == "hubspot"
        self.made: Effect | None = None

    @property
    def is_there(self) -> bool:
        return self.made is not None and self.made.object_id is not None

    async def give(
        self, to: InCharge, subject: str, description: str, good_until: datetime | None = None
    ) -> Effect:
        """Raises StepFailed."""
        make = self._in_hubspot if self._is_in_hubspot else self._in_salesforce
        self.made = await make(to, subject, description, good_until)
        return self.made

    async def add(self, name: str, line: str, *, close: bool = False) -> Effect | None:
        """`name` tells the line from others: the same is added once."""
        change = self._change_in_hubspot if self._is_in_hubspot else self._change_in_salesforce
        closes = close and self._options.close_when_over
        return await self._acting.log.attempt(change(f"{TASK}:{name}", line, close=closes))

    @property
    def _due(self) -> date:
        given, options = self._acting.given, self._options
        return business_day(given.day(given.acts_at), options.due_in_business_days, options.holidays)

    async def _in_salesforce(
        self, to: InCharge, subject: str, description: str, good_until: datetime | None
    ) -> Effect:
        account, fallback = to.account, self._options.fallback_owner
        task = SaveTask(
            **self._acting.write(TASK),
            good_until=good_until,
            subject=subject,
            due=self._due,
            priority=self._options.priority,
            description=description,
            owner_id=to.salesforce_id,
            owner_name=to.name,
            fallback_email=fallback if to.salesforce_id else to.email or fallback,
            account_id=account.account_id if account else None,
            contact_id=account.contact_id if account else None,
            fields=self._options.fields,
        )
        return await step(SalesforceActivities.create_save_task, task, summary=subject[:100])

    async def _change_in_salesforce(self, name: str, line: str, *, close: bool) -> Effect:
        change = TaskChange(
            **self._acting.write(name),
            task_key=self._acting.key(TASK),
            append_to_description=line,
            close=close,
        )
        return await step(
            SalesforceActivities.record_task_outcome, change, summary="Add to the follow-up task"
        )

    async def _in_hubspot(
        self, to: InCharge, subject: str, description: str, good_until: datetime | None
    ) -> Effect:
        """Who is named by another system is looked up by e-mail."""
        company, emails = to.company, (to.email, self._options.fallback_owner)
        owner_id = to.hubspot_id or await hubspots_id_of(self._acting, *emails)
        priority = self._options.priority.upper()
        task = HubSpotTask(
            **self._acting.write(TASK),
            good_until=good_until,
            subject=subject,
            due=self._due,
            body=description,
            priority=priority if priority in HUBSPOT_PRIORITIES else "HIGH",
            owner_id=owner_id,
            company_id=company.company_id if company else None,
            contact_id=company.contact_id if company else None,
        )
        return await step(HubSpotActivities.create_task, task, summary=subject[:100])

    async def _change_in_hubspot(self, name: str, line: str, *, close: bool) -> Effect:
        change = HubSpotTaskChange(
            **self._acting.write(name),
            task_key=self._acting.key(TASK),
            append=line,
            complete=close,
            task_id=self.made.object_id if self.made else None,
        )
        return await step(HubSpotActivities.change_task, change, summary="Add to the follow-up task")
