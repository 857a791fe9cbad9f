"""What tests stand on: simulators and Temporal as real processes, workers and ingress in this one."""

import asyncio
import functools
import gc
import inspect
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from contextlib import ExitStack, asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions, _runner
from temporalio.worker.workflow_sandbox._importer import Importer
from temporalio.worker.workflow_sandbox._restrictions import RestrictionContext

import worker
from clients.kit.cooldown import Cooldowns
from local.devserver import DevServer
from local.processes import free_ports
from local.stack import EXAMPLE_CONFIG, OURS
from local.temporal_cli import find_cli
from namespace import prepare_namespace
from settings import Settings
from simulators.kit.control import Control
from systems import SYSTEMS
from temporal import RETENTION
from tests.dev_server import OnePartition
from tests.emulators.running import Emulator, running
from tests.forks import THREADS, forking
from tests.waiting import until

hypothesis.settings.register_profile("ours", deadline=None)  # no test depends on the machine's pace
hypothesis.settings.load_profile("ours")

gc.set_threshold(10_000)  # as the product's

_prepare_workflow = SandboxedWorkflowRunner.prepare_workflow
_prepared = set[type]()


def _prepare_once(runner: SandboxedWorkflowRunner, definition: Any) -> None:
    """Each start of a worker loads each workflow in the sandbox, to see that it can be: 0.4 s for the same
    answer, of which a process needs one."""
    if definition.cls not in _prepared:
        _prepare_workflow(runner, definition)
        _prepared.add(definition.cls)


SandboxedWorkflowRunner.prepare_workflow = _prepare_once  # type: ignore[assignment, method-assign]


class _OfThread(threading.local, RestrictionContext):
    """Whether workflow code runs, in each of the threads in which runs go on at the same time."""


_importers = dict[str | None, Importer]()


def _importer_of_all_runs(
    restrictions: SandboxRestrictions, _: RestrictionContext, workflow_module_name: str | None = None
) -> Importer:
    """The sandbox loads a workflow's modules anew for each run, which costs more than most runs. Here all
    runs of a process share those that were loaded when the first worker was prepared, as they share them in
    production, without a sandbox. What a run may not use is refused to each, as ever."""
    if (found := _importers.get(workflow_module_name)) is None:
        found = Importer(restrictions, _OfThread(), workflow_module_name)
        _importers[workflow_module_name] = found
    return found


_runner.Importer = _importer_of_all_runs  # type: ignore[assignment, attr-defined]

DevServer.synchronous = "off"  # the disk took a third of the time of all that tests do

ROOT = Path(__file__).parent.parent
SECRET = "a-secret-of-the-tests"
OLD_SECRET = "the-one-before-the-rotation"
# neither a user's connections and terminal nor the files in config, which a user edits, may reach a test
TERMINAL = ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR")
for exported in [name for name in os.environ if name.upper().startswith((*OURS, *TERMINAL))]:
    del os.environ[exported]
for proxy in [name for name in os.environ if name.upper().endswith("_PROXY")]:
    del os.environ[proxy]  # in any spelling: what a test calls, or finds away, it does itself
for size in ("COLUMNS", "LINES"):
    os.unsetenv(size)  # readline, which pytest imports, sets them for children, past os.environ
# a shell that starts a command in the background has it ignore Ctrl-C, and its children after it
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
os.environ |= {
    f"{name.upper()}_FILE": str(EXAMPLE_CONFIG / f"{name}.yaml") for name in ("routes", "warehouse", "crm")
}
os.environ["AGENTS_FILE"] = str(EXAMPLE_CONFIG / "no-agents.yaml")  # which there is not, whatever a user has


SERVERS = {
    "temporal_server", "shared_stack", "stack", "quiet", "server", "postgres", "snowflake_emulator",
    "bigquery_emulator", "s3_emulator", "httpbin", "json_server", "stripe_mock", "upgraded",
}  # fmt: skip
"""Fixtures that start one."""

WHOLE_SYSTEM = {"service", "chaos"}
"""Folders of tests that start everything. Elsewhere a test that starts its own bears the mark itself."""


LONG_FIRST = ("docs", "contracts", "service", "operations", "chaos", "upgrade", "workflows")
"""Folders whose files take long. They begin first, lest one is left alone at the end, and folder by folder: a
process starts one installation for those files of a folder that follow each other."""


