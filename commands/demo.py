"""`demo`: the main job on this machine, shown, and with --once checked."""

import asyncio
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from builds import NoTemporal
from commands.story import Claim, tell
from processes import ChildFailed, locked
from simulators.control import Control
from stack import ROOT, STATE, Stack

QUICK = {
    "CHARTMOGUL__DEFAULT__TIME_ZONE": "Europe/Berlin",
    "CHARTMOGUL__DEFAULT__POLL_MINUTES": "0.1",
    "CHARTMOGUL__DEFAULT__POLL_HEAD_START_SECONDS": "2",
    "CHARTMOGUL__DEFAULT__REQUESTS_PER_SECOND": "400",
    "HUBSPOT__REQUESTS_PER_10_SECONDS": "1000",
    "SLACK__OPS_CHANNEL": "#revops-alerts",
    "ROUTES_FILE": str(ROOT / "examples" / "demo" / "routes.yaml"),
}
"""The zone is that of the simulated account. Nobody who watches a demo waits five minutes for the next poll,
and the simulators take more than ChartMogul's 40 requests a second and HubSpot's 10. Nor a week for what
became of a customer: the demo's route looks after seconds."""

BUSY = f"A demo runs in {STATE} already. Stop it, or set MOGULFLOW_STATE_DIR to another folder."
INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended before it was done."""


def run_demo(*, once: bool, console: Console) -> int:
    """The exit code: 0, or 1 where a claim did not hold."""
    return asyncio.run(_demo(once=once, console=console))


async def _demo(*, once: bool, console: Console) -> int:
    """Ctrl-C ends it at any time, also while Temporal is built or the story is told."""
    show = asyncio.create_task(_show(once=once, console=console))
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, show.cancel)
    try:
        return await show
    except asyncio.CancelledError:
        console.print("Stopped.")
        return INTERRUPTED
    except BlockingIOError:
        console.print(BUSY, soft_wrap=True)
        return 1
    except (NoTemporal, ChildFailed) as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return 1


async def _show(*, once: bool, console: Console) -> int:
    with locked(STATE / "demo.lock"):
        return await _play(once=once, console=console)


async def _play(*, once: bool, console: Console) -> int:
    stack = Stack(given_temporal="TEMPORAL_ADDRESS" in os.environ, schedules=True, environment=QUICK)
    stack.warehouse.unlink(missing_ok=True)  # the simulated account begins anew, too
    with console.status("Starting simulators, Temporal, ingress and worker"):
        await stack.start()
    try:
        _write_environment(stack, STATE / ("once.env" if once else "demo.env"))
        with Control(stack.simulators_url) as control:
            claims = await tell(stack, control, console)
        if once:
            return _verdict(claims, console)
        _print_places(stack, console)
        await _until_stopped(console)
        return 0
    finally:
        await stack.stop()


async def _until_stopped(console: Console) -> None:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    console.print("Stopping.")


def _verdict(claims: list[Claim], console: Console) -> int:
    table = Table("claim", "", title="Checked against the simulators' state", title_justify="left")
    for claim in claims:
        table.add_row(claim.text, "[green]holds[/]" if claim.holds else f"[red]fails[/]: {claim.found}")
    console.print(table)
    return 0 if all(claim.holds for claim in claims) else 1


def _print_places(stack: Stack, console: Console) -> None:
    query = quote("Template IS NOT NULL")
    places = [
        (
            f"{stack.temporal.ui_url}/namespaces/default/workflows?query={query}",
            "every run, in Temporal's Web UI",
        ),
        (stack.webhook_url, "the webhook: POST a movement here, as ChartMogul does"),
        (f"{stack.simulators_url}/chartmogul/", "customers: press Cancel on one and watch"),
        (f"{stack.simulators_url}/hubspot/", "the contacts and companies, with what the sync wrote"),
        (f"{stack.simulators_url}/salesforce/", "the save tasks, as the owners see them"),
        (f"{stack.simulators_url}/slack/", "the channels with the alerts"),
        (f"{stack.simulators_url}/", "all simulators, and a panel to make them fail"),
    ]
    console.print()
    for url, sentence in places:
        console.print(f"  [bold]{sentence}[/]\n  {url}\n", soft_wrap=True, highlight=False)
    script = " ".join(
        _near(Path(each)) for each in (sys.executable, ROOT / "examples/demo/query.py", stack.warehouse)
    )
    console.print(
        f"The warehouse, in SQL; add a query of your own, or see mrr_by_month:\n  {script}",
        soft_wrap=True,
        highlight=False,
    )
    command = f"./mogulflow --env {_near(STATE / 'demo.env')} runs"
    console.print(f"In another terminal:\n  {command}", soft_wrap=True, highlight=False)
    console.print("Ctrl-C stops everything.")


def _near(file: Path) -> str:
    """As it is typed from here, where that is shorter."""
    return min(os.path.relpath(file), str(file), key=len)


def _write_environment(stack: Stack, file: Path) -> None:
    """So that the command can be used against the demo from another terminal."""
    ours = (
        "CHARTMOGUL__",
        "CRM_",
        "HUBSPOT__",
        "SALESFORCE__",
        "SLACK__",
        "TEMPORAL_",
        "WEB_UI",
        "INGRESS_",
        "ROUTES_",
        "WAREHOUSE_",
    )
    lines = [f"{name}={value}" for name, value in stack.environment.items() if name.startswith(ours)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
