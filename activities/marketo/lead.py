"""A lead by its e-mail address: made, or given values that it does not have yet."""

import asyncio
from typing import Any

from activities.definition import refuse_outdated
from activities.marketo.effects import effect, saved, skipped
from activities.marketo.facts import peoples, values_of
from clients.kit.errors import Rejected
from clients.kit.http import Call, refused
from clients.marketo.client import MarketoClient
from clients.marketo.errors import ALREADY_THERE, NO_SUCH_FIELD
from clients.marketo.fields import FieldSpec, Fitted, fitted, same
from clients.marketo.leads import ELSEWHERE, Lead, unusable, writable
from models.effects import NOT_MADE_BEFORE, Action, Effect, Mode
from models.marketo import LeadWrite, Value

NOT_ASCII = "Marketo takes addresses in ASCII alone, and this one has other letters before the @"


async def upserted(client: MarketoClient, write: LeadWrite) -> Effect:
    if why := unusable(write.email):
        return skipped(write, "lead", why)
    async with client.leads.one_at_a_time(write.email):
        if write.repeat and write.mode is Mode.LIVE:  # an earlier try may still be on its way
            await asyncio.sleep(client.settings.settle_seconds)
        found, specs, fit = await _looked_up(client, write)
        if found is None:
            return await _created(client, write, specs, fit)
        return await _updated(client, write, found, specs, fit)


async def _looked_up(
    client: MarketoClient, write: LeadWrite, *, anew: bool = False
) -> tuple[Lead | None, dict[str, FieldSpec], Fitted]:
    """A field that was deleted since the fields were read costs one look more."""
    values, left_out = values_of(write)
    given = write.fields | values
    specs = await client.leads.specs(given, anew=anew)
    fit = fitted(
        {name: value for name, value in given.items() if name not in ("id", "email")},
        specs,
        company_fields=client.settings.company_fields,
    )
    fit.notes[:0] = left_out
    try:
        return await client.leads.find(write.email, fit.values), specs, fit
    except Rejected as error:
        if anew or error.code not in NO_SUCH_FIELD:
            raise
    return await _looked_up(client, write, anew=True)


async def _created(
    client: MarketoClient, write: LeadWrite, specs: dict[str, FieldSpec], fit: Fitted
) -> Effect:
    email = writable(write.email)
    if email is None:
        return skipped(write, "lead", NOT_ASCII)
    if write.only_find:
        return skipped(write, "lead", NOT_MADE_BEFORE)
    if write.mode is Mode.PREVIEW:
        after = {"email": email, **fit.values}
        return effect(client, write, "lead", Action.WOULD_CREATE, after=after, notes=fit.notes)
    refuse_outdated("marketo", write)
    try:
        made = await _made(client, email, fit)
    except Rejected as error:
        if error.code not in ALREADY_THERE:
            raise
        return await _overtaken(client, write, specs, fit)
    after = {"email": email, **fit.values}
    return effect(
        client, write, "lead", Action.CREATED, id=str(made), lead=str(made), after=after, notes=fit.notes
    )


async def _made(client: MarketoClient, email: str, fit: Fitted) -> int:
    async def create(values: dict[str, Value]) -> int:
        return await client.leads.create(email, values)

    return await saved(fit, create)


async def _overtaken(
    client: MarketoClient, write: LeadWrite, specs: dict[str, FieldSpec], fit: Fitted
) -> Effect:
    """Somebody else made it since we looked."""
    found = await client.leads.find(write.email, fit.values)
    if found is None:
        raise refused(Call("marketo", "create a lead"), Rejected, ELSEWHERE, "Look there.")
    return await _updated(client, write, found, specs, fit)


async def _updated(
    client: MarketoClient, write: LeadWrite, found: Lead, specs: dict[str, FieldSpec], fit: Fitted
) -> Effect:
    lead = str(found.id)
    before = _before(found, fit)
    stays = peoples(write.mapping, before)
    changed = {
        name: value
        for name, value in fit.values.items()
        if name not in stays and not same(specs.get(name), before[name], value)
    }

    def said(action: Action) -> Effect:
        kept = f"a person's value stays in {', '.join(stays)}" if stays else ""
        notes = [found.note, *fit.notes, kept]
        after = before if write.only_find else before | changed
        return effect(
            client, write, "lead", action, id=lead, lead=lead, before=before, after=after, notes=notes
        )

    if write.only_find:
        return said(Action.UNCHANGED)
    if not changed:
        return said(write.already(Action.UPDATED))
    if write.mode is Mode.PREVIEW:
        return said(Action.WOULD_UPDATE)
    refuse_outdated("marketo", write)

    async def update(values: dict[str, Value]) -> bool:
        return bool(values) and bool(await client.leads.update(found.id, values))

    changing = Fitted(changed)
    done = await saved(changing, update)
    changed, fit.notes = changing.values, fit.notes + changing.notes
    return said(Action.UPDATED if done else Action.UNCHANGED)


def _before(found: Lead, fit: Fitted) -> dict[str, Any]:
    return {name: found.values.get(name) for name in fit.values}
