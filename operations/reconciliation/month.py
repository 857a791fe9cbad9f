"""A month's reconciliation: begun and followed, looked at, and what people say of its findings."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

import temporal
from configuration.files import load_reconciliation
from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import (
    AddNote,
    Assign,
    Kind,
    OpenFinding,
    ReconciliationInput,
    ReconciliationState,
    Sign,
    workflow_id,
)
from models.zones import day_in
from operations.accounts import known_account
from operations.errors import Stopped
from operations.following import Followed, Look, followed, started
from operations.person import who
from operations.waiting import asked
from settings import Settings

WORKFLOW, STATE = "reconciliation", ReconciliationState
R = TypeVar("R")


async def run(settings: Settings, account: str, period: str, kind: Kind) -> Followed[ReconciliationState]:
    """Start it, or find the one that is open. Raises Stopped."""
    known_account(settings, account)
    rules, period = _rules(settings, account), known_period(settings, account, period)
    given = ReconciliationInput(
        account=account,
        period=period,
        kind=kind,
        time_zone=settings.zones[account],
        rules=rules,
        ops_channel=settings.slack.ops_channel if settings.slack else None,
        web_ui_url=settings.web_ui_url,
    )
    client, what = await temporal.connect(), f"Reconciliation of {account}, {period}, {kind}"
    id = workflow_id(account, period, kind)
    found = await started(client, WORKFLOW, given, ReconciliationState, id=id, what=what, account=account)
    return await followed(settings, client, found)


async def judged(followed: Followed[ReconciliationState]) -> AsyncIterator[tuple[ReconciliationState, Look]]:
    """How far it is, twice a second, until it is judged: a final then stays open for people."""
    async for look in followed.looks():
        if (now := await asked(followed.run, "state", ReconciliationState)) is not None:
            yield now, look
            if now.phase not in ("reading", "judging"):
                return


async def state(
    settings: Settings, account: str, period: str = "", kind: Kind | None = None
) -> ReconciliationState:
    """Of the final where there is one, else of the draft. Raises Stopped."""
    known_account(settings, account)
    period = known_period(settings, account, period)
    client = await temporal.connect()
    for each in [kind] if kind else ["final", "draft"]:
        if (found := await _state(client, workflow_id(account, period, each))) is not None:  # type: ignore[arg-type]
            return found
    raise Stopped(
        f"There is no reconciliation of account {account} for {period}. "
        f"`mogulflow reconcile run --account {account} --period {period}` begins one."
    )


async def assign(settings: Settings, account: str, period: str, finding: str, owner: str) -> OpenFinding:
    """Raises Stopped."""
    person, (final, found) = person_of(settings), await _open_finding(settings, account, period, finding)
    id = id_of_wish("assign", person, found.id, owner)
    return _of(
        await updated(final, "assign", Assign(id=id, who=person, finding=found.id, owner=owner), id, STATE),
        found,
    )


async def note(settings: Settings, account: str, period: str, finding: str, text: str) -> OpenFinding:
    """Raises Stopped."""
    person, (final, found) = person_of(settings), await _open_finding(settings, account, period, finding)
    id = id_of_wish("note", person, found.id, text)
    return _of(
        await updated(final, "note", AddNote(id=id, who=person, finding=found.id, text=text), id, STATE),
        found,
    )


async def sign_off(
    settings: Settings, account: str, period: str, *, preparer: str, comment: str, pack: str = ""
) -> ReconciliationState:
    """By who is at the machine; of the pack as it is now, unless the hash of what was looked at is given.
    Raises Stopped."""
    now = await state(settings, account, period, "final")
    preparer = preparer or _rules(settings, account).preparer or ""
    if not preparer:
        raise Stopped("Say who prepared it: --preparer E-MAIL, or `preparer` in config/reconciliation.yaml.")
    pack = pack or (now.pack.sha256 if now.pack else "")
    person = person_of(settings)
    id = id_of_wish("sign", person, preparer, pack)
    wish = Sign(id=id, preparer=preparer, reviewer=person, comment=comment, pack=pack)
    handle = (await temporal.connect()).get_workflow_handle(workflow_id(account, now.period, "final"))
    return await updated(handle, "sign_off", wish, id, STATE)


def known_period(settings: Settings, account: str, period: str) -> str:
    """The month before this one where none is named. Raises Stopped for one that is not over."""
    today = day_in(settings.zones[account], datetime.now(UTC))
    if not period:
        return month_before(today)
    try:
        datetime.strptime(period, "%Y-%m")  # noqa: DTZ007
    except ValueError:
        raise Stopped(f"A month is written as 2026-10, not {period[:20]!r}.") from None
    if period >= f"{today:%Y-%m}":
        raise Stopped(f"{period} is not over yet in the account's time zone.")
    return period


def month_before(day: date) -> str:
    """As 2026-10."""
    return f"{day.replace(day=1) - timedelta(days=1):%Y-%m}"


def _rules(settings: Settings, account: str) -> ReconciliationRules:
    rules = load_reconciliation(settings)
    own = rules.of(account) if rules else None
    if own is None or not own.sources:
        raise Stopped(
            f"{settings.reconciliation_file} names no billing system of account {account} to compare with. "
            "docs/reconciliation.md has a file to begin with."
        )
    return own


def person_of(settings: Settings) -> str:
    return settings.operator_email or who()


async def _open_finding(
    settings: Settings, account: str, period: str, begins: str
) -> tuple[WorkflowHandle[Any, Any], OpenFinding]:
    """By its id, or how that begins."""
    now = await state(settings, account, period, "final")
    found = [each for each in now.open if each.id.startswith(begins.casefold())] if begins else []
    if len(found) != 1:
        many = "Several open findings begin so" if found else "There is no open finding"
        raise Stopped(f"{many}: {begins[:20]}. `mogulflow reconcile show` lists them.")
    client = await temporal.connect()
    return client.get_workflow_handle(workflow_id(account, now.period, "final")), found[0]


async def _state(client: Client, id: str) -> ReconciliationState | None:
    """Raises Stopped where no worker is there to answer."""
    try:
        found: ReconciliationState | None = await asked(
            client.get_workflow_handle(id), "state", ReconciliationState
        )
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None
        raise
    if found is None:
        raise Stopped("No worker answers just now; start `mogulflow serve`.")
    return found


async def updated(handle: WorkflowHandle[Any, Any], name: str, wish: Any, id: str, result: type[R]) -> R:
    """Raises Stopped where it is refused, or over."""
    try:
        found: R = await handle.execute_update(name, wish, id=id or None, result_type=result)
    except WorkflowUpdateFailedError as failed:
        if isinstance(failed.cause, ApplicationError):
            raise Stopped(failed.cause.message) from None
        raise
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise Stopped("It is over: nothing can be said of it any more.") from None
        raise
    return found


def _of(state: ReconciliationState, finding: OpenFinding) -> OpenFinding:
    return next((each for each in state.open if each.id == finding.id), finding)


def id_of_wish(*parts: str) -> str:
    """The same wish of the same person is one."""
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]
