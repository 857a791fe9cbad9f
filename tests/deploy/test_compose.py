import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML
from temporalio.client import Client

from local import postgres, temporal_cli, temporal_server
from local.builds import GO_MODULE
from local.temporal_cli import find_cli
from local.temporal_server import find_server
from simulators.kit.control import Control
from systems import BILLING
from tests.conftest import running_simulators
from tests.deploy.compose import (
    DOCKERFILE,
    FILE,
    ROOT,
    SERVICES,
    Machine,
    compose_up,
    entrypoint,
    run,
)
from tests.waiting import until


def profile(name: str) -> dict[str, dict[str, Any]]:
    return {each: service for each, service in SERVICES.items() if name in service["profiles"]}


@pytest.mark.parametrize("file", [FILE, ROOT / "deploy/proxy/compose.yml"], ids=lambda file: file.name)
def test_the_compose_files_are_valid(file: Path) -> None:
    checker = Path(sys.executable).with_name("check-jsonschema")
    subprocess.run(
        [checker, "--builtin-schema", "vendor.compose-spec", file], check=True, capture_output=True
    )


def test_the_proxy_leads_to_services_there_are_and_signs_people_in() -> None:
    proxy = YAML(typ="safe").load(ROOT / "deploy/proxy/compose.yml")["services"]["proxy"]
    caddy = (ROOT / "deploy/proxy/Caddyfile").read_text()
    leads_to = set(re.findall(r"reverse_proxy ([\w-]+):8080", caddy))
    assert leads_to == set(proxy["depends_on"]) <= set(profile("prod"))
    assert set(re.findall(r"\{\$(\w+)\}", caddy)) == set(proxy["environment"])
    web_ui = caddy[caddy.index("{$WEB_UI_DOMAIN}") :]
    assert web_ui.index("basic_auth") < web_ui.index("reverse_proxy ui:8080")
    assert not re.search(r"^\s*log\b", caddy, re.MULTILINE)  # the webhook's URL holds its secret


def test_every_service_is_in_one_profile_with_those_it_depends_on() -> None:
    for service in SERVICES.values():
        assert service["profiles"] in (["dev"], ["prod"])
        for other in service.get("depends_on", ()):
            assert SERVICES[other]["profiles"] == service["profiles"]


@pytest.mark.parametrize(
    ("name", "running"),
    [
        ("dev", {"temporal", "ingress", "worker", "simulators"}),
        ("prod", {"postgresql", "server", "ui", "prod-ingress", "prod-worker"}),
    ],
)
def test_every_long_running_service_has_a_health_check(name: str, running: set[str]) -> None:
    services = profile(name)
    assert {each for each in services if "test" in services[each]["healthcheck"]} == running


def test_what_runs_for_real_comes_up_again() -> None:
    services = profile("prod").values()
    assert all("restart" in each for each in services if "test" in each["healthcheck"])


def test_nothing_is_published_beyond_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert published
    assert all(port.startswith("127.0.0.1:") for port in published)


def test_no_simulator_and_no_password_is_meant_for_real() -> None:
    services = str(profile("prod"))
    assert "simulators" not in services
    assert set(re.findall(r"\w*PASSWORD\w*:-[^}]*", services)) == {"POSTGRES_PASSWORD:-"}


@pytest.mark.parametrize("system", [each.name for each in BILLING])
def test_a_billing_webhook_goes_where_its_secret_is_known(system: str) -> None:
    variable = f"{system.upper()}__DEFAULT__WEBHOOK_SECRETS"
    [secret] = {SERVICES[each]["environment"][variable] for each in ("ingress", "worker")}
    webhook = f"--billing-webhook={system}=http://ingress:8080/webhooks/{system}/{secret}"
    assert webhook in SERVICES["simulators"]["command"]
    assert secret == f"${{{variable}:-demo-secret}}"


def test_what_is_deployed_is_what_is_tested() -> None:
    images = {service["image"] for service in SERVICES.values()}
    version = temporal_server.VERSION
    assert {f"temporalio/server:{version}", f"temporalio/admin-tools:{version}"} <= images
    assert f"temporalio/temporal:{temporal_cli.VERSION}" in images
    pinned = (GO_MODULE / "go.mod").read_text()
    assert f"go.temporal.io/server v{version}\n" in pinned
    assert f"github.com/temporalio/cli v{temporal_cli.VERSION}\n" in pinned
    assert f"max_connections={postgres.MAX_CONNECTIONS}" in SERVICES["postgresql"]["command"]


def test_the_image_leaves_secrets_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert ".*" in ignored  # .env among them


