"""Whose account is a customer? By ChartMogul's id on the account, else by a contact's e-mail."""

from typing import NamedTuple, TypeVar

from pydantic import BaseModel, Field
from simple_salesforce.format import format_soql

from clients.http import parsed
from clients.salesforce_transport import Org
from models.salesforce import AccountOwner, OwnerQuery

ACCOUNT = "SELECT Id, OwnerId, Owner.Name, Owner.Email, Owner.IsActive FROM Account WHERE {} = {}"
CONTACT = "SELECT Id, AccountId FROM Contact WHERE {} = {}"
USER = "SELECT Id, Name, Email FROM User WHERE {} = {} AND IsActive = true"

R = TypeVar("R", bound=BaseModel)


class _User(BaseModel):
    id: str = Field(alias="Id")
    name: str | None = Field(alias="Name")
    email: str | None = Field(alias="Email")


class _Owner(BaseModel):
    name: str | None = Field(alias="Name")
    email: str | None = Field(alias="Email")
    is_active: bool = Field(alias="IsActive")


class Account(BaseModel):
    id: str = Field(alias="Id")
    owner_id: str | None = Field(alias="OwnerId")
    owner: _Owner | None = Field(alias="Owner")


class Contact(BaseModel):
    id: str = Field(alias="Id")
    account_id: str | None = Field(alias="AccountId")


class _Match(NamedTuple):
    """The customer's account, or in `problem` why there is none."""

    account: Account | None = None
    contact_id: str | None = None
    problem: str = ""


def accounts_of(org: Org, account_key: str, query: OwnerQuery) -> list[Account]:
    return _records(org, Account, ACCOUNT, account_key, query.customer_uuid)


def contacts_of(org: Org, query: OwnerQuery) -> list[Contact]:
    email = (query.email or "").strip()
    return _records(org, Contact, CONTACT, "Email", email) if email else []


def find_owner(org: Org, accounts: list[Account], contacts: list[Contact], query: OwnerQuery) -> AccountOwner:
    match = _match(org, accounts, contacts)
    account, known = match.account, AccountOwner(contact_id=match.contact_id)
    if account is None:
        return _with_fallback(org, known, query, match.problem)
    known = known.model_copy(update={"account_id": account.id})
    owner = account.owner
    if owner is None:
        return _with_fallback(org, known, query, "The account has no owner")
    if not owner.is_active:
        return _with_fallback(org, known, query, f"The account's owner {owner.name} is inactive")
    return _owned_by(known, account.owner_id, owner.name, owner.email)


def _match(org: Org, accounts: list[Account], contacts: list[Contact]) -> _Match:
    if len(accounts) > 1:
        return _Match(problem=f"{len(accounts)} accounts carry the customer's ChartMogul id")
    if accounts:
        return _Match(accounts[0], _contact_of(accounts[0].id, contacts))
    return _match_by(org, contacts)


def _match_by(org: Org, contacts: list[Contact]) -> _Match:
    if not contacts:
        return _Match(problem="No Salesforce account carries this customer's ChartMogul id or e-mail")
    account_ids = {contact.account_id for contact in contacts if contact.account_id}
    if len(account_ids) > 1:
        where = f"{len(contacts)} contacts on {len(account_ids)} accounts"
        return _Match(problem=f"{where} share the customer's e-mail")
    if not account_ids:
        contact_id = contacts[0].id if len(contacts) == 1 else None
        return _Match(None, contact_id, "The contact with the customer's e-mail belongs to no account")
    account_id = account_ids.pop()
    contact_id = _contact_of(account_id, contacts)
    accounts = _records(org, Account, ACCOUNT, "Id", account_id)
    if not accounts:  # sharing rules hide rows without a word
        return _Match(None, contact_id, "The contact's account is hidden from our Salesforce user")
    return _Match(accounts[0], contact_id)


def find_user_id(org: Org, email: str) -> str | None:
    return min((user.id for user in _records(org, _User, USER, "Email", email)), default=None)


def _with_fallback(org: Org, known: AccountOwner, query: OwnerQuery, why: str) -> AccountOwner:
    if not query.fallback_email:
        return known.model_copy(update={"why_fallback": f"{why}, and no fallback owner is configured"})
    users = _records(org, _User, USER, "Email", query.fallback_email)
    if not users:
        why = f"{why}, and the fallback owner is no active Salesforce user"
        return known.model_copy(update={"why_fallback": why})
    user = min(users, key=lambda user: user.id)
    owned = _owned_by(known, user.id, user.name, user.email)
    return owned.model_copy(update={"why_fallback": why})


def _owned_by(known: AccountOwner, owner_id: str | None, name: str | None, email: str | None) -> AccountOwner:
    return known.model_copy(update={"owner_id": owner_id, "owner_name": name, "owner_email": email})


def _contact_of(account_id: str, contacts: list[Contact]) -> str | None:
    return min((c.id for c in contacts if c.account_id == account_id), default=None)


def _records(org: Org, model: type[R], template: str, field: str, value: str) -> list[R]:
    """`template` has two places: one for the field's name, one for the value."""
    rows = org.query(format_soql(template.format(field, "{}"), value))
    return [parsed(org.call, model, row) for row in rows]
