"""Whose account is a customer? By ChartMogul's id on the account, else by a contact's e-mail; where it is
asked for, else by another field of the account.

A look-up that the org makes impossible (an encrypted or missing field, an object without access) is left
out, with its reason: the others still say something.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, NamedTuple, TypeVar

from pydantic import BaseModel, Field
from simple_salesforce.format import format_soql

from clients.kit.errors import Permanent
from clients.kit.http import parsed
from clients.salesforce.transport import Org
from models.base import Record
from models.salesforce import AccountFound, AccountOwner, OwnerQuery

ACCOUNT = "SELECT Id, Name, OwnerId, Owner.Name, Owner.Email, Owner.IsActive FROM Account WHERE {} = {}"
CONTACT = "SELECT Id, AccountId FROM Contact WHERE {} = {}"
LEAD = "SELECT Id, Name FROM Lead WHERE {} = {} AND IsConverted = false ORDER BY CreatedDate DESC"
ACCOUNT_ALONE = "SELECT Id, Name, OwnerId FROM Account WHERE {} = {}"
"""Where the org shows nothing of users. Whether the owner can have the task the write says then."""

NAMED = "SELECT Id, Name, {field}, {user}.Name, {user}.Email, {user}.IsActive FROM Account WHERE Id = {{}}"
NAMED_ALONE = "SELECT Id, Name, {field} FROM Account WHERE Id = {{}}"
"""Of a look-up to User on the account."""

USER = "SELECT Id, Name, Email FROM User WHERE {} = {} AND IsActive = true"

IMPOSSIBLE = {
    "INVALID_FIELD", "INVALID_TYPE", "INSUFFICIENT_ACCESS", "INSUFFICIENT_ACCESS_OR_READONLY",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY", "MALFORMED_QUERY", "NOT_FOUND",
}  # fmt: skip
"""Of a query: the field is encrypted, missing or hidden, or the object is."""

QUEUE, USERS = "00G", "005"
BY_ID, BY_EMAIL = "ChartMogul's id on the account", "the contact's e-mail"

R = TypeVar("R", bound=BaseModel)


class User(Record):
    id: str = Field(alias="Id")
    name: str | None = Field(alias="Name")
    email: str | None = Field(alias="Email")


class _Owner(Record):
    name: str | None = Field(default=None, alias="Name")
    email: str | None = Field(default=None, alias="Email")
    is_active: bool | None = Field(default=None, alias="IsActive")
    """None of a queue."""


class _Named(_Owner):
    """A user whom a look-up names."""

    id: str = Field(alias="Id")


class Account(Record):
    id: str = Field(alias="Id")
    name: str = Field(default="", alias="Name")
    owner_id: str | None = Field(alias="OwnerId")
    owner: _Owner | None = Field(default=None, alias="Owner")


class Contact(Record):
    id: str = Field(alias="Id")
    account_id: str | None = Field(alias="AccountId")


class Lead(Record):
    id: str = Field(alias="Id")
    name: str | None = Field(default=None, alias="Name")


class _Match(NamedTuple):
    """The customer's account, or in `problem` why there is none."""

    account: Account | None = None
    contact_id: str | None = None
    problem: str = ""
    found_by: str = ""
    several: bool = False
    """People must tell the records apart: there is no use in looking further."""


class LookedUp(NamedTuple, Generic[R]):
    """Records, or in `left_out` why the org does not let us look."""

    records: list[R]
    left_out: str = ""


def accounts_of(org: Org, account_key: str, query: OwnerQuery) -> LookedUp[Account]:
    what = f"accounts by {account_key}"
    return _looked_up(what, lambda: _accounts(org, account_key, query.customer_uuid))


def contacts_of(org: Org, query: OwnerQuery) -> LookedUp[Contact]:
    email = (query.email or "").strip()
    if not email:
        return LookedUp([])
    return _looked_up("contacts by e-mail", lambda: _records(org, Contact, CONTACT, "Email", email))


def leads_of(org: Org, email: str) -> LookedUp[Lead]:
    return _looked_up("leads by e-mail", lambda: _records(org, Lead, LEAD, "Email", email.strip()))


