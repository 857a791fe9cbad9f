"""A month that is closed: its run, and people who propose corrections, agree to them, and look."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

import temporal
import worker
from domains.reconciliation.cut import month_cut
from domains.reconciliation.pack.keys import make_key
from domains.reconciliation.settings import Reconciliation
from models.changes import ChangeRun, Correction
from models.reconciliation.rules import BillingSource, ReconciliationRules
from models.templates.reconciliation import (
    ReconciliationInput,
    ReconciliationState,
    workflow_id,
)
from operations import changes
from operations.reconciliation import corrections
from settings import Settings
from simulators.billing.truth.month import DAY, SYSTEMS
from simulators.billing.truth.month import month as books_of_a_month
from simulators.chartmogul.books import SECOND, SOURCES
from simulators.kit.control import Control
from simulators.kit.shapes import CHARTMOGUL_KEY
from tests.conftest import in_a_namespace_of_its_own
from tests.waiting import until

ZONE = "Europe/Berlin"
NOW = datetime.now(UTC)
PERIOD = f"{NOW.year - (NOW.month == 1)}-{(NOW.month - 2) % 12 + 1:02}"
CUT = month_cut(PERIOD, ZONE)
BEGIN = CUT.end - 10 * DAY
RATES = f"date,currency,rate,source\n{BEGIN:%Y-%m-%d},EUR,1.08,test\n{CUT.end:%Y-%m-%d},EUR,1.095,test\n"
ANA, BEN = "ana@mogulflow.example", "ben@mogulflow.example"
CORRECTED = {"tax-included", "one-time-as-recurring", "proration-flag", "duplicate-source"}


RULES = ReconciliationRules(
    sources=[
        BillingSource(
            system=each,
            data_source=SOURCES[each].uuid,
            also=[SECOND.uuid] if each == "stripe" else [],
            time_zone=ZONE,
        )
        for each in SYSTEMS
    ],
    reviewers=["ben@mogulflow.example"],
)


class Month:
    """A final run of its own, in which people propose, agree and look."""

    def __init__(self, client: Client, settings: Settings, simulators: Control) -> None:
        self.client, self.settings, self.simulators = client, settings, simulators
        self.account, id = "default", workflow_id("default", PERIOD, "final")
        self.run: WorkflowHandle[Any, Any] = client.get_workflow_handle(id)

    async def begin(self) -> None:
        rates = self.settings.reconciliation.folder.parent / "rates.csv"
        given = ReconciliationInput(
            account=self.account,
            period=PERIOD,
            kind="final",
            time_zone=ZONE,
            rules=RULES.model_copy(update={"rates_file": str(rates)}),
        )
        await self.client.start_workflow(
            "reconciliation", given, id=self.run.id, task_queue=temporal.WORKFLOWS
        )

    async def state(self) -> ReconciliationState:
        found: ReconciliationState = await self.run.query("state", result_type=ReconciliationState)
        return found

    async def opened(self, but: str = "") -> ReconciliationState:
        async def look() -> ReconciliationState | None:
            now = await self.state()
            return now if now.phase == "open" and now.pack and now.pack.sha256 != but else None

        return await until(look)

    async def proposable(self) -> list[Correction]:
        return (await corrections.proposable(self.settings, self.account, PERIOD)).corrections

    async def propose(self, *subjects: str, **more: Any) -> ChangeRun:
        found = {each.said.partition(":")[0]: each.finding for each in await self.proposable()}
        ids = [found[each] for each in subjects]
        return await corrections.propose(
            self.settings, self.account, PERIOD, ids, "as reconciled", settles_within=timedelta(0), **more
        )

    async def edit(self, line: str, **fields: Any) -> None:
        """As a person does in ChartMogul."""
        url = f"{self.simulators.url}/chartmogul/v1/line_items/{line}"
        query, key = {"handle_as_user_edit": "true"}, (CHARTMOGUL_KEY, "")
        async with httpx.AsyncClient() as http:
            (await http.patch(url, params=query, json=fields, auth=key)).raise_for_status()

    def writes(self, path: str = "") -> list[str]:
        calls = self.simulators.calls("chartmogul")
        return [each.path for each in calls if each.method == "PATCH" and path in each.path]

    async def decided(self, run: ChangeRun, who: str = BEN, *, approve: bool = True) -> ChangeRun:
        await changes.decide(self.client, run.run_id, who, "console", approve, "", run.plan)
        return await changes.state_of(self.client, run.run_id, 60)


@pytest.fixture
async def final(
    client: Client, settings: Settings, simulators: Control, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Month]:
    simulators.put_books(*books_of_a_month(CUT.end, agreeing=2))
    namespace = await in_a_namespace_of_its_own(client)
    (tmp_path / "rates.csv").write_text(RATES)
    found = Reconciliation(folder=tmp_path / "data", key_file=tmp_path / "key")
    make_key(found.key_file)
    own = settings.model_copy(update={"reconciliation": found, "operator_email": ANA})

    async def connect() -> Client:
        return namespace

    monkeypatch.setattr(temporal, "connect", connect)
    async with worker.running(namespace, own):
        month = Month(namespace, own, simulators)
        await month.begin()
        yield month


async def refusal(handle: WorkflowHandle[Any, Any], name: str, wish: Any) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as failed:
        await handle.execute_update(name, wish)
    assert isinstance(failed.value.cause, ApplicationError)
    return failed.value.cause.type or ""
