"""Rows of the warehouse's tables of what Mogulflow has done, and their loads."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.api.common.v1 import Payload
from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import Client, WorkflowExecution, WorkflowExecutionStatus

import temporal
from activities.audit.events import (
    OVERLAP,
    all_runs_query,
    asked_by,
    attribute,
    closed_at,
    closed_runs,
    ended,
    in_parts,
    side_by_side,
)
from activities.audit.undone import taken_back
from activities.runs.effects import WRITTEN, read_effects, result_of
from clients.kit.errors import Rejected, Unavailable
from domains.audit.files import AuditFiles
from domains.warehouse.automation import (
    AUDIT,
    AUTOMATION,
    EFFECTS,
    RUNS,
    audit_row,
    last_place,
    undone_while_open,
)
from domains.warehouse.engine import Engine
from domains.warehouse.files import Extract
from domains.warehouse.history import Ledger
from domains.warehouse.loader import Loader, opened
from domains.warehouse.schema import prepare
from models.effects import Effect
from models.ledger import AuditPlace
from models.nightly_audit import AuditNight
from models.runs import Outcome, RunResult
from models.warehouse import StreamMapping
from models.warehouse_loads import Extracted, Load, Loaded, Window

MOST_EVENTS = 500
"""Of a run's history, in which its first write is looked for."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Rows:
    """Of one run: its own, and those of what it wrote or took back."""

    run: Row
    effects: list[Row]


@dataclass(frozen=True)
class _Known:
    """From where on runs are read, up to which row the audit is there, and which effects were taken back
    while their run was open."""

    window: Window
    last: AuditPlace
    undone: frozenset[str]


async def load_tables(
    client: Client,
    engine: Engine,
    files: AuditFiles,
    night: AuditNight,
    folder: Path,
    attempt: int,
    note: Callable[[str, int], None],
) -> list[Loaded]:
    """All three. A night that was missed, or not loaded, is made up for. Raises RPCError."""
    known = await asyncio.to_thread(_prepared, engine, night)
    audit, effects, runs = (Extract(folder, each, night.account) for each in (AUDIT, EFFECTS, RUNS))
    await asyncio.to_thread(_add_audit, audit, files, known.last)
    count = 0
    async for some in _rows(client, night.account, known):
        for rows in some:
            runs.add([rows.run])
            effects.add(rows.effects)
        count += len(some)
        note("reading runs", count)
    note("loading", count)
    loads = []
    for mapping, extract in ((AUDIT, audit), (EFFECTS, effects), (RUNS, runs)):  # runs say how far it came
        load = _load(night, mapping, await asyncio.to_thread(extract.finish), known.window, attempt)
        loads.append(await asyncio.to_thread(Loader(engine).load, load))
    return loads


def _prepared(engine: Engine, night: AuditNight) -> _Known:
    with opened(engine) as session:
        prepare(session, AUTOMATION, night.time_zone)
        last = Ledger(session).last(RUNS.target)
        place, undone = last_place(session), undone_while_open(session)
    since = (last and last.window_end) or night.began_at - temporal.RETENTION
    window = Window(start=min(since, night.began_at) - OVERLAP, end=night.began_at)
    return _Known(window, place, undone)


def _add_audit(audit: Extract, files: AuditFiles, last: AuditPlace) -> None:
    """Rows behind the last that is there; all of them where the files are another chain by now."""
    same = last.number and next(files.links(after=last.number - 1), None)
    for link in files.links(after=last.number if same and same.place == last else 0):
        audit.add([audit_row(link)])


def _load(night: AuditNight, mapping: StreamMapping, found: Extracted, window: Window, attempt: int) -> Load:
    """Not complete: what is not in it is not gone."""
    return Load(
        run_id=f"audit/{night.account}/{night.began_at:%Y-%m-%dT%H:%M:%S.%fZ}",
        run_seq=int(night.began_at.timestamp() * 1000),
        attempt=attempt,
        mapping=mapping,
        files=found.files,
        rows=found.rows,
        complete=False,
        window=window if mapping is RUNS else None,
        rejected=found.rejected,
        rejects=found.rejects,
        emptied=found.emptied,
        account=night.account,
        time_zone=night.time_zone,
        read_at=night.began_at,
    )


async def _rows(client: Client, account: str, known: _Known) -> AsyncIterator[list[Rows]]:
    """In the order in which the runs closed: of two on one record the later one counts."""
    query = all_runs_query(account)
    async for runs, _ in closed_runs(client, query, known.window.start, known.window.end):
        for part in in_parts(runs):
            yield await side_by_side(lambda run: _rows_of(client, run, known.undone), part)


