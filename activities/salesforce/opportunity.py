"""An opportunity: made once, and its amount, which is never put down in another currency than it is in.

What a person makes of it stays: an amount is set only while the opportunity is open, and what we last wrote
is what it still has. Salesforce offers no way to make that one act with the write: between the look and the
write are some tens of milliseconds.
"""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from activities.definition import refuse_outdated
from activities.salesforce.effects import effect_of, made_before, skipped
from activities.salesforce.mending import (
    Mended,
    Ownership,
    added,
    find_record,
    foresee,
    one_line,
    owner_instead,
    plain,
    write_mended,
)
from clients.kit.errors import NotFound, Rejected
from clients.salesforce.client import SalesforceClient
from clients.salesforce.currencies import OrgCurrencies
from clients.salesforce.fields import CURRENCY
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.money import CENT, in_words, same_to_the_cent
from models.salesforce import OpportunityAmount, OpportunityNow, OpportunityWrite
from models.wording import joined, was_cut

NAME_LENGTH = 120
ESSENTIAL = ("AccountId", "Name", "StageName", "CloseDate", CURRENCY)
"""Without one of these it would be no opportunity, nobody's, or one in a wrong currency."""

READ = ("Name", "StageName", "Amount", "IsClosed", "IsWon", "CloseDate", "OwnerId", "LastModifiedDate")
TO_SET = ("StageName", "Amount", "IsClosed", "Description")
OBJECT, GONE = "Opportunity", "The opportunity is gone: somebody deleted it, or its key."


async def save_opportunity(client: SalesforceClient, write: OpportunityWrite) -> Effect:
    currencies = await client.currencies.known()
    names = _columns([*_named(write), *write.fields], currencies)
    if there := await made_before(client, client.opportunities, write, names):
        return there
    if write.only_find:
        return skipped(write, OBJECT, NOT_MADE_BEFORE)
    fields, told = _fields(write, currencies)
    told = joined(was_cut("Name", write.name, NAME_LENGTH), told)
    if write.mode is Mode.PREVIEW:
        return await _would_create(client, write, fields, told)
    refuse_outdated("salesforce", write)
    owner = Ownership("opportunity", write.owner_id, write.owner_name, write.fallback_email)
    instead, why = await owner_instead(client, owner)
    mended = Mended(fields | instead, keeps=ESSENTIAL)
    saved = await write_mended(
        client, lambda values: client.opportunities.upsert(write.key, values), mended, owner
    )
    action = Action.CREATED if saved.created else Action.UPDATED
    note = joined(told, why, *mended.notes)
    return effect_of(client, write, OBJECT, action, saved.id, before=None, after=mended.values, note=note)


async def _would_create(
    client: SalesforceClient, write: OpportunityWrite, fields: dict[str, Any], told: str | None
) -> Effect:
    """Raises Rejected where the org would refuse it, and its description tells."""
    mended = Mended(fields, keeps=ESSENTIAL)
    await foresee(client, OBJECT, mended)
    note, action = joined(told, *mended.notes), Action.WOULD_CREATE
    return effect_of(client, write, OBJECT, action, None, before=None, after=mended.values, note=note)


async def read_opportunity(client: SalesforceClient, key: str) -> OpportunityNow | None:
    currencies = await client.currencies.known()
    found = await find_record(client.opportunities, key, _columns(READ, currencies))
    if found is None:
        return None
    day = found.get("CloseDate")
    return OpportunityNow(
        id=found["Id"],
        link=client.link(OBJECT, found["Id"]),
        name=found.get("Name") or "",
        stage=found.get("StageName") or "",
        amount=_amount_in(found),
        currency=_currency_of(found, currencies),
        is_closed=bool(found.get("IsClosed")),
        is_won=bool(found.get("IsWon")),
        close_date=date.fromisoformat(day) if day else None,
        owner_id=found.get("OwnerId"),
        last_modified=found.get("LastModifiedDate"),
    )


async def set_amount(client: SalesforceClient, wanted: OpportunityAmount) -> Effect:
    currencies = await client.currencies.known()
    found = await find_record(client.opportunities, wanted.opportunity_key, _columns(TO_SET, currencies))
    if found is None:
        return _nothing_to_set(client, wanted)
    record_id = found["Id"]
    missing, told = _missing(found, wanted, currencies)
    before = {name: found.get(name) for name in missing or ("Amount",)}
    if _is_done(found, missing, told):
        action = wanted.already(Action.UPDATED)
        return effect_of(client, wanted, OBJECT, action, record_id, before=before, after=before, note=told)
    if why := NOT_MADE_BEFORE if wanted.only_find else _why_not(found, wanted, missing):
        action = Action.SKIPPED
        return effect_of(client, wanted, OBJECT, action, record_id, before=before, after=before, note=why)
    if wanted.mode is Mode.PREVIEW:
        action, after = Action.WOULD_UPDATE, before | missing
        return effect_of(client, wanted, OBJECT, action, record_id, before=before, after=after, note=told)
    refuse_outdated("salesforce", wanted)
    mended = Mended(missing, tells=False)
    await write_mended(client, lambda values: _update(client, record_id, values), mended)
    action = Action.UPDATED if mended.values else Action.SKIPPED
    after, note = before | mended.values, joined(told, *mended.notes)
    return effect_of(client, wanted, OBJECT, action, record_id, before=before, after=after, note=note)


