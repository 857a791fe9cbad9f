"""Salesforce: whose account a customer is; Tasks and Opportunities that exist once per key; posts of a feed.

A Task or Opportunity is written by PATCH on a unique external-id field, so that a repeated write changes
nothing. A post carries a mark of ours, by which it is looked for before it is made again.
"""

import asyncio
from typing import Any

from simple_salesforce.format import format_soql

from clients.kit.cooldown import Cooldown
from clients.kit.errors import NotFound
from clients.kit.http import Call, refused, unclear
from clients.salesforce.bulk import SalesforceBulk
from clients.salesforce.by_id import RecordsById
from clients.salesforce.currencies import Currencies
from clients.salesforce.feed import Feed
from clients.salesforce.keyed import KeyedRecords
from clients.salesforce.owner import (
    Lead,
    LookedUp,
    User,
    accounts_of,
    contacts_of,
    find_account,
    find_owner,
    find_user,
    leads_of,
    user_with,
)
from clients.salesforce.settings import Salesforce
from clients.salesforce.transport import SalesforceTransport, api_name
from models.salesforce import AccountFound, AccountOwner, AccountQuery, OwnerQuery

CLOSED_STATUSES = "SELECT ApiName, SortOrder FROM TaskStatus WHERE IsClosed = true"
DEFAULT_STATUS = "SELECT ApiName, SortOrder FROM TaskStatus WHERE IsDefault = true"
LOST_STAGES = (
    "SELECT ApiName, SortOrder FROM OpportunityStage"
    " WHERE IsClosed = true AND IsWon = false AND IsActive = true"
)


class SalesforceClient:
    def __init__(
        self,
        settings: Salesforce,
        *,
        timeout_seconds: float = 10,
        bulk_timeout_seconds: float = 60,
        cooldown: Cooldown | None = None,
    ) -> None:
        self._account_key = api_name(settings.account_key_field)
        self._base_url = settings.instance_url.rstrip("/")
        self._transport = SalesforceTransport(settings, timeout_seconds, cooldown)
        self.tasks = KeyedRecords(self._transport, "Task", settings.task_key_field, "task", "tasks")
        self.opportunities = KeyedRecords(
            self._transport, "Opportunity", settings.opportunity_key_field, "opportunity", "opportunities"
        )
        self.currencies = Currencies(self._transport, self.describe, settings.org_currency)
        self.feed = Feed(self._transport)
        self.bulk = SalesforceBulk(self._transport, settings.threads, bulk_timeout_seconds)

    async def aclose(self) -> None:
        await self._transport.aclose()

    def link(self, object_type: str, object_id: str) -> str:
        return f"{self._base_url}/lightning/r/{object_type}/{object_id}/view"

    def records(self, object_type: str) -> RecordsById:
        return RecordsById(self._transport, object_type)

    async def describe(self, object_type: str) -> dict[str, Any]:
        call = Call("salesforce", f"describe {object_type}")
        path = f"sobjects/{api_name(object_type)}/describe"
        answer = await self._transport.run(call, lambda org: org.library.restful(path))
        if not isinstance(answer, dict):
            raise unclear(call, "the answer is no description")
        return dict(answer)

    async def account_owner(self, query: OwnerQuery) -> AccountOwner:
        """The account's active owner, else the fallback owner, and why. Where the query names a field of the
        account: whom that names, or why nobody."""
        field = api_name(query.user_field) if query.user_field else None
        call = Call("salesforce", f"find the account owner of {query.customer_uuid}")
        accounts, contacts = await asyncio.gather(
            self._transport.run(call, lambda org: accounts_of(org, self._account_key, query)),
            self._transport.run(call, lambda org: contacts_of(org, query)),
        )
        return await self._transport.run(
            call,
            lambda org: (
                find_user(org, accounts, contacts, field)
                if field
                else find_owner(org, accounts, contacts, query)
            ),
        )

    async def find_account(self, query: AccountQuery) -> AccountFound:
        """The account, or why there is none, or no single one."""
        call = Call("salesforce", f"find the account of {query.customer_uuid}")
        field = api_name(query.field) if query.field else None
        accounts, contacts = await asyncio.gather(
            self._transport.run(call, lambda org: accounts_of(org, self._account_key, query.by_customer)),
            self._transport.run(call, lambda org: contacts_of(org, query.by_customer)),
        )
        return await self._transport.run(
            call, lambda org: find_account(org, accounts, contacts, field, query.external_ids)
        )

    async def leads_with(self, email: str) -> LookedUp[Lead]:
        """Those that are not converted, the newest first."""
        call = Call("salesforce", "look for leads by e-mail")
        return await self._transport.run(call, lambda org: leads_of(org, email))

    async def account_of_contact(self, contact_id: str) -> str | None:
        """Raises NotFound."""
        call = Call("salesforce", f"read contact {contact_id}")
        asked = format_soql("SELECT AccountId FROM Contact WHERE Id = {}", contact_id)
        rows = await self._transport.run(call, lambda org: org.query(asked))
        if not rows:
            raise refused(call, NotFound, "there is none of that id")
        found = rows[0]["AccountId"]
        return str(found) if found else None

    async def put_contact_into(self, account_id: str, contact_id: str) -> None:
        done = "the contact was put into the account"
        call = Call(
            "salesforce", f"put contact {contact_id} into account {account_id}", writes=True, done=done
        )
        values = {"AccountId": account_id}
        await self._transport.run(call, lambda org: org.library.Contact.update(contact_id, values))

    async def closed_status(self) -> str | None:
        """Which value of Status closes a Task: each org has its own. `Completed` where that does."""
        call = Call("salesforce", "read which status closes a task")
        names = await self._listed(call, CLOSED_STATUSES)
        return "Completed" if "Completed" in names else next(iter(names), None)

    async def default_status(self) -> str | None:
        """Of a Task that is made without one."""
        call = Call("salesforce", "read which status a new task has")
        return next(iter(await self._listed(call, DEFAULT_STATUS)), None)

    async def lost_stage(self) -> str | None:
        """Which value of StageName closes an Opportunity as lost. `Closed Lost` where that does."""
        call = Call("salesforce", "read which stage closes an opportunity as lost")
        names = await self._listed(call, LOST_STAGES)
        return "Closed Lost" if "Closed Lost" in names else next(iter(names), None)

    async def _listed(self, call: Call, soql: str) -> list[str]:
        rows = await self._transport.run(call, lambda org: org.query(soql))
        return [str(row["ApiName"]) for row in sorted(rows, key=lambda row: row["SortOrder"] or 0)]

    async def user_with(self, email: str) -> tuple[User | None, str]:
        """The active user with that e-mail; or why there is none."""
        call = Call("salesforce", "find the fallback owner")
        return await self._transport.run(call, lambda org: user_with(org, email))
