"""What exports are measured on: a list of movements in a process of its own, and a service that reads it."""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

import temporal
from benchmarks.ground import Ground, served_anew
from configuration.files import load_mapping
from local import environments
from local.processes import Child, free_ports
from local.stack import EXAMPLE_CONFIG, ROOT, STATE
from models.templates.warehouse_export import ExportInput, ExportReport
from models.warehouse_loads import Loaded

PER_PAGE = 200
MAPPING = load_mapping(EXAMPLE_CONFIG / "warehouse.yaml")
PEERS = Path(__file__).with_name("peers")
UNBOUND = 100_000
"""Requests a second, where there is no ceiling."""


class NotComparable(RuntimeError):
    """Somebody did not read all of the list."""


@dataclass(frozen=True)
class Pages:
    """The list, served."""

    url: str
    rows: int
    per_second: int

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    async def refused(self) -> int:
        """Calls above the ceiling."""
        async with httpx.AsyncClient(trust_env=False) as http:
            return int((await http.get(f"{self.url}/calls")).json()["refused"])


@asynccontextmanager
async def served(rows: int, *, delay_ms: int = 0, per_second: int = 0) -> AsyncIterator[Pages]:
    """So many movements, one a minute; pages after so long, and so many a second at most (0: no ceiling)."""
    (port,) = free_ports(0)
    url = f"http://127.0.0.1:{port}"
    words = {"--port": port, "--rows": rows, "--delay-ms": delay_ms, "--per-second": per_second}
    child = Child(
        name="page server",
        command=[sys.executable, str(ROOT / "benchmarks" / "page_server.py"), *_flat(words)],
        log=STATE / "logs" / "page_server.log",
        ready=lambda: _answers(f"{url}/calls"),
        ready_within_seconds=120,  # a million rows are rendered first
    )
    await child.start()
    try:
        yield Pages(url, rows, per_second)
    finally:
        await child.stop()


@dataclass
class Exporter:
    """A service that exports the list into one warehouse."""

    ground: Ground
    pages: Pages

    @property
    def pid(self) -> int:
        return self.ground.stack.serve.pid

    async def night(self) -> float:
        """Seconds from the run's start to its result, of a night that reads the whole list."""
        seconds, load = await self.any_night()
        if load.rows_read != self.pages.rows:
            raise NotComparable(f"{load.rows_read} rows came instead of {self.pages.rows}")
        return seconds

    async def any_night(self) -> tuple[float, Loaded]:
        """The same, and what it says of the movements."""
        began = time.perf_counter()
        report = await self._run("mrr_movements")
        seconds = time.perf_counter() - began
        [load] = report.loads
        return seconds, load

    async def warm_up(self) -> None:
        """A service that has run for a while has imported what it needs; peers' imports are not counted."""
        await self._run("plans")

    async def _run(self, stream: str) -> ExportReport:
        given = ExportInput(account="default", mapping=MAPPING, streams=[stream])
        report: ExportReport = await self.ground.client.execute_workflow(
            "warehouse_export",
            given,
            id=f"export/{uuid4()}",
            task_queue=temporal.WORKFLOWS,
            result_type=ExportReport,
        )
        if report.problems:
            raise NotComparable(report.problems[0].message)
        return report


@asynccontextmanager
async def exporting(ground: Ground, pages: Pages, **warehouse: object) -> AsyncIterator[Exporter]:
    """`mogulflow serve` anew, on that list and an empty warehouse: DuckDB's, or as the settings say."""
    account = {
        "base_url": pages.base_url,
        "requests_per_second": pages.per_second or UNBOUND,
        "bulk_share": 1,
    }
    changed = {f"CHARTMOGUL__DEFAULT__{name.upper()}": value for name, value in account.items()}
    changed |= {f"WAREHOUSE__{name.upper()}": value for name, value in warehouse.items()}
    ground.stack.warehouse.unlink(missing_ok=True)
    async with served_anew(ground, changed):
        exporter = Exporter(ground, pages)
        await exporter.warm_up()
        yield exporter


async def peer_seconds(name: str, pages: Pages) -> float:
    """How long a script of peers/ takes to read the list, by its own clock."""
    python = await _python_of(name)
    with tempfile.TemporaryDirectory(prefix="peer-", dir=STATE) as folder:
        process = await asyncio.create_subprocess_exec(
            *(str(python), str(PEERS / f"{name}_peer.py"), pages.base_url, str(pages.rows), folder),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={"PATH": "/usr/bin:/bin", "HOME": folder, "PYTHONNOUSERSITE": "1", "NO_PROXY": "127.0.0.1"},
        )
        said, _ = await process.communicate()
    last = said.decode(errors="replace").strip().rpartition("\n")[2]
    if process.returncode:
        raise NotComparable(f"{name} failed: {last}")
    return float(last)


async def _python_of(name: str) -> Path:
    lock = PEERS / f"{name}.lock"
    if not lock.exists():
        return Path(sys.executable)
    return await environments.python_of(f"peer-{name}", lock, f"{name}, to compare with")


async def _answers(url: str) -> None:
    async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
        (await http.get(url)).raise_for_status()


def _flat(words: dict[str, Any]) -> list[str]:
    return [str(word) for pair in words.items() for word in pair]
