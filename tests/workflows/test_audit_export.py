"""Nights of the audit: events' runs and changes in the ledger, in files and in a real DuckDB warehouse."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from rich.console import Console
from temporalio.client import Client, WorkflowFailureError, WorkflowHandle

import commands.audit
import temporal
import worker
from activities.audit import events
from activities.audit.events import all_runs_query, closed_runs
from activities.runs.audit import tell
from commands.history import show_history
from domains.audit.files import AuditFiles
from domains.audit.verify import verify
from domains.warehouse.settings import DuckDbWarehouse
from local.devserver import DevServer
from models.changes import ChangeRun, ChangeState
from models.headlines import customer_in
from models.ledger import Append, Link
from models.nightly_audit import AuditExportInput, AuditExportReport
from models.runs import Outcome, RunResult
from models.undo import UndoState
from operations.audit import export_to
from operations.changes import ask
from operations.errors import Stopped, why_failed
from settings import Settings
from simulators.kit.control import Control
from tests.audited import CUSTOMER, row
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until_listed
from tests.workflows.changing import PERSON, undo_of
from tests.workflows.conftest import cancelled, starter, until_effects

OPS = "#revops-alerts"
WHY = "it was wrong"
NIGHT = datetime(2026, 11, 30, 4, 50, tzinfo=UTC)

Night = Callable[..., Awaitable[AuditExportReport]]
Act = Callable[..., Awaitable[tuple[WorkflowHandle[Any, RunResult], str]]]
Sql = Callable[[str], list[tuple[Any, ...]]]
Said = Callable[[Callable[[Console], Any]], Awaitable[str]]


@pytest.fixture(scope="module")
async def own(client: Client, ours: Settings) -> AsyncIterator[Client]:
    namespace = await in_a_namespace_of_its_own(client)
    async with worker.running(namespace, ours):
        yield namespace


@pytest.fixture(scope="module")
def ours(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("audit")
    warehouse = DuckDbWarehouse(path=folder / "chartmogul.duckdb")
    return settings.model_copy(update={"audit_folder": folder / "files", "warehouse": warehouse})


@pytest.fixture(autouse=True)
def empty(ours: Settings) -> None:
    """Each test begins with no file and no warehouse; the ledger goes on."""
    shutil.rmtree(ours.audit_folder, ignore_errors=True)
    for file in ours.audit_folder.parent.glob("chartmogul.duckdb*"):
        file.unlink()


@pytest.fixture
def files(ours: Settings) -> AuditFiles:
    return AuditFiles(ours.audit_folder, "default")


@pytest.fixture
def night(own: Client, simulators: Control) -> Night:
    async def run(**wish: Any) -> AuditExportReport:
        given = {"account": "default", "ops_channel": OPS, "warehouse": True, "night": NIGHT} | wish
        report: AuditExportReport = await own.execute_workflow(
            "audit_export",
            AuditExportInput.model_validate(given),
            id=f"audit_export/{uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=AuditExportReport,
        )
        return report

    return run


@pytest.fixture
def act(own: Client, simulators: Control) -> Act:
    """A cancellation that is acted on, and whose; the list has its end."""
    start, numbers = starter(own), iter(range(50))

    async def run() -> tuple[WorkflowHandle[Any, RunResult], str]:
        customer = simulators.customers(case="account")[next(numbers)]
        handle = await start(simulators.cancel(customer.uuid, send=False))
        await handle.result()
        await until_listed(own, f"WorkflowId = '{handle.id}' AND ExecutionStatus = 'Completed'")
        return handle, customer.uuid

    return run


@pytest.fixture
def sql(ours: Settings) -> Sql:
    def ask(query: str) -> list[tuple[Any, ...]]:
        path = ours.warehouse.path  # type: ignore[union-attr] # DuckDB's
        with duckdb.connect(str(path), read_only=True) as database:
            database.execute("use chartmogul.chartmogul")
            return database.execute(query).fetchall()

    return ask


@pytest.fixture
def said(own: Client, temporal_server: DevServer, monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", own.namespace)

    async def run(command: Callable[[Console], Any]) -> str:
        output = StringIO()
        answer = command(Console(file=output, width=400))
        if asyncio.iscoroutine(answer):
            await answer
        return output.getvalue()

    return run


async def change(own: Client, number: int) -> None:
    await tell(own, Append(account="default", rows=[row(number)]))


def of(links: list[Link], run: str) -> list[dict[str, Any]]:
    return [link.row for link in links if link.row["run"] == run]


async def test_a_night_brings_runs_and_changes_into_files_and_a_second_one_adds_nothing(
    own: Client, night: Night, act: Act, files: AuditFiles, simulators: Control
) -> None:
    one, customer = await act()
    ended = await terminated(own, simulators)
    await change(own, 1)
    report = await night()
    assert (report.outcome, report.problems, report.told) == (Outcome.ACTED, [], True)
    links = list(files.links())
    [event] = of(links, one.id)
    assert (event["kind"], event["what"], event["customer"]) == ("event", "churn_save", customer)
    assert (event["asked_by"], event["outcome"], len(event["effects"])) == ("route test", "acted", 2)
    assert len(of(links, row(1).run)) == 1
    [cut_off] = of(links, ended)
    assert (cut_off["outcome"], len(cut_off["effects"])) == ("terminated", 2)
    written = report.written
    assert written
    assert (written.file, written.first, written.number) == ("audit-2026-11-30.jsonl", 1, len(links))
    [message] = simulators.messages(OPS)
    assert written.head in message["text"]
    [verified] = verify(files.all(), head=written.head)
    assert list(verified.faults) == []

    before = files.all()[0].read_bytes()
    again = await night()
    assert (again.events, again.written and again.written.new) == (report.events, 0)
    assert files.all()[0].read_bytes() == before
    assert len(simulators.messages(OPS)) == 1


async def terminated(own: Client, simulators: Control) -> str:
    """The id of a run that somebody ended when it had written."""
    handle = await starter(own)(cancelled(simulators, number=40), check_back_days=[1])
    await until_effects(handle, 2)
    await handle.terminate()
    await until_listed(own, f"WorkflowId = '{handle.id}' AND ExecutionStatus = 'Terminated'")
    return handle.id


async def test_a_night_that_was_missed_is_made_up_for(
    own: Client, night: Night, act: Act, files: AuditFiles
) -> None:
    await change(own, 2)
    await night(warehouse=False)
    first = files.all()[0].read_bytes()
    handles = [(await act())[0] for _ in range(2)]
    await change(own, 3)
    report = await night(night=NIGHT + timedelta(days=3), warehouse=False)
    assert [file.name for file in files.all()] == ["audit-2026-11-30.jsonl", "audit-2026-12-03.jsonl"]
    assert files.all()[0].read_bytes() == first
    assert report.written
    assert report.written.new == 3
    assert [len(of(list(files.links()), each.id)) for each in handles] == [1, 1]
    [verified] = verify(files.all())
    assert list(verified.faults) == []


async def test_a_span_with_many_runs_is_read_in_parts_in_the_same_order(
    own: Client, act: Act, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await act()
    now = datetime.now(UTC)

    async def ids() -> list[str]:
        spans = closed_runs(own, all_runs_query("default"), now - timedelta(minutes=8), now)
        return [run.run_id async for runs, _ in spans for run in runs]

    whole = await ids()
    assert len(whole) >= 3
    monkeypatch.setattr(events, "MOST_LISTED", 1)
    assert await ids() == whole


async def test_the_day_is_the_one_in_the_accounts_zone(own: Client, night: Night, files: AuditFiles) -> None:
    await change(own, 4)
    await night(night=datetime(2026, 11, 30, 23, 30, tzinfo=UTC), time_zone="Europe/Berlin", warehouse=False)
    assert [file.name for file in files.all()] == ["audit-2026-12-01.jsonl"]


async def test_a_gap_in_the_files_is_refused_and_told(own: Client, night: Night, files: AuditFiles) -> None:
    for number in (5, 6, 7):
        await change(own, number)
    await night(warehouse=False)
    [file] = files.all()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join(lines[:-2] + lines[-1:]))
    number = len(lines)
    with pytest.raises(WorkflowFailureError) as failure:
        await night(warehouse=False)
    assert why_failed(failure.value).startswith(f"Row {number} would follow row {number - 2}")
    file.write_bytes(b"".join(lines[:-1]) + lines[-1].replace(b"done", b"DONE"))
    with pytest.raises(WorkflowFailureError) as failure:
        await night(warehouse=False)
    assert "one was changed" in why_failed(failure.value)


async def test_where_nobody_can_be_told_the_files_are_written_all_the_same(
    own: Client, night: Night, files: AuditFiles
) -> None:
    await change(own, 8)
    report = await night(ops_channel=None, warehouse=False)
    assert (report.told, report.outcome, report.loads) == (False, Outcome.ACTED, [])
    assert list(files.links())


async def test_the_warehouse_has_the_audit_runs_and_effects(
    own: Client, night: Night, act: Act, files: AuditFiles, sql: Sql
) -> None:
    one, customer = await act()
    await change(own, 9)
    report = await night()
    assert [(load.stream, load.rejected) for load in report.loads] == [
        ("agent_audit", 0),
        ("automation_effects", 0),
        ("automation_runs", 0),
    ]
    links = list(files.links())
    rows = sql("select ledger_number, ledger_hash from agent_audit order by 1")
    assert rows == [(link.number, link.hash) for link in links]
    where = f"where workflow_id = '{one.id}'"
    [found] = sql(f"select template, route, customer_uuid, outcome, asked_by from automation_runs {where}")
    assert found == ("churn_save", "test", customer, "acted", "route test")
    [times] = sql(
        "select owner is not null, occurred_at is not null, began_at <= first_action_at, "
        f"first_action_at <= ended_at, records_written, seconds_from_begin >= 0 from automation_runs {where}"
    )
    assert times == (True, True, True, True, 2, True)
    effects = sql(f"select system_name, object_type, undone from automation_effects {where} order by 1")
    assert effects == [("salesforce", "Task", False), ("slack", "message", False)]
    written = sql("select system_name, records, undone from records_written_per_system order by 1")
    assert {name for name, *_ in written} == {"salesforce", "slack"}
    assert sql("select template from time_to_first_action") == [("churn_save",)]
    assert sql("select * from save_rate_by_owner") == []

    two, _ = await act()
    again = {load.stream: load for load in (await night()).loads}
    assert again["agent_audit"].inserted == 1
    assert again["automation_runs"].inserted == 1
    assert not any(load.restated or load.missing or load.deleted for load in again.values())
    assert sql(f"select outcome from automation_runs where workflow_id = '{two.id}'") == [("acted",)]


async def undone(own: Client, workflow_id: str, **more: Any) -> ChangeRun:
    """As `mogulflow undo` has it done."""
    state = await ask(own, undo_of(workflow_id, reason=WHY, **more), seconds=60)
    assert state.status is ChangeState.UNDONE
    await until_listed(own, f"WorkflowId = '{state.run_id}' AND ExecutionStatus = 'Completed'")
    return state


async def test_what_an_undo_took_back_is_marked_until_that_is_undone(
    own: Client,
    night: Night,
    act: Act,
    sql: Sql,
    ours: Settings,
    said: Said,
    files: AuditFiles,
    simulators: Control,
) -> None:
    """The task stays: a person has begun with it."""
    one, customer = await act()
    [task] = simulators.records("Task")
    simulators.change_record("Task", task["Id"], Status="In Progress")
    await night()
    undo = await undone(own, one.id)
    assert {each.state for each in undo.undone} == {UndoState.UNDONE, UndoState.CHANGED_SINCE}
    report = await night()
    of_run = f"select system_name, undone from automation_effects where workflow_id = '{one.id}' order by 1"
    assert sql(of_run) == [("salesforce", False), ("slack", True)]
    assert sql("select system_name, by_whom from automation_effects where undone") == [
        ("slack", "route test")
    ]
    asked = f"{PERSON.name} (person): {WHY}"
    text = await said(lambda console: show_history(ours, customer, 200, console))
    for words in (one.id, "route test", undo.run_id, asked, "undone"):
        assert words in text
    [row] = of(list(files.links()), undo.run_id)
    assert (row["kind"], row["what"], row["asked_by"]) == ("change", "undo_run", PERSON.name)
    assert (row["outcome"], row["plan"], len(row["effects"])) == ("undone", undo.plan, 2)
    assert report.written
    assert any(report.written.head in each["text"] for each in simulators.messages(OPS))

    again = await undone(own, undo.run_id)
    assert [each.state for each in again.undone] == [UndoState.UNDONE]
    await night()
    assert sql(of_run) == [("salesforce", False), ("slack", False)]


async def test_history_says_who_asked_also_of_what_temporal_has_forgotten(
    client: Client, night: Night, act: Act, ours: Settings, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, customer = await act()
    name = customer_in(await (await one.describe()).static_summary() or "")
    await night()

    async def history(settings: Settings = ours, who: str = customer) -> str:
        return await said(lambda console: show_history(settings, who, 200, console))

    known = await history()
    for words in (
        customer,
        "Churn",
        "route test",
        "salesforce Task created",
        "slack message created",
        "acted",
    ):
        assert words in known
    assert "kept in" not in known
    assert (await history(who=name)).startswith(f"{name} {customer}\n")
    with pytest.raises(Stopped, match="No run that Temporal has is of a customer nobody at all"):
        await history(who="nobody at all")
    monkeypatch.setenv("TEMPORAL_NAMESPACE", client.namespace)  # whose Temporal knows nothing of them
    of_warehouse = await history()
    for words in ("kept in the warehouse", "route test", "salesforce Task created", "acted"):
        assert words in of_warehouse
    of_files = await history(ours.model_copy(update={"warehouse": None}))
    for words in ("kept in the audit's row", "churn_save", "route test", "salesforce Task created", "acted"):
        assert words in of_files


async def test_the_newest_rows_are_shown_and_all_are_written_to_one_file(
    own: Client, night: Night, ours: Settings, said: Said, files: AuditFiles, tmp_path: Path
) -> None:
    for number in (10, 11):
        await change(own, number)
    await night(warehouse=False)
    await change(own, 12)
    shown = await said(lambda console: commands.audit.show(ours, "default", 2, console))
    for words in ("change_tags", row(11).run, row(12).run, "support-agent", "done"):
        assert words in shown
    assert row(10).run not in shown
    file = tmp_path / "all.jsonl"
    assert await said(lambda console: commands.audit.export_to(ours, "default", file, console))
    assert (file.stat().st_mode & 0o777) == 0o600
    whole = await said(lambda console: commands.audit.verify([file], "", console))
    assert "No row was edited, is missing, or is in another's place." in whole
    assert whole.startswith("Audit of account default: rows 1 to ")
    with pytest.raises(Stopped, match="There is a file"):
        await export_to(ours, "default", file)
    by_hand = await said(lambda console: commands.audit.run(ours, "default", console))
    assert "1 of them new" in by_hand
    assert CUSTOMER in file.read_text()
