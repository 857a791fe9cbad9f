"""`doctor` on schedules: an operator's pause and its note are shown, not taken for fine."""

import os
from collections.abc import Callable
from dataclasses import replace

import pytest
from temporalio.client import Client, ScheduleState

from commands.doctor import _hours
from commands.doctor_schedules import schedule_findings
from commands.findings import Finding, State
from devserver import DevServer
from schedules import declarations
from settings import Settings
from tests.conftest import in_a_namespace_of_its_own

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
