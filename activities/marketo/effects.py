"""What steps on Marketo say of themselves; and records, written without what Marketo refuses of them."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, TypeVar

from clients.kit.errors import Permanent
from clients.marketo.client import MarketoClient
from clients.marketo.errors import OF_A_FIELD
from clients.marketo.fields import Fitted
from models.bounds import within
from models.effects import Action, Effect, Write
from models.marketo import Value, Way

OBJECT_TYPES: dict[Way, str] = {
    "static_list": "list member",
    "program_status": "program member",
    "custom_object": "custom object",
    "campaign": "campaign request",
}
OFF = "Marketo is not connected"
LONGEST_NOTE = 2_000
MOST_TRIES = 12
"""Of one record: each leaves out what was refused. A refused record was not written."""

T = TypeVar("T")


def skipped(write: Write, object_type: str, why: str) -> Effect:
    return Effect(system="marketo", object_type=object_type, action=Action.SKIPPED, key=write.key, note=why)


def effect(
    client: MarketoClient,
    write: Write,
    object_type: str,
    action: Action,
    *,
    id: str | None = None,
    lead: str | None = None,
    link: str | None = None,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    notes: Iterable[str] = (),
    place: Mapping[str, Any] | None = None,
) -> Effect:
    """`lead` is whose it is: its page is the link where there is no other. `place` says by ids where it was
    put, for who takes it back."""
    return Effect(
        system="marketo",
        object_type=object_type,
        object_id=id,
        link=link or (client.link(lead) if lead else None),
        action=action,
        key=write.key,
        before=before,
        after=after or {},
        note=within("; ".join(filter(None, notes)), LONGEST_NOTE) or None,
        undo=dict(place or {}),
    )


async def saved(fit: Fitted, save: Callable[[dict[str, Value]], Awaitable[T]]) -> T:
    """What `save` gives for the values; those that Marketo refuses are left out, and named in the notes."""
    for _ in range(MOST_TRIES):
        try:
            return await save(dict(fit.values))
        except Permanent as error:
            blamed = [name for name in error.fields if name in fit.values]
            if error.code not in OF_A_FIELD or not blamed:
                raise
            for name in blamed:
                fit.leave_out(name, f"Marketo refuses it ({error.said}, code {error.code})")
    return await save(dict(fit.values))
