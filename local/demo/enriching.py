"""The demo's last act: HubSpot gets its fields, the sync says what it would write, and writes it."""

import asyncio
import sys
from contextlib import suppress
from dataclasses import dataclass

from rich.console import Console
from temporalio.client import Client

from local.demo.scenes import ACCOUNT
from local.stack import ROOT, Stack
from models.templates.crm_sync import CrmReport
from operations.crm import by_hand_id
from operations.prepare_crm import OBJECT_TYPES
from simulators.kit.control import Control

KEY = "chartmogul_customer_uuid"


@dataclass(frozen=True)
class Enrichment:
    after_preview: int
    """Records of HubSpot that bear a customer's id when the preview has ended."""
    after_sync: int
    first: CrmReport
    second: CrmReport

    @property
    def written(self) -> tuple[int, int]:
        """By the first sync and by the second."""
        first, second = (sum(each.written for each in run.objects) for run in (self.first, self.second))
        return first, second


async def enrichment(stack: Stack, client: Client, control: Control, console: Console) -> Enrichment:
    """Each step is the command that a person types, and its output."""
    console.print(
        "\nThe CRM: HubSpot gets the fields, a preview shows what would be written, a sync writes it"
    )
    await typed(stack, console, "crm", "prepare", "hubspot")
    await typed(stack, console, "preview", "crm", "hubspot", "--sample", "1")
    after_preview = _enriched(control)
    first = await _sync(stack, client, console)
    return Enrichment(after_preview, _enriched(control), first, await _sync(stack, client, console))


async def _sync(stack: Stack, client: Client, console: Console) -> CrmReport:
    await typed(stack, console, "crm", "run", "hubspot")
    run = client.get_workflow_handle(by_hand_id(ACCOUNT, "hubspot"), result_type=CrmReport)
    report: CrmReport = await run.result()
    return report


def _enriched(control: Control) -> int:
    return sum(bool(record.get(KEY)) for name in OBJECT_TYPES for record in control.hubspot_records(name))


async def typed(stack: Stack, console: Console, *words: str) -> None:
    console.print(f"\n[bold]$ ./mogulflow {' '.join(words)}[/]", highlight=False)
    console.file.flush()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(ROOT / "cli.py"), *words), env=stack.environment, cwd=stack.warehouse.parent
    )
    try:
        await process.wait()
    finally:
        with suppress(ProcessLookupError):  # it has ended, unless the demo was stopped
            process.terminate()
