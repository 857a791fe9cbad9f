"""Accounts, contacts and users that the Salesforce org starts with, made from ChartMogul's customers."""

from collections.abc import Iterator
from typing import Any

from simulators.kit.seed import Customer, Seed
from simulators.salesforce.schema import PREFIXES, STAGES, TASK_STATUSES
from simulators.salesforce.values import stamp

Record = dict[str, Any]

PEOPLE = (
    ("RevOps", "Team", "revops"),
    ("Maya", "Okafor", "maya.okafor"),
    ("Daniel", "Ferreira", "daniel.ferreira"),
    ("Ingrid", "Sørensen", "ingrid.sorensen"),
    ("Ravi", "Menon", "ravi.menon"),
    ("Chloé", "Martin", "chloe.martin"),
    ("Sam", "Whitfield", "sam.whitfield"),
    ("Tom", "Verhoeven", "tom.verhoeven"),
)
DOMAIN = "mogulflow.example"
FALLBACK, FIRST_SELLER, LAST_SELLER, LEFT = 1, 2, 7, 8
"""Numbers of users: the team that stands in, those who sell, and the one who has left."""

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CHECK = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
_POD = "5e0"
_FOUNDED = "2022-01-01T08:00:00.000+0000"


def owner_email(customer: Customer) -> str | None:
    """Of who owns the customer's account; None where none or several do."""
    if customer.case in ("none", "several"):
        return None
    return str(_user(_owner_number(customer, 0))["Email"])


def record_id(prefix: str, number: int) -> str:
    """15 characters, and 3 that tell apart ids that differ in case alone."""
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _DIGITS[digit] + digits
    short = prefix + _POD + digits.rjust(9, "0")
    return short + "".join(_check(short[i : i + 5]) for i in (0, 5, 10))


def _check(part: str) -> str:
    return _CHECK[sum(1 << i for i, letter in enumerate(part) if letter.isupper())]


def record_number(id: str) -> int | None:
    number = 0
    for letter in id[6:15]:
        if letter not in _DIGITS:
            return None
        number = number * 62 + _DIGITS.index(letter)
    return number if id == record_id(id[:3], number) else None


OF_CUSTOMERS = ("Account", "Contact")
"""Objects that each customer has at first; the others are empty."""

_FILLED = {"Account": ("CM_Customer_UUID__c", "CM_MRR__c", "CM_Plan__c")}
"""Of ChartMogul's fields; the others are empty at first."""