@pytest.mark.needs_server
async def test_a_cancellation_goes_through(tmp_path: Path) -> None:
    async with compose_up("dev", tmp_path, (await find_cli()).parent) as machine:
        with Control(f"http://127.0.0.1:{machine.ports['8090']}") as control:
            await one_cancellation(control)
            for system in BILLING:
                assert failed_payment(control, system.name) == 200  # no route takes them
        await is_polled(machine.ports["7233"])


def failed_payment(control: Control, system: str) -> int | None:
    """How its webhook is answered."""
    [customer] = control.customers(limit=1, offset=1)
    [bill, *_] = control.ask("GET", f"{system}/invoices", query={"customer": customer.external_id})
    status: int | None = control.ask("POST", f"{system}/invoices/{bill['id']}/fail_payment", {})["status"]
    return status


@pytest.mark.needs_server
@pytest.mark.timeout(300)
async def test_a_cancellation_goes_through_for_real(tmp_path: Path) -> None:
    """On PostgreSQL, with all connections from .env; the vendors alone are simulated."""
    with running_simulators() as url, Control(url) as control:
        async with compose_up("prod", tmp_path, await find_server(), connections(url)) as machine:
            ingress = f"http://127.0.0.1:{machine.ports['8080']}"
            control.webhook(url=f"{ingress}/webhooks/chartmogul/from-the-dotenv-file")
            await one_cancellation(control)
            await is_polled(machine.ports["7233"], namespace="sales")
            await exported(machine)
            await backed_up(machine, tmp_path / "backup")


def connections(url: str) -> dict[str, str]:
    return {
        "CHARTMOGUL__DEFAULT__API_KEY": "cm-demo-key",
        "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS": "from-the-dotenv-file",
        "CHARTMOGUL__DEFAULT__BASE_URL": f"{url}/chartmogul/v1",
        "SALESFORCE__INSTANCE_URL": f"{url}/salesforce",
        "SALESFORCE__CLIENT_ID": "sf-demo-client",
        "SALESFORCE__CLIENT_SECRET": "sf-demo-secret",
        "SLACK__BOT_TOKEN": "xoxb-demo",
        "SLACK__BASE_URL": f"{url}/slack/api/",
        "TEMPORAL_NAMESPACE": "sales",
        "WAREHOUSE__ENGINE": "duckdb",
    }


async def exported(machine: Machine) -> None:
    """Into the file of the volume, which the image lets its user write."""
    worker = machine.services["prod-worker"]
    words = [*entrypoint(worker), "export", "run", "--stream", "plans"]
    await run(machine.command(worker, words), machine.environment(worker), machine.application())
    assert (machine.home / "data" / "warehouse.duckdb").exists()
    assert "./config:/app/config:ro" in worker["volumes"]
    assert "data:/app/data" in worker["volumes"]
    assert "mkdir data && chown mogulflow data" in DOCKERFILE


DOCKER = """#!/bin/sh
[ "$1 $2 $3 $4 $5" = "compose --profile prod exec -T" ] || exit 2
service=$6; shift 6
cd "{home}/app" && PATH="{postgres}:$PATH" PGHOST=127.0.0.1 PGPORT={port} PGPASSWORD={password} exec "$@"
"""


async def backed_up(machine: Machine, folder: Path) -> None:
    """By the script itself; in the place of docker is what runs its words here."""
    programs = machine.home / "bin"
    programs.mkdir()
    docker = programs / "docker"
    where = {"home": machine.home, "postgres": postgres.find_postgres(), "port": machine.ports["5432"]}
    docker.write_text(DOCKER.format(**where, password=machine.dotenv["POSTGRES_PASSWORD"]))
    docker.chmod(0o755)
    path = f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin"
    await run([str(ROOT / "deploy/backup.sh"), str(folder)], {"PATH": path})
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as database:
        assert database.execute("select count(*) from chartmogul.plans").fetchone()
    for name in ("temporal", "temporal_visibility"):
        restore = [str(postgres.find_postgres() / "pg_restore"), "--list", str(folder / f"{name}.dump")]
        await run(restore, {"PATH": path})
    assert (folder / "config" / "routes.yaml").exists()
    assert folder.stat().st_mode & 0o077 == 0


async def one_cancellation(control: Control) -> None:
    control.cancel(control.customers(limit=1)[0].uuid)
    await exactly_one(lambda: control.records("Task"))
    await exactly_one(control.messages)


async def is_polled(port: str, namespace: str = "default") -> None:
    client = await Client.connect(f"127.0.0.1:{port}", namespace=namespace)
    described = await client.get_schedule_handle("poll/default").describe()
    assert not described.schedule.state.paused


async def exactly_one(look: Callable[[], list[Any]]) -> None:
    assert len(await until(look)) == 1