async def _rows_of(client: Client, run: WorkflowExecution, undone: Collection[str]) -> Rows:
    """Raises RPCError."""
    result = await _result(client, run)
    written = [each for each in result.effects if each.action in WRITTEN]
    who, first = await asked_by(run), await _first_action(client, run) if written else None
    row = _row(run, result, who, first, await run.memo())
    effects = [_effect(run, each, who, undone=each.key in undone) for each in written]
    for back in await taken_back(client, run, result.effects):
        effects.append(_effect(back.run, back.effect, await asked_by(back.run), undone=back.undone))
    return Rows(row, effects)


async def _result(client: Client, run: WorkflowExecution) -> RunResult:
    try:
        if _is_completed(run):
            return await result_of(client, run)
        effects = await read_effects(client, run)
    except (Rejected, Unavailable):
        effects = []
    return RunResult(outcome=Outcome.FAILED, effects=effects)


def _is_completed(run: WorkflowExecution) -> bool:
    return run.status is WorkflowExecutionStatus.COMPLETED


def _row(
    run: WorkflowExecution, result: RunResult, who: str, first: datetime | None, memo: Mapping[str, Any]
) -> Row:
    template, occurred = (
        attribute(run, temporal.TEMPLATE),
        run.typed_search_attributes.get(temporal.OCCURRED_AT),
    )
    began = _instant(memo.get(temporal.BEGUN)) or run.start_time
    return {
        "workflow_id": run.id,
        "run_id": run.run_id,
        "template": template,
        "kind": run.id.split("/")[1] if template == "change" else attribute(run, temporal.EVENT_KIND),
        "route": memo.get(temporal.ROUTE),
        "customer_uuid": attribute(run, temporal.CUSTOMER) or None,
        "outcome": result.outcome.value if _is_completed(run) else ended(run),
        "reason": result.facts.get("Reason"),
        "owner": result.facts.get("Owner", "").partition(": ")[0] or None,
        "asked_by": who,
        "source": attribute(run, temporal.EVENT_SOURCE) or None,
        "occurred_at": _text(occurred),
        "began_at": _text(began),
        "first_action_at": _text(first),
        "ended_at": _text(closed_at(run)),
        "seconds_from_event": _seconds(occurred, first),
        "seconds_from_begin": _seconds(began, first),
        "records_written": sum(each.action in WRITTEN for each in result.effects),
        "problems": len(result.problems),
    }


def _effect(run: WorkflowExecution, effect: Effect, who: str, *, undone: bool) -> Row:
    return {
        "effect_key": effect.key,
        "workflow_id": run.id,
        "run_id": run.run_id,
        "customer_uuid": attribute(run, temporal.CUSTOMER) or None,
        "system_name": effect.system,
        "object_type": effect.object_type,
        "object_id": effect.object_id,
        "action": effect.action.value,
        "by_whom": who,
        "written_at": _text(run.close_time),
        "undone": undone,
    }


async def _first_action(client: Client, run: WorkflowExecution) -> datetime | None:
    """When the history has the first step that wrote, near enough."""
    handle = client.get_workflow_handle(run.id, run_id=run.run_id)
    seen = 0
    async for event in handle.fetch_history_events():
        if any(map(_is_written, _results_in(event))):
            at: datetime = event.event_time.ToDatetime(UTC)
            return at
        seen += 1
        if seen == MOST_EVENTS:
            break
    return None


def _results_in(event: HistoryEvent) -> Iterator[Any]:
    payloads: Iterable[Payload] = ()
    if event.HasField("marker_recorded_event_attributes"):
        payloads = [
            each for said in event.marker_recorded_event_attributes.details.values() for each in said.payloads
        ]
    elif event.HasField("activity_task_completed_event_attributes"):
        payloads = event.activity_task_completed_event_attributes.result.payloads
    for each in payloads:
        try:
            yield json.loads(each.data)
        except ValueError:
            continue


def _is_written(said: Any) -> bool:
    return isinstance(said, dict) and "object_type" in said and said.get("action") in WRITTEN


def _seconds(since: datetime | None, until: datetime | None) -> int | None:
    if since is None or until is None or until < since:
        return None
    return int((until - since).total_seconds())


def _instant(said: Any) -> datetime | None:
    return datetime.fromisoformat(said) if isinstance(said, str) else said


def _text(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None
