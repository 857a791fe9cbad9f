from collections.abc import AsyncIterator
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from temporalio.api.operatorservice.v1 import (
    RemoveSearchAttributesRequest,
)

import temporal
from local.builds import NoTemporal
from local.devserver import DevServer
from local.processes import free_ports, locked
from local.temporal_cli import VERSION, find_cli
from namespace import Gaps, namespace_gaps, prepare_namespace
from tests.local.namespaces import custom_attributes, retain, retention, start_headed

pytestmark = pytest.mark.slow


@pytest.fixture
async def server(tmp_path: Path) -> DevServer:
    """Not started; a test that starts it stops it."""
    return DevServer(await find_cli(), tmp_path, *free_ports(0))


@pytest.fixture
async def running(server: DevServer) -> AsyncIterator[DevServer]:
    await server.start()
    yield server
    await server.kill()


@pytest.fixture
def said() -> Console:
    return Console(file=StringIO(), width=500)


@pytest.fixture
def empty_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nothing on the path, nothing in the cache, no way out to the network."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("MOGULFLOW_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    return folder


def put_on_path(folder: Path, name: str, says: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{says}'\n")
    program.chmod(0o755)
    return program


def put_in_cache(folder: Path) -> Path:
    cached = folder.parent / "cache" / f"temporal-{VERSION}" / "temporal"
    cached.parent.mkdir(parents=True)
    cached.touch()
    return cached


def text(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


class TestFinding:
    async def test_the_path_comes_before_the_cache(self, empty_machine: Path) -> None:
        put_in_cache(empty_machine)
        on_path = put_on_path(empty_machine, "temporal", "temporal version 1.4.1 (Server 1.28.0)")
        assert await find_cli() == on_path

    @pytest.mark.parametrize("version", ["1.3.0", "0.0.0-DEV", "what?"])
    async def test_an_old_one_on_the_path_is_refused_aloud(
        self, empty_machine: Path, said: Console, version: str
    ) -> None:
        cached = put_in_cache(empty_machine)
        put_on_path(empty_machine, "temporal", f"temporal version {version}")
        assert await find_cli(said) == cached
        assert version in text(said)
        assert "1.4" in text(said)

    async def test_without_network_and_go_it_says_what_to_do(
        self, empty_machine: Path, said: Console
    ) -> None:
        with pytest.raises(NoTemporal, match=r"Go is not installed.*\n.*https://go.dev/dl/"):
            await find_cli(said)
        assert "download site cannot be reached" in text(said)

    async def test_an_old_go_is_named(self, empty_machine: Path, said: Console) -> None:
        put_on_path(empty_machine, "go", "go version go1.22.1 linux/amd64")
        with pytest.raises(NoTemporal, match=r"go1\.22\.1.*\n.*Go 1\.26 or newer"):
            await find_cli(said)

    async def test_a_failed_build_leaves_no_cached_copy(self, empty_machine: Path, said: Console) -> None:
        put_on_path(empty_machine, "go", "go version go1.26.8 linux/amd64")
        with pytest.raises(NoTemporal, match="Building Temporal's CLI failed"):
            await find_cli(said)
        assert not list((empty_machine.parent / "cache").rglob("temporal"))


class TestServer:
    async def test_state_survives_a_crash_and_a_restart(self, server: DevServer) -> None:
        await server.start()
        try:
            client = await server.client()
            await start_headed(client, "kept")
            await server.kill()
            await server.start()
            await server.restart()
            run = await (await server.client()).get_workflow_handle("kept").describe()
            assert run.typed_search_attributes[temporal.HEADLINE] == "Churn"
        finally:
            await server.kill()

    async def test_it_is_prepared_when_it_is_ready(self, running: DevServer) -> None:
        client = await running.client()
        assert await namespace_gaps(client) == Gaps(retention=None, search_attributes=())
        assert await retention(client) == timedelta(days=30)
        wanted = {key.name: key.indexed_value_type.value for key in temporal.SEARCH_ATTRIBUTES}
        assert (await custom_attributes(client)).items() >= wanted.items()

    async def test_what_is_missing_is_named_and_restored(self, running: DevServer) -> None:
        client = await running.client()
        await client.operator_service.remove_search_attributes(
            RemoveSearchAttributesRequest(namespace="default", search_attributes=["Outcome"])
        )
        await retain(client, timedelta(days=1))
        assert await namespace_gaps(client) == Gaps(timedelta(days=1), ("Outcome",))
        await prepare_namespace(client)
        await prepare_namespace(client)
        assert await namespace_gaps(client) == Gaps(None, ())

    async def test_a_longer_retention_stays(self, running: DevServer) -> None:
        client = await running.client()
        await retain(client, timedelta(days=90))
        await prepare_namespace(client)
        assert await retention(client) == timedelta(days=90)

    async def test_a_second_server_takes_a_database_of_its_own(self, running: DevServer) -> None:
        state = running.log.parent.parent
        other = DevServer(Path(running.command[0]), state, *free_ports(0))
        try:
            await other.start()
            assert other.lock != running.lock
        finally:
            await other.kill()

    async def test_its_database_is_free_when_it_has_stopped(self, server: DevServer) -> None:
        assert server.lock
        await server.start()
        try:
            with pytest.raises(BlockingIOError), locked(server.lock):
                pass
        finally:
            await server.stop()
        with locked(server.lock):
            pass
