"""Cohorts as an agent gets them: by a client over HTTP, of a run that it polls, as the command has them."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from temporalio.client import Client as Temporal

from models.analytics import CohortWish
from operations import analytics
from operations.reads import cohorts
from settings import Settings
from simulators.kit.control import Control
from tests.ingress.agents.conftest import Served

ASKED = {"metric": "net_mrr_retention", "start_month": "2023-01", "end_month": "2024-12", "months": 12}


@asynccontextmanager
async def agent_of(real: Served) -> AsyncIterator[Client]:
    """One that may read and write."""
    http = create_mcp_http_client(headers={"Authorization": f"Bearer {real.tokens['writer']}"})
    async with http, Client(streamable_http_client(real.url, http_client=http)) as client:
        yield client


async def told(agent: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await agent.call_tool(tool, arguments)
    [block] = result.content
    found: dict[str, Any] = json.loads(getattr(block, "text", ""))
    assert result.is_error or result.structured_content == found
    return found


async def test_cohorts_are_counted_by_a_run_that_is_polled_and_are_those_of_the_command(
    real: Served,
    simulators: Control,
    settings: Settings,
    client: Temporal,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    simulators.reset(customers=60, movements=8)
    monkeypatch.setattr(cohorts, "PATIENCE", timedelta(0))
    async with agent_of(real) as agent:
        first = await told(agent, "get_cohorts", **ASKED)
        assert (first["status"], first["cohorts"]) == ("computing", [])
        run: dict[str, Any] = {"status": "computing"}
        while run["status"] == "computing":
            run = await told(agent, "get_run", run_id=first["run_id"], wait_seconds=20)
        assert (run["status"], run["tool"], run["changes"]) == ("done", "get_cohorts", [])
        monkeypatch.undo()
        found = await told(agent, "get_cohorts", **ASKED, limit=100)

    async def connected() -> Temporal:
        return client

    wish = CohortWish.model_validate(ASKED)
    table = await analytics.cohorts(settings, "default", wish, connect=connected)
    assert (found["status"], found["account"], found["currency"]) == ("ready", "default", table.currency)
    assert (found["time_zone"], found["notes"]) == (table.time_zone, table.notes)
    as_of = datetime.fromisoformat(found["as_of"])
    assert as_of == table.as_of
    assert as_of.utcoffset() == as_of.astimezone(ZoneInfo(found["time_zone"])).utcoffset()
    assert [date.fromisoformat(f"{each['month']}-01") for each in found["cohorts"]] == [
        each.month for each in table.cohorts
    ]
    for row, cohort in zip(found["cohorts"], table.cohorts, strict=True):
        assert (row["customers"], row["value_cents"]) == (cohort.customers, cohort.value_cents)
        assert row["mrr_cents"] == [each.mrr_cents for each in cohort.cells]
        assert row["active"] == [each.customers for each in cohort.cells]
        assert row["percent"] == [
            None if each.percent is None else round(each.percent, 2) for each in cohort.cells
        ]
    assert any(any(row["percent"]) for row in found["cohorts"])


@pytest.mark.parametrize("run_id", ["analytics/europe/2026-11-30", "analytics/default/1999-01-01"])
async def test_of_runs_that_count_others_accounts_nothing_is_told(real: Served, run_id: str) -> None:
    said = await real.agent("writer").refused("get_run", run_id=run_id)
    assert said["code"] == "run_not_found"