def find_owner(
    org: Org, accounts: LookedUp[Account], contacts: LookedUp[Contact], query: OwnerQuery
) -> AccountOwner:
    match = _match(org, accounts, contacts)
    left_out = [each.left_out for each in (accounts, contacts) if each.left_out]
    account, known = match.account, AccountOwner(contact_id=match.contact_id, left_out=left_out)
    if account is None:
        return _with_fallback(org, known, query, ". ".join([match.problem, *left_out]))
    known = known.model_copy(update={"account_id": account.id, "found_by": match.found_by})
    if problem := _unfit(account):
        return _with_fallback(org, known, query, problem)
    owner = account.owner or _Owner()
    return _owned_by(known, account.owner_id, owner.name, owner.email)


def find_user(org: Org, accounts: LookedUp[Account], contacts: LookedUp[Contact], field: str) -> AccountOwner:
    """Whom `field` of the account names, or why nobody; nobody stands in."""
    match = _match(org, accounts, contacts)
    account, left_out = match.account, [each.left_out for each in (accounts, contacts) if each.left_out]
    known = AccountOwner(contact_id=match.contact_id, left_out=left_out)
    if account is None:
        return known.model_copy(update={"why_fallback": ". ".join([match.problem, *left_out])})
    known = known.model_copy(update={"account_id": account.id, "found_by": match.found_by})
    look = partial(_naming, org, field, account.id)
    named = _looked_up(f"{field} of the account", look)
    user = next(iter(named.records), None)
    if user is None or user.is_active is False:
        why = (
            f"{user.name}, {field} of the account, is inactive"
            if user
            else f"The account has no user in {field}"
        )
        return known.model_copy(update={"why_fallback": named.left_out or why})
    return _owned_by(known, user.id, user.name, user.email)


def find_account(
    org: Org,
    accounts: LookedUp[Account],
    contacts: LookedUp[Contact],
    field: str | None,
    external_ids: Sequence[str],
) -> AccountFound:
    """`field` is the API name of an Account field that may hold one of the ids."""
    match, left_out = _match(org, accounts, contacts), [accounts.left_out, contacts.left_out]
    ids = [each for each in dict.fromkeys(external_ids) if each]
    if match.account is None and not match.several and field and ids:
        others = _looked_up(f"accounts by {field}", lambda: _accounts(org, field, ids))
        left_out.append(others.left_out)
        match = _match_among(others.records, field, contacts.records, match)
    known = AccountFound(contact_id=match.contact_id, left_out=list(filter(None, left_out)))
    if match.account is None:
        return known.model_copy(update={"why_none": ". ".join([match.problem, *known.left_out])})
    return known.model_copy(update=_told(match.account) | {"found_by": match.found_by})


def _match_among(found: list[Account], field: str, contacts: list[Contact], before: _Match) -> _Match:
    if len(found) > 1:
        problem = f"{len(found)} accounts have one of the customer's ids in {field}"
        return before._replace(problem=problem, several=True)
    if not found:
        return before._replace(problem=f"{before.problem}, and none has one of its ids in {field}")
    account = found[0]
    contact_id = _contact_of(account.id, contacts) or before.contact_id
    return _Match(account, contact_id, found_by=f"{field} on the account")


def _naming(org: Org, field: str, account_id: str) -> list[_Named]:
    """Nobody, or one. Where the org shows nothing of users, whether they are active the write says."""
    user = relationship_of(field)
    try:
        rows = org.query(format_soql(NAMED.format(field=field, user=user), account_id))
    except Permanent as error:
        if error.code not in IMPOSSIBLE:
            raise
        rows = org.query(format_soql(NAMED_ALONE.format(field=field), account_id))
    named = [row for row in rows if str(row.get(field) or "").startswith(USERS)]
    found = [{**(row.get(user) or {}), "Id": row[field]} for row in named]
    return [parsed(org.call, _Named, each) for each in found]


def relationship_of(field: str) -> str:
    """By which a query reaches what the look-up names: CSM__r of CSM__c, Owner of OwnerId."""
    return f"{field[:-1]}r" if field.endswith("__c") else field.removesuffix("Id")


def _told(account: Account) -> dict[str, str | None]:
    owner = account.owner or _Owner()
    return {
        "account_id": account.id,
        "name": account.name,
        "owner_id": account.owner_id,
        "owner_name": owner.name,
        "owner_email": owner.email,
        "owner_problem": _unfit(account),
    }


