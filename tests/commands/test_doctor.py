"""`doctor` on schedules and on Temporal: what it finds, and what it says is to be done."""

import asyncio
import os
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, ScheduleState
from typer.testing import CliRunner

import temporal
from cli import app
from clients.chartmogul.doctor import _hours
from local.devserver import DevServer
from models.findings import Finding, State
from operations.doctor.schedules import schedule_findings
from operations.doctor.temporal import temporal_findings
from schedules import declarations
from settings import Settings
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until

NOTE = "Salesforce moves house until Monday"


@pytest.fixture
async def own(client: Client, temporal_server: DevServer, monkeypatch: pytest.MonkeyPatch) -> Client:
    """A namespace that the command is connected to."""
    namespace = await in_a_namespace_of_its_own(client)
    monkeypatch.setenv("TEMPORAL_ADDRESS", temporal_server.address)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", namespace.namespace)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", os.devnull)
    return namespace


async def apply(client: Client, settings: Settings, note: Callable[[str], str | None]) -> list[str]:
    """All that are declared, those with a note paused."""
    declared = declarations(settings)
    for each in declared:
        said = note(each.id)
        schedule = replace(each.schedule(), state=ScheduleState(paused=said is not None, note=said or None))
        await client.create_schedule(each.id, schedule)
    return [each.id for each in declared]


async def found(settings: Settings) -> list[Finding]:
    return [each async for each in schedule_findings(settings)]


async def test_all_that_are_paused_are_shown_with_the_note_and_warned_of(
    own: Client, settings: Settings
) -> None:
    names = await apply(own, settings, lambda _: NOTE)
    [finding] = await found(settings)
    assert finding.state is State.WARNING
    assert finding.detail == (
        f"all are paused: nothing is polled, exported or told. {', '.join(names)}: {NOTE}"
    )
    assert "toggle --unpause" in finding.to_do


async def test_one_that_is_paused_is_shown_by_its_name(own: Client, settings: Settings) -> None:
    await apply(own, settings, lambda name: "" if name == "poll/default" else None)
    [finding] = await found(settings)
    assert (finding.state, finding.detail) == (State.WARNING, "paused: poll/default: no reason given")


async def test_those_that_run_are_fine_and_missing_ones_are_named(own: Client, settings: Settings) -> None:
    [missing] = await found(settings)
    assert "missing: poll/default" in missing.detail
    await apply(own, settings, lambda _: None)
    [fine] = await found(settings)
    assert fine.state is State.OK


@pytest.fixture
async def bare(client: Client, own: Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Client:
    """Connected to a namespace with a day of retention that nobody has prepared."""
    monkeypatch.chdir(tmp_path)  # where no `.env` of a user's lies
    name = f"bare-{uuid.uuid4()}"
    day = Duration(seconds=86_400)
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=day)
    await client.workflow_service.register_namespace(request)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", name)

    async def is_known() -> bool:
        return [each.what for each in await of_temporal()][1:] == ["namespace"]

    await until(is_known)
    return client


async def of_temporal() -> list[Finding]:
    return [each async for each in temporal_findings()]


async def test_a_bare_namespace_is_to_be_prepared_by_one_command(bare: Client) -> None:
    reached, finding = await of_temporal()
    assert (reached.state, finding.state) == (State.OK, State.FAULT)
    assert finding.detail == (
        "not prepared: 11 of 11 search attributes are missing; closed runs are kept for 1 day, so a late"
        " retry would run twice"
    )
    assert finding.to_do.count("mogulflow prepare") == 1
    assert "search-attribute create" not in finding.to_do
    assert "in its console: 30 days of retention; search attributes Headline, Account," in finding.to_do
    assert "OccurredAt (Datetime), WaitsFor (KeywordList)" in finding.to_do
    result = await asyncio.to_thread(CliRunner().invoke, app, ["prepare"])
    said = " ".join(result.stdout.split())
    assert (result.exit_code, "30 days of retention and all search attributes" in said) == (0, True)
    assert {each.state for each in await of_temporal()} == {State.OK}


@pytest.mark.parametrize(
    "command",
    [
        "runs",
        "attention --check",
        "schedules apply",
        "coverage",
        "export run",
        "export status",
        "pause why",
    ],
)
async def test_every_command_names_what_prepares_a_bare_namespace(
    bare: Client, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    monkeypatch.setenv("CHARTMOGUL__DEFAULT__API_KEY", "key")
    monkeypatch.setenv("WAREHOUSE__ENGINE", "duckdb")
    result = await asyncio.to_thread(CliRunner().invoke, app, command.split())
    assert (result.exit_code, "Run `mogulflow prepare` first." in result.stderr) == (2, True), result.output


async def test_a_server_that_answers_unasked_for_is_not_taken_for_the_user_s(
    own: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporal, "LOCAL", os.environ["TEMPORAL_ADDRESS"])
    monkeypatch.delenv("TEMPORAL_ADDRESS")
    first, *_ = await of_temporal()
    assert first.state is State.WARNING
    assert "whatever server answers on this machine" in first.detail
    assert "./mogulflow --env .mogulflow/demo.env doctor" in first.to_do
    monkeypatch.setattr(temporal, "LOCAL", "127.0.0.1:9")
    [down] = await of_temporal()
    assert (down.state, down.to_do.startswith("First of all set TEMPORAL_ADDRESS")) == (State.FAULT, True)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("UTC", "Etc/UTC", True),
        ("UTC", "Europe/London", False),
        ("Europe/Berlin", "Europe/Vienna", True),
        ("Europe/Berlin", "Africa/Lagos", False),  # alike in winter alone
        ("UTC", "Nowhere/Land", False),
        ("UTC", "", False),
    ],
)
def test_zones_are_the_same_by_their_hours(one: str, other: str, same: bool) -> None:
    assert (_hours(one) == _hours(other)) is same