def _turn(item: pytest.Item) -> int:
    folder = item.path.parent.name
    return LONG_FIRST.index(folder) if folder in LONG_FIRST else len(LONG_FIRST)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)
    for item in items:
        starts = isinstance(item, pytest.Function) and SERVERS & set(item.fixturenames)
        if starts or item.path.parent.name in WHOLE_SYSTEM:
            item.add_marker(pytest.mark.needs_server)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Generator[None]:
    """Thousands of tests stay for ever: the collector need not look through them, nor while they are made."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(config: pytest.Config, specs: list[Any]) -> None:
    """Not where coverage is measured, which has to see imports, nor where threads cannot be seen."""
    if THREADS.exists() and not config.getoption("cov_source", None):
        stack = ExitStack()
        config.add_cleanup(stack.close)
        python = stack.enter_context(forking(config.args))
        for spec in specs:
            spec.python = python


SHARE_OF_TIME = 0.8
"""Of a test's time limit: when it is cancelled."""


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Cancel a test that takes too long, so that it lets go of what it holds, and tells where it waited. The
    signal of pytest-timeout, which comes later, only stops the loop: the test would go on in the next one."""
    if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
        item.obj = _within(SHARE_OF_TIME * _limit_seconds(item), item.obj)
    return (yield)


def _limit_seconds(item: pytest.Item) -> float:
    if marker := item.get_closest_marker("timeout"):
        return float(marker.args[0])
    return float(item.config.getoption("timeout") or item.config.getini("timeout"))


def _within(seconds: float, test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def limited(*arguments: Any, **fixtures: Any) -> None:
        async with asyncio.timeout(seconds):
            await test(*arguments, **fixtures)

    return limited


@contextmanager
def running_simulators() -> Iterator[str]:
    """Their URL."""
    command = [sys.executable, "-m", "simulators", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"]
        finally:
            process.terminate()


@pytest.fixture(scope="session")
def simulators_url() -> Iterator[str]:
    with running_simulators() as url:
        yield url


NAMESPACES = itertools.count(1)


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """Of the simulators' customers: the same in each run of a test, and no other test's, for the events of
    one customer are the same runs."""
    return zlib.crc32(request.node.nodeid.encode())


@pytest.fixture(scope="session")
def cooldowns(simulators_url: str) -> Cooldowns:
    """Those of `workers`."""
    return worker.cooldowns_for(settings_for(simulators_url))


@pytest.fixture
async def simulators(simulators_url: str, cooldowns: Cooldowns, seed: int) -> AsyncIterator[Control]:
    """The simulators, fresh, and with customers whose events no other test has seen."""
    for each in cooldowns._of.values():
        each._held = None  # where the last test failed before it resumed it
    cooldowns.forget()  # a pause that the last test's system asked for
    with Control(simulators_url) as control:
        control.reset(seed=seed)
        yield control


@asynccontextmanager
async def running_temporal(state: Path, kind: type[DevServer] = DevServer) -> AsyncIterator[DevServer]:
    server = kind(await find_cli(), state, free_ports(0)[0])
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@pytest.fixture(scope="session")
async def temporal_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[DevServer]:
    async with running_temporal(tmp_path_factory.mktemp("temporal"), OnePartition) as server:
        yield server


@pytest.fixture(scope="session")
async def client(temporal_server: DevServer) -> Client:
    return await temporal_server.client()


async def in_a_namespace_of_its_own(client: Client) -> Client:
    """On the same server, for who looks at every run there is."""
    name = f"its-own-{next(NAMESPACES)}"
    retention = Duration(seconds=int(RETENTION.total_seconds()))
    request = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    await until(lambda: _is_registered(client, request))
    own = Client(client.service_client, namespace=name, data_converter=client.data_converter)

    async def is_prepared() -> bool:
        try:
            await prepare_namespace(own)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # the server looks for new ones now and then
                raise
            return False
        return True

    await until(is_prepared)
    return own


async def _is_registered(client: Client, request: RegisterNamespaceRequest) -> bool:
    """The server ends a connection that is five minutes old, and a call that meets this is cancelled."""
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status is RPCStatusCode.CANCELLED:
            return False
        if error.status is not RPCStatusCode.ALREADY_EXISTS:
            raise
    return True


async def terminate(client: Client, query: str) -> None:
    """Every run that the query finds, and that has not ended by then."""
    async for run in client.list_workflows(query):
        with suppress(RPCError):
            await client.get_workflow_handle(run.id, run_id=run.run_id).terminate()


def settings_for(simulators_url: str) -> Settings:
    """As a person would set them, with the sandbox that guards determinism."""
    declared = {name: value for system in SYSTEMS for name, value in system.simulated.items()}
    own = {
        "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS": f"{OLD_SECRET},{SECRET}",
        "CONNECTOR__ALLOWED_HOSTS": "127.0.0.1",
        "SLACK__SETTLE_SECONDS": "0.4",
        "ROUTES_FILE": str(ROOT / "tests/routes.yaml"),
        "WORKFLOW_SANDBOX": "true",
    }
    return Settings(**_nested({**declared, **own}, simulators_url))


def _nested(variables: Mapping[str, str], simulators_url: str) -> dict[str, Any]:
    """As pydantic-settings reads them from the environment."""
    found: dict[str, Any] = {}
    for name, value in variables.items():
        *parents, last = name.lower().split("__")
        place = functools.reduce(lambda place, parent: place.setdefault(parent, {}), parents, found)
        place[last] = value.format(simulators=simulators_url)
    return found


@pytest.fixture(scope="session")
def settings(simulators_url: str) -> Settings:
    return settings_for(simulators_url)


@pytest.fixture(scope="session")
async def workers(client: Client, settings: Settings, cooldowns: Cooldowns) -> AsyncIterator[None]:
    """All workers, in this process, with the workflow sandbox on."""
    async with worker.running(client, settings, cooldowns=cooldowns):
        yield


def emulator_of(name: str) -> Any:
    """A fixture, under the name that it is given."""

    @pytest.fixture(scope="session")
    async def emulator(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Emulator]:
        async with running(name, tmp_path_factory.mktemp(name) / "log") as found:
            yield found

    return emulator


snowflake_emulator = emulator_of("snowflake")
bigquery_emulator = emulator_of("bigquery")
s3_emulator = emulator_of("s3")
httpbin = emulator_of("httpbin")
json_server = emulator_of("json_server")
stripe_mock = emulator_of("stripe_mock")
