"""The same calls without the product around them, in the usual way of Temporal's guides or all local."""

import asyncio
from datetime import timedelta
from typing import Any

from pydantic import AwareDatetime, BaseModel
from temporalio import workflow

from activities.chartmogul import ChartMogulActivities, CustomerQuery
from activities.salesforce.steps import SalesforceActivities
from activities.slack import SlackActivities
from models.chartmogul import Customer
from models.effects import Effect
from models.salesforce import AccountOwner, OwnerQuery, SaveTask
from models.slack import Member, MemberQuery, Message

SHORT, LONG = timedelta(seconds=3), timedelta(seconds=30)


class Lost(BaseModel):
    """A customer who has left."""

    key: str
    customer_uuid: str
    at: AwareDatetime
    local: bool


@workflow.defn(name="bare")
class Bare:
    """Read side by side, find the owner, make the task, find the member, post."""

    @workflow.run
    async def run(self, lost: Lost) -> None:
        query = CustomerQuery(account="default", customer_uuid=lost.customer_uuid)
        chartmogul, salesforce, slack = ChartMogulActivities, SalesforceActivities, SlackActivities
        customer, _, _, _ = await asyncio.gather(
            _do(chartmogul.read_customer, query, lost),
            _do(chartmogul.read_subscriptions, query, lost),
            _do(chartmogul.read_movements, query, lost),
            _do(chartmogul.read_latest_note, query, lost),
        )
        whose = OwnerQuery(customer_uuid=lost.customer_uuid, email=customer.email)
        owner: AccountOwner = await _do(salesforce.find_account_owner, whose, lost)
        task: Effect = await _do(salesforce.create_save_task, _task(lost, customer, owner), lost)
        person = MemberQuery(email=owner.owner_email or "")
        member: Member | None = await _do(slack.find_member, person, lost)
        await _do(slack.post_message, _message(lost, customer, task, member), lost)


async def _do(activity: Any, arg: Any, lost: Lost) -> Any:
    if lost.local:
        return await workflow.execute_local_activity_method(activity, arg, start_to_close_timeout=SHORT)
    return await workflow.execute_activity_method(activity, arg, start_to_close_timeout=LONG)


def _task(lost: Lost, customer: Customer, owner: AccountOwner) -> SaveTask:
    return SaveTask(
        key=f"{lost.key}:task",
        subject=f"Save {customer.label}",
        due=lost.at.date(),
        description=f"{customer.label} left.",
        owner_id=owner.owner_id,
        account_id=owner.account_id,
        contact_id=owner.contact_id,
    )


def _message(lost: Lost, customer: Customer, task: Effect, member: Member | None) -> Message:
    who = f"<@{member.id}>" if member else "nobody"
    text = f"{customer.label} left. {who}: {task.link}"
    section = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    return Message(
        key=f"{lost.key}:message", channel="#revenue-saves", text=text, blocks=[section], not_before=lost.at
    )
