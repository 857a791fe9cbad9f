"""`dev`: a user's own routes, mappings and settings on this machine, against simulators.

What connects to a real system is left out whatever is set: this may never write to one.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from configuration.connectors import load_connectors
from configuration.environment import near_misses
from configuration.files import load_crm_mapping, load_mapping, load_routes
from local.processes import locked
from local.simulated import (
    TIME_ZONE,
    furnish,
    print_places,
    run_until_stopped,
    standing,
    until_stopped,
)
from local.stack import STATE, Stack
from models.routes import Routes
from settings import Settings

FOLDER = STATE / "dev"
"""With a Temporal of its own: the demo's runs stay the demo's."""

BUSY = f"`mogulflow dev` runs in {FOLDER} already. Stop it, or set MOGULFLOW_STATE_DIR to another folder."

KEPT = (
    "ROUTES_FILE", "WAREHOUSE_FILE", "CRM_FILE", "AGENTS_FILE", "HEADLINE_NAMES_CUSTOMER",
    "UNREADABLE_KEPT_PER_HOUR", "BACKLOG_LIMIT_SECONDS", "MAX_LOCAL_STEPS", "WORKFLOW_SANDBOX", "LOG_LEVEL",
    "SLACK__OPS_CHANNEL",
)  # fmt: skip
"""A user's settings that connect to nothing. All others are the simulators'."""

KEPT_OF_ACCOUNT = ("POLL_MINUTES", "POLL_HEAD_START_SECONDS", "TIME_ZONE")


@dataclass(frozen=True)
class Own:
    """What counts of a user's settings. `account` is the one that the simulated ChartMogul stands for."""

    account: str
    environment: dict[str, str]
    left_out: int
    """Further accounts."""
    connectors: Path
    """The folder of their files."""


def run_dev(file: Mapping[str, str | None], console: Console) -> int:
    """The exit code. `file` is what the user's file of settings says. Raises BadConfig."""
    given = {name: value for name, value in file.items() if value} | dict(os.environ)
    for miss in near_misses(given):
        console.print(f"[yellow]{escape(miss)}[/]", soft_wrap=True)
    own = own_settings(given)
    routes = load_routes(own.environment["ROUTES_FILE"])
    load_mapping(own.environment["WAREHOUSE_FILE"])
    load_crm_mapping(own.environment["CRM_FILE"])
    load_connectors(own.connectors)
    return run_until_stopped(_show(own, routes, console), BUSY, console)


def own_settings(given: Mapping[str, str]) -> Own:
    read = {name.upper(): value for name, value in given.items() if value}
    accounts = sorted({name.split("__")[1] for name in read if _is_key(name)} - {"DEFAULT"})
    if not accounts or "CHARTMOGUL__DEFAULT__API_KEY" in read:
        accounts.insert(0, "DEFAULT")
    of_account = [f"CHARTMOGUL__{accounts[0]}__{name}" for name in KEPT_OF_ACCOUNT]
    kept = {f"CHARTMOGUL__{accounts[0]}__TIME_ZONE": TIME_ZONE}
    kept |= {name: read[name] for name in (*KEPT, *of_account) if name in read}
    for field in ("routes_file", "warehouse_file", "crm_file", "agents_file", "reconciliation_file"):
        path = kept.get(field.upper(), Settings.model_fields[field].default)
        kept[field.upper()] = os.path.abspath(path)
    folder = read.get("CONNECTOR__FOLDER") or Settings.model_fields["connector"].default.folder
    return Own(accounts[0].lower(), kept, len(accounts) - 1, Path(folder).absolute())


def _is_key(name: str) -> bool:
    return name.startswith("CHARTMOGUL__") and name.endswith("__API_KEY") and name.count("__") == 2


async def _show(own: Own, routes: Routes, console: Console) -> int:
    with locked(FOLDER / "dev.lock"):
        return await _stand(own, routes, console)


async def _stand(own: Own, routes: Routes, console: Console) -> int:
    stack = Stack(
        FOLDER,
        schedules=True,
        temporal="dev",
        account=own.account,
        environment=own.environment,
        connectors=own.connectors,
        furnish=lambda stack: furnish(stack, routes, own.environment.get("SLACK__OPS_CHANNEL", "")),
    )
    async with standing(stack, STATE / "dev.env", console):
        _print_what_is_there(stack, own, console)
        await until_stopped(console)
    return 0


def _print_what_is_there(stack: Stack, own: Own, console: Console) -> None:
    print_places(stack, console)
    command = f"./mogulflow --env {os.path.relpath(STATE / 'dev.env')}"
    account = "" if own.account == "default" else f" --account {own.account}"
    more = f"; {own.left_out} more are left out" if own.left_out else ""
    for line in (
        "Your routes, mappings and other settings count. All connections are to the simulators, whatever is"
        f" set: no real system is reached. The simulated ChartMogul is the account {own.account}{more}.",
        f"Routes: {own.environment['ROUTES_FILE']}. After a change of a file stop this, and start it again.",
        "",
        "Next: press Cancel on the page of customers, look at the channel and, in another terminal, at:",
        f"  {command} runs",
        f"  {command} doctor",
        f"  {command} send{account} examples/churn.json",
        "That file is a cancellation of some months ago, of Willow Travel; your routes say what follows.",
    ):
        console.print(line, soft_wrap=True, highlight=False, markup=False)