def _nothing_to_set(client: SalesforceClient, wanted: OpportunityAmount) -> Effect:
    if wanted.only_find:
        return skipped(wanted, OBJECT, NOT_MADE_BEFORE)
    if wanted.mode is Mode.PREVIEW:  # it would be made before, in this very run
        after = {"Amount": float(wanted.amount)}
        return effect_of(client, wanted, OBJECT, Action.WOULD_UPDATE, None, before=None, after=after)
    raise NotFound("salesforce", GONE)


async def _update(client: SalesforceClient, record_id: str, values: dict[str, Any]) -> None:
    if values:
        await client.opportunities.update(record_id, values)


def _fields(write: OpportunityWrite, currencies: OrgCurrencies) -> tuple[dict[str, Any], str | None]:
    """Also what is to be told of the amount. Raises Rejected where a multi-currency org does not know the
    currency."""
    money, told = _money(write, currencies)
    named = _named(write)
    if told:
        line = f"Amount: {in_words(write.amount, write.currency)}"
        named["Description"] = added(named.get("Description", ""), line)
    return named | money | write.fields, told


def _named(write: OpportunityWrite) -> dict[str, Any]:
    """Salesforce's names for it. Empty ones are left out."""
    named = {
        "AccountId": write.account_id,
        "Name": one_line(write.name, NAME_LENGTH),
        "StageName": write.stage,
        "CloseDate": write.close_date.isoformat(),
        "Type": write.type,
        "OwnerId": write.owner_id,
        "Description": plain(write.description),
    }
    return {name: value for name, value in named.items() if value}


def _columns(names: Iterable[str], currencies: OrgCurrencies) -> list[str]:
    return list(dict.fromkeys([*names, "Amount", *([CURRENCY] if currencies.several else [])]))


def _missing(
    found: dict[str, Any], wanted: OpportunityAmount, currencies: OrgCurrencies
) -> tuple[dict[str, Any], str | None]:
    """What is still to be set. In another currency than the opportunity's, the amount is told in the
    description alone, and why is the second."""
    its, line, told = _currency_of(found, currencies), plain(wanted.description_line), None
    money = {} if same_to_the_cent(_amount_in(found), wanted.amount) else {"Amount": float(wanted.amount)}
    if its != wanted.currency:
        money, told = {}, _left_out(wanted.currency, its, currencies)
        line = f"{line} Amount: {in_words(wanted.amount, wanted.currency)}".strip()
    text = found.get("Description") or ""
    described = {} if not line or line in text else {"Description": added(text, line)}
    return money | described, told


def _is_done(found: dict[str, Any], missing: dict[str, Any], told: str | None) -> bool:
    """A line alone is not missed in what is closed."""
    if not missing:
        return True
    return bool(found.get("IsClosed")) and not told and "Amount" not in missing


def _why_not(found: dict[str, Any], wanted: OpportunityAmount, missing: dict[str, Any]) -> str | None:
    """Why the amount is a person's by now, and stays."""
    if found.get("IsClosed"):
        return f"It is closed ({found.get('StageName')}): its amount stays as it is."
    if "Amount" in missing and not same_to_the_cent(_amount_in(found), wanted.expected_amount):
        return "Its amount was changed since we wrote it, and stays as it is."
    return None


def _currency_of(found: dict[str, Any], currencies: OrgCurrencies) -> str | None:
    return found.get(CURRENCY) if currencies.several else currencies.only


def _amount_in(found: dict[str, Any]) -> Decimal | None:
    value = found.get("Amount")
    return None if value is None else Decimal(str(value)).quantize(CENT)


def _money(write: OpportunityWrite, currencies: OrgCurrencies) -> tuple[dict[str, Any], str | None]:
    if currencies.several and currencies.known and write.currency not in currencies.known:
        raise Rejected(
            "salesforce",
            f"The opportunity is in {write.currency}, which is no active currency of the org. Add it (Setup,"
            " Company Settings, Manage Currencies); nothing is converted, and nothing was written.",
        )
    amount = {} if write.amount is None else {"Amount": float(write.amount)}
    if currencies.several:
        return amount | {CURRENCY: write.currency}, None
    if not amount or currencies.only == write.currency:
        return amount, None
    return {}, _left_out(write.currency, currencies.only, currencies)


def _left_out(currency: str, its: str | None, currencies: OrgCurrencies) -> str:
    why = f"the org's is {its}" if its else currencies.why_unknown
    if currencies.several:
        why = f"the opportunity's is {its}"
    return f"The amount is in the description alone: it is in {currency}, and {why}. Nothing is converted."
