"""`serve`, `ingress` and `worker` as processes: what they do without Temporal, and how they end."""

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from temporalio.client import Client

from commands.serve import listening
from ingress.app import create_app
from local.devserver import DevServer
from local.processes import free_ports
from local.stack import EXAMPLE_CONFIG, OURS
from local.temporal_cli import find_cli
from operations.errors import Stopped
from settings import Settings
from simulators.kit.control import NO_CERTIFICATES
from tests.conftest import SECRET
from tests.imported import Started, started
from tests.ingress.conftest import churn
from tests.service.conftest import WIDE
from tests.waiting import until_equal

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Service:
    process: Started
    port: int

    async def get(self, path: str) -> int:
        async with self._http() as http:
            return (await http.get(path)).status_code

    async def post(self, body: dict[str, Any]) -> httpx.Response:
        async with self._http() as http:
            return await http.post(f"/webhooks/chartmogul/{SECRET}", json=body)

    def _http(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=60, verify=NO_CERTIFICATES
        )

    async def until_answers(self, path: str, status: int = 200) -> None:
        async def answer() -> int | None:
            with suppress(httpx.TransportError):  # it does not listen yet
                return await self.get(path)
            return None

        await until_equal(answer, status)


Start = Callable[..., AbstractAsyncContextManager[Service]]


@pytest.fixture
def start(tmp_path: Path) -> Start:
    """The command, for a Temporal at the address given."""

    @asynccontextmanager
    async def run(command: str, temporal: str, **more: str) -> AsyncIterator[Service]:
        [port] = free_ports(0)
        clean = {name: value for name, value in os.environ.items() if not name.upper().startswith(OURS)}
        environment = {
            "TEMPORAL_ADDRESS": temporal,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            "CHARTMOGUL__DEFAULT__API_KEY": "none",
            "CHARTMOGUL__DEFAULT__BASE_URL": "http://127.0.0.1:9/v1",
            "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS": SECRET,
            "INGRESS_PORT": str(port),
            "ROUTES_FILE": str(EXAMPLE_CONFIG / "routes.yaml"),
        }
        async with started([command], clean | environment | WIDE | more, tmp_path) as process:
            yield Service(process, port)

    return run


def nobody() -> str:
    return f"127.0.0.1:{free_ports(0)[0]}"


@pytest.mark.parametrize("command", ["serve", "ingress"])
async def test_without_temporal_it_listens_takes_nothing_and_ends_when_told(
    start: Start, command: str
) -> None:
    async with start(command, nobody()) as service:
        await service.until_answers("/health")
        assert await service.get("/ready") == 503
        assert (await service.post(churn())).status_code == 503
        service.process.terminate()
        assert "Traceback" not in await service.process.said()
        assert service.process.code == 0


async def test_workers_alone_wait_for_temporal_need_no_routes_and_end_when_told(start: Start) -> None:
    async with start("worker", nobody(), ROUTES_FILE="/nowhere") as service:
        await service.process.until_said("waiting for Temporal")
        service.process.terminate()
        assert "Traceback" not in await service.process.said()
        assert service.process.code == 0


@pytest.mark.needs_server
async def test_it_begins_when_temporal_comes_and_an_open_request_does_not_hold_its_end(
    start: Start, tmp_path: Path
) -> None:
    server = DevServer(await find_cli(), tmp_path / "temporal", free_ports(0)[0])
    async with start("serve", server.address, LOG_LEVEL="debug") as service:
        await service.until_answers("/ready", 503)
        await server.start()
        try:
            await service.until_answers("/ready")
            answer = await service.post(churn())
            assert answer.status_code == 202
            assert await was_eager(await server.client(), answer.json()["runs"][0]["workflow_id"])
            with socket.create_connection(("127.0.0.1", service.port)) as half:
                half.send(f"POST /webhooks/chartmogul/{SECRET} HTTP/1.1\r\nHost: x\r\n".encode())
                half.send(b"Content-Length: 100\r\n\r\n{")
                await asyncio.sleep(0.3)
                service.process.terminate()
                said = await service.process.said()
            assert service.process.code == 0
            assert "/webhooks/chartmogul/{secret}" in said
            for private in (SECRET, "Nora", "Fjord"):
                assert private not in said
        finally:
            await server.stop()


async def was_eager(client: Client, workflow_id: str) -> bool:
    """Whether the first task went straight to the worker in the process that started the run."""
    async for event in client.get_workflow_handle(workflow_id).fetch_history_events():
        return event.workflow_execution_started_event_attributes.eager_execution_accepted
    return False


async def test_a_busy_port_ends_it_with_a_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        async with start("serve", nobody(), INGRESS_PORT=str(busy.getsockname()[1])) as service:
            said = await service.process.said()
    assert service.process.code == 1
    assert "Set INGRESS_HOST and INGRESS_PORT." in said
    assert '"ready"' not in said
    assert "Traceback" not in said


async def test_a_missing_namespace_ends_it_with_a_sentence(start: Start, temporal_server: DevServer) -> None:
    async with start("serve", temporal_server.address, TEMPORAL_NAMESPACE="nowhere") as service:
        said = await service.process.said()
    assert service.process.code == 1
    assert "Temporal has no namespace nowhere." in said
    assert '"ready"' not in said
    assert "Traceback" not in said


async def test_a_server_that_ends_by_itself_ends_the_service(settings: Settings) -> None:
    settings = settings.model_copy(update={"ingress_port": free_ports(0)[0]})

    async def serve_one_request() -> None:
        async with listening(create_app(settings), settings) as server, asyncio.timeout(120):
            server.limit_max_requests = 1
            async with httpx.AsyncClient(trust_env=False) as http:
                await http.get(f"http://127.0.0.1:{settings.ingress_port}/health")
            await asyncio.Event().wait()

    with pytest.raises(ExceptionGroup) as failed:
        await serve_one_request()
    assert failed.group_contains(Stopped, match="ended by itself")


@pytest.mark.parametrize(
    ("variable", "value", "code", "sentence"),
    [
        ("TEMPORAL_TLS_CLIENT_CERT_PATH", "/nowhere", 2, "A TEMPORAL_* variable cannot be used"),
        ("TEMPORAL_ADDRESS", "127.0.0.1:99999", 2, "TEMPORAL_ADDRESS or TEMPORAL_TLS_* cannot be used"),
        ("WORKER_METRICS_ADDRESS", "192.0.2.1:9464", 1, "WORKER_METRICS_ADDRESS: "),
    ],
)
async def test_what_cannot_be_used_ends_it_with_a_sentence(
    start: Start, variable: str, value: str, code: int, sentence: str
) -> None:
    async with start("serve", nobody(), **{variable: value}) as service:
        said = await service.process.said()
    assert service.process.code == code
    assert sentence in said
    assert "Traceback" not in said


async def test_a_route_that_is_never_reached_is_said_at_start(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "routes.yaml"
    rest = "template: churn_save, options: {channel: c}"
    file.write_text(
        "routes:\n"
        f"  - {{name: all, when: {{movements: [churn]}}, {rest}}}\n"
        f"  - {{name: large, when: {{movements: [churn], minimum_mrr: 500}}, {rest}}}\n"
    )
    async with start("serve", nobody(), ROUTES_FILE=str(file)) as service:
        await service.process.until_said(
            "route large is never reached: route all stands before it and takes every"
        )
        await service.until_answers("/health")  # files that worked go on working