def _unfit(account: Account) -> str:
    """Why the account's owner can have no task, as far as it is known."""
    owner = account.owner
    if account.owner_id is None:
        return "The account has no owner"
    if account.owner_id.startswith(QUEUE):
        return f"The account belongs to the queue {owner.name if owner else ''}".rstrip()
    if owner and owner.is_active is False:
        return f"The account's owner {owner.name} is inactive"
    return ""


def _match(org: Org, accounts: LookedUp[Account], contacts: LookedUp[Contact]) -> _Match:
    found = accounts.records
    if len(found) > 1:
        return _Match(problem=f"{len(found)} accounts carry the customer's ChartMogul id", several=True)
    if found:
        return _Match(found[0], _contact_of(found[0].id, contacts.records), found_by=BY_ID)
    return _match_by(org, contacts.records)


def _match_by(org: Org, contacts: list[Contact]) -> _Match:
    if not contacts:
        return _Match(problem="No Salesforce account carries this customer's ChartMogul id or e-mail")
    account_ids = {contact.account_id for contact in contacts if contact.account_id}
    if len(account_ids) > 1:
        where = f"{len(contacts)} contacts on {len(account_ids)} accounts"
        return _Match(problem=f"{where} share the customer's e-mail", several=True)
    if not account_ids:
        contact_id = contacts[0].id if len(contacts) == 1 else None
        return _Match(None, contact_id, "The contact with the customer's e-mail belongs to no account")
    account_id = account_ids.pop()
    contact_id = _contact_of(account_id, contacts)
    accounts = _looked_up("the contact's account", lambda: _accounts(org, "Id", account_id))
    if not accounts.records:  # sharing rules hide rows without a word
        hidden = "The contact's account is hidden from our Salesforce user"
        return _Match(None, contact_id, accounts.left_out or hidden)
    return _Match(accounts.records[0], contact_id, found_by=BY_EMAIL)


def _with_fallback(org: Org, known: AccountOwner, query: OwnerQuery, why: str) -> AccountOwner:
    if not query.fallback_email:
        return known.model_copy(update={"why_fallback": f"{why}, and no fallback owner is configured"})
    user, problem = user_with(org, query.fallback_email)
    if user is None:
        return known.model_copy(update={"why_fallback": f"{why}, and {problem}"})
    owned = _owned_by(known, user.id, user.name, user.email)
    return owned.model_copy(update={"why_fallback": why})


def user_with(org: Org, email: str) -> tuple[User | None, str]:
    """The active user with that e-mail, the first of several; or why there is none."""
    users = _looked_up("users by e-mail", lambda: _records(org, User, USER, "Email", email))
    if users.left_out:
        return None, f"the fallback owner could not be looked up: {users.left_out}"
    found = min(users.records, key=lambda user: user.id, default=None)
    return found, "" if found else "the fallback owner is no active Salesforce user"


def _owned_by(known: AccountOwner, owner_id: str | None, name: str | None, email: str | None) -> AccountOwner:
    return known.model_copy(update={"owner_id": owner_id, "owner_name": name, "owner_email": email})


def _contact_of(account_id: str, contacts: list[Contact]) -> str | None:
    return min((c.id for c in contacts if c.account_id == account_id), default=None)


def _accounts(org: Org, field: str, value: str | list[str]) -> list[Account]:
    try:
        return _records(org, Account, ACCOUNT, field, value)
    except Permanent as error:
        if error.code not in IMPOSSIBLE:
            raise
        return _records(org, Account, ACCOUNT_ALONE, field, value)


def _looked_up(what: str, look: Callable[[], list[R]]) -> LookedUp[R]:
    """The reason names field and object as Salesforce does; it holds no value."""
    try:
        return LookedUp(look())
    except Permanent as error:
        if error.code not in IMPOSSIBLE:
            raise
        return LookedUp([], f"Salesforce does not let us look up {what} ({error.code}: {error.said})")


def _records(org: Org, model: type[R], template: str, field: str, value: str | list[str]) -> list[R]:
    """`template` has two places: one for the field's name, one for the value, or for one of several."""
    asked = template.replace("= {}", "IN {}") if isinstance(value, list) else template
    rows = org.query(format_soql(asked.format(field, "{}"), value))
    return [parsed(org.call, model, row) for row in rows]
