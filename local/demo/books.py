"""What the simulators hold of one customer, by their own books."""

import json
from dataclasses import dataclass

from local.demo.scenes import TASK_KEY, Json
from models.wording import escaped
from simulators.kit.control import Control
from simulators.kit.shapes import CustomerRow


@dataclass(frozen=True)
class Books:
    """What the simulators hold of one customer."""

    control: Control
    customer: CustomerRow

    @property
    def accounts(self) -> list[str]:
        return [each["Id"] for each in self._records("Account", CM_Customer_UUID__c=self.customer.uuid)]

    @property
    def contacts(self) -> list[str]:
        return [each["Id"] for each in self._records("Contact", Email=self.customer.email)]

    @property
    def in_product(self) -> list[str]:
        accounts = self.control.ask("GET", "connector/accounts")
        return [each["id"] for each in accounts if each["external_id"] == self.customer.uuid]

    @property
    def tools(self) -> list[str]:
        grants, accounts = self.control.ask("GET", "connector/grants"), self.in_product
        return [each["tool"] for each in grants if each["account"] in accounts]

    @property
    def listed(self) -> list[int]:
        """Leads with the customer's address in Marketo's list."""
        leads = self.control.ask("GET", "marketo/leads", query={"email": self.customer.email})
        members = self.control.ask("GET", "marketo/books")["lists"]["Onboarding"]
        return [each["id"] for each in leads if each["id"] in members]

    @property
    def amounts(self) -> list[float]:
        """Of opportunities."""
        found = self.control.records("Opportunity")
        return [each["Amount"] for each in found if each["AccountId"] in self.accounts]

    @property
    def logged(self) -> int:
        """Interactions on the account's timeline in Gong."""
        found = self.control.ask("GET", "gong/interactions")
        return sum(any(id in json.dumps(each) for id in self.accounts) for each in found)

    def in_app(self, contact: str) -> list[str]:
        found = self.control.ask("GET", "intercom/messages")
        return [each["body"] for each in found if each["contact"] == contact]

    def tags(self, contact: str) -> list[str]:
        found: list[str] = self.control.ask("GET", "intercom/tagged").get(contact, [])
        return found

    def said_of(self, event: str) -> list[str]:
        """By the runs of that event: alerts, and what followed in their threads."""
        messages = self.control.messages()
        return [str(each["text"]) for each in messages if event in json.dumps(each.get("metadata"))]

    def said_in(self, channel: str) -> tuple[list[str], list[str]]:
        """Alerts that name the customer, and all that followed in their threads."""
        messages = self.control.messages(channel)
        named = [each for each in messages if escaped(self.customer.company) in each["text"]]
        alerts = [each for each in named if not each.get("thread_ts")]
        threads = {each["ts"] for each in alerts}
        replies = [str(each["text"]) for each in messages if each.get("thread_ts") in threads]
        return [str(each["text"]) for each in alerts], replies

    def tasks(self, *events: str) -> list[Json]:
        return [each for each in self.control.records("Task") if str(each[TASK_KEY]).startswith(events)]

    def _records(self, name: str, **values: str) -> list[Json]:
        return [each for each in self.control.records(name) if values.items() <= each.items()]
