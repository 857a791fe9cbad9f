"""`demo`: the main job on this machine, shown and checked; with --once it ends then."""

import os
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from configuration.files import load_routes
from local.agent import admit
from local.demo.claims import Claim
from local.demo.story import tell
from local.processes import locked
from local.simulated import (
    TIME_ZONE,
    furnish,
    print_places,
    run_until_stopped,
    standing,
    until_stopped,
)
from local.stack import ROOT, STATE, Stack
from simulators.kit.control import Control

DEMO = ROOT / "examples" / "demo"
QUICK = {
    "CHARTMOGUL__DEFAULT__TIME_ZONE": TIME_ZONE,
    "CHARTMOGUL__DEFAULT__POLL_MINUTES": "0.1",
    "CHARTMOGUL__DEFAULT__POLL_HEAD_START_SECONDS": "2",
    "CHARTMOGUL__DEFAULT__REQUESTS_PER_SECOND": "400",
    "HUBSPOT__REQUESTS_PER_10_SECONDS": "1000",
    "SLACK__OPS_CHANNEL": "#revops-alerts",
    "ROUTES_FILE": str(DEMO / "routes.yaml"),
    "CRM_FILE": str(DEMO / "crm.yaml"),
    "RECONCILIATION_FILE": str(DEMO / "reconciliation.yaml"),
    "RECONCILIATION__FOLDER": str(STATE / "reconciliation"),
    "RECONCILIATION__KEY_FILE": str(STATE / "reconciliation.key"),
}
"""Nobody who watches a demo waits five minutes for the next poll, and the simulators take more than
ChartMogul's 40 requests a second and HubSpot's 10. Nor a week for what became of a customer: the
demo's routes look after seconds."""

BUSY = f"A demo runs in {STATE} already. Stop it, or set MOGULFLOW_STATE_DIR to another folder."


def run_demo(*, once: bool, console: Console) -> int:
    """The exit code: 0, or 1 where a claim did not hold."""
    return run_until_stopped(_show(once=once, console=console), BUSY, console)


async def _show(*, once: bool, console: Console) -> int:
    with locked(STATE / "demo.lock"):
        return await _play(once=once, console=console)


async def _play(*, once: bool, console: Console) -> int:
    token = admit(STATE)
    stack = Stack(
        given_temporal="TEMPORAL_ADDRESS" in os.environ,
        schedules=True,
        environment=QUICK,
        furnish=lambda stack: furnish(stack, load_routes(QUICK["ROUTES_FILE"]), QUICK["SLACK__OPS_CHANNEL"]),
    )
    async with standing(stack, STATE / ("once.env" if once else "demo.env"), console):
        with Control(stack.simulators_url) as control:
            claims = await tell(stack, control, token, console)
        code = verdict(claims, console)
        if once:
            return code
        _print_places(stack, console)
        await until_stopped(console)
        return 0


def verdict(claims: list[Claim], console: Console) -> int:
    """The table, and the exit code."""
    table = Table("claim", "", title="Checked against the simulators' state", title_justify="left")
    for claim in claims:
        table.add_row(claim.text, "[green]holds[/]" if claim.holds else f"[red]fails[/]: {claim.found}")
    console.print(table)
    return 0 if all(claim.holds for claim in claims) else 1


def _print_places(stack: Stack, console: Console) -> None:
    print_places(stack, console)
    script = " ".join(_near(Path(each)) for each in (sys.executable, DEMO / "query.py", stack.warehouse))
    console.print(
        f"The warehouse, in SQL; add a query of your own, or see mrr_by_month:\n  {script}",
        soft_wrap=True,
        highlight=False,
    )
    command = f"./mogulflow --env {_near(STATE / 'demo.env')} runs"
    console.print(f"In another terminal:\n  {command}", soft_wrap=True, highlight=False)


def _near(file: Path) -> str:
    """As it is typed from here, where that is shorter."""
    return min(os.path.relpath(file), str(file), key=len)