class SalesforceSeed:
    """Customer n has accounts and contacts 2n and, in case `several`, 2n + 1."""

    def __init__(self, seed: Seed) -> None:
        self.seed = seed
        users = map(_user, range(1, len(PEOPLE) + 1))
        statuses = map(_task_status, range(1, len(TASK_STATUSES) + 1))
        self._of_the_org = {
            "User": {user["Id"]: user for user in users},
            "TaskStatus": {status["Id"]: status for status in statuses},
            "OpportunityStage": {stage["Id"]: stage for stage in map(_stage, range(1, len(STAGES) + 1))},
        }

    def get(self, object_name: str, id: str) -> Record | None:
        if object_name in self._of_the_org:
            return self._of_the_org[object_name].get(id)
        if object_name not in OF_CUSTOMERS:
            return None
        number = record_number(id)
        if number is None or not id.startswith(PREFIXES[object_name]):
            return None
        if not 1 <= number // 2 <= self.seed.count:
            return None
        return self._made(object_name, self.seed.customer(number // 2), number % 2)

    def all(self, object_name: str) -> Iterator[Record]:
        if object_name in self._of_the_org:
            yield from self._of_the_org[object_name].values()
            return
        if object_name not in OF_CUSTOMERS:
            return
        for number in self.seed.numbers():
            yield from self._of_customer(object_name, self.seed.customer(number))

    def candidates(self, object_name: str, field: str, value: Any) -> Iterator[Record]:
        """A superset of the records with that value, without looking at all where we can."""
        if not isinstance(value, str):
            yield from self.all(object_name)
        elif field == "Id":
            record = self.get(object_name, value)
            yield from [record] if record else []
        elif object_name == "Account" and field == "CM_Customer_UUID__c":
            yield from self._of_customer(object_name, self.seed.find(value))
        elif object_name == "Contact" and field == "Email":
            yield from self._of_customer(object_name, self.seed.find_email(value))
        elif object_name == "Account" and field == "Website":
            yield from self._of_customer(object_name, self.seed.find_domain(_host(value)))
        elif not field.startswith("CM_") or field in _FILLED.get(object_name, ()):
            yield from self.all(object_name)

    def _of_customer(self, object_name: str, customer: Customer | None) -> Iterator[Record]:
        for which in (0, 1):
            record = self._made(object_name, customer, which) if customer else None
            if record:
                yield record

    def _made(self, object_name: str, customer: Customer, which: int) -> Record | None:
        if customer.case == "none" or (which == 1 and customer.case != "several"):
            return None
        if object_name == "Account":
            return _account(customer, which)
        return _contact(customer, which) if object_name == "Contact" else None


def _host(website: str) -> str:
    return website.casefold().partition("//")[2].removeprefix("www.").rstrip("/")


def _owner_number(customer: Customer, which: int) -> int:
    if customer.case == "inactive_owner":
        return LEFT
    sellers = LAST_SELLER - FIRST_SELLER + 1
    return FIRST_SELLER + (customer.draw + which) % sellers


def _user(number: int) -> Record:
    first, last, mailbox = PEOPLE[number - 1]
    return {
        "Id": record_id(PREFIXES["User"], number),
        "Name": f"{first} {last}",
        "Username": f"{mailbox}@{DOMAIN}",
        "Email": f"{mailbox}@{DOMAIN}",
        "IsActive": number != LEFT,
        "CreatedDate": _FOUNDED,
        "LastModifiedDate": _FOUNDED,
    }


def _task_status(number: int) -> Record:
    name = TASK_STATUSES[number - 1]
    return {
        "Id": record_id(PREFIXES["TaskStatus"], number),
        "ApiName": name,
        "MasterLabel": name,
        "SortOrder": number,
        "IsDefault": number == 1,
        "IsClosed": name == "Completed",
        "CreatedDate": _FOUNDED,
        "LastModifiedDate": _FOUNDED,
    }


def _stage(number: int) -> Record:
    name = STAGES[number - 1]
    return {
        "Id": record_id(PREFIXES["OpportunityStage"], number),
        "ApiName": name,
        "MasterLabel": name,
        "SortOrder": number,
        "IsActive": True,
        "IsClosed": name in ("Closed Won", "Closed Lost"),
        "IsWon": name == "Closed Won",
        "CreatedDate": _FOUNDED,
        "LastModifiedDate": _FOUNDED,
    }


def _account(customer: Customer, which: int) -> Record:
    linked = customer.case in ("account", "inactive_owner")
    return {
        "Id": record_id(PREFIXES["Account"], customer.number * 2 + which),
        "Name": customer.company + (" (old)" if which else ""),
        "Website": f"https://{customer.domain}",
        "BillingCountry": customer.place[1],
        "OwnerId": record_id(PREFIXES["User"], _owner_number(customer, which)),
        "CM_Customer_UUID__c": customer.uuid if linked else None,
        "CM_MRR__c": customer.mrr / 100 if linked else None,
        "CM_Plan__c": customer.plan.name if linked else None,
        **_stamps(customer),
    }


def _contact(customer: Customer, which: int) -> Record:
    first, _, last = customer.name.partition(" ")
    return {
        "Id": record_id(PREFIXES["Contact"], customer.number * 2 + which),
        "Name": customer.name,
        "FirstName": first,
        "LastName": last,
        "Email": customer.email,
        "AccountId": record_id(PREFIXES["Account"], customer.number * 2 + which),
        "OwnerId": record_id(PREFIXES["User"], _owner_number(customer, which)),
        **_stamps(customer),
    }


def _stamps(customer: Customer) -> Record:
    since = stamp(customer.since)
    return {"CreatedDate": since, "LastModifiedDate": since}
