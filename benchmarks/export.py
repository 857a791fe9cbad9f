"""The nightly export of MRR movements, against the ceiling of ChartMogul's API and against others."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from statistics import median

from benchmarks.export_ground import PER_PAGE, Pages, exporting, peer_seconds, served
from benchmarks.ground import Ground
from benchmarks.memory import LOOK_SECONDS, peak_of
from benchmarks.results import Result, at_least, at_most
from local.postgres import USER, Postgres
from local.processes import free_ports
from local.stack import STATE
from tests.emulators.running import running

ROWS = 100_000
ROUNDS = 3

OURS, AGAIN = "export, first night", "export, a second night without a change"
LOOP, DLT, AIRBYTE = (
    "bare loop: httpx, pages fetched and decoded one by one",
    "dlt: REST source, merge by Parquet",
    "Airbyte's CDK: messages to a file, nothing loaded",
)
SCRIPTS = {LOOP: "loop", DLT: "dlt", AIRBYTE: "airbyte"}
GOALS = {LOOP: 0.35, DLT: 2.5, AIRBYTE: 1.8}
"""Rows a second of ours for one of theirs."""
AGAIN_GOAL = 1.5

DELAY_MS, PER_SECOND = 150, 40
MANY, QUICK_MANY = 1_000_000, 100_000
PEERS_ROWS = 20_000
CEILING_GOAL, PEERS_GOAL = 0.9, 5

FEW = 100_000
MEMORY_GOAL = 1.3


async def export(ground: Ground) -> Result:
    """In turns, so that whatever else the machine does meets all of them."""
    seconds: dict[str, list[float]] = {name: [] for name in (OURS, AGAIN, *SCRIPTS)}
    async with served(ROWS) as pages:
        for script in SCRIPTS.values():
            await peer_seconds(script, pages)
        for _ in range(ROUNDS):
            async with exporting(ground, pages) as exporter:
                for name in (OURS, AGAIN):
                    seconds[name].append(await exporter.night())
            for name, script in SCRIPTS.items():
                seconds[name].append(await peer_seconds(script, pages))
    return Result(
        "export",
        ["", "seconds", "quickest", "slowest", "rows per second", "first night against it", "goal"],
        [[name, *_summed(each), *_against(name, seconds)] for name, each in seconds.items()],
        f"{ROWS:,} movements, {PER_PAGE} a page, into DuckDB; no latency, no ceiling. Ours from the start of "
        "the run to its result, with what Temporal takes; theirs in processes of their own, without imports. "
        f"Median of {ROUNDS} rounds in turns, ratios within a round.",
    )


async def export_ceiling(ground: Ground, *, quick: bool = False) -> Result:
    """As ChartMogul answers: pages take their time, and only so many a second are given."""
    rows, most = QUICK_MANY if quick else MANY, PER_SECOND * PER_PAGE
    async with _slow(rows) as pages:
        async with exporting(ground, pages) as exporter:
            seconds = await exporter.night()
            again, unchanged = await exporter.any_night()
        refused = await pages.refused()
    ours = rows / seconds
    lines = [
        ["ceiling", "", "", f"{most:,}", f"{ours / most:.2f}", at_least(CEILING_GOAL, ours / most)],
        [OURS, f"{rows:,}", f"{seconds:.1f}", f"{ours:,.0f}", "", ""],
        [
            *(AGAIN, f"{unchanged.rows_read:,}", f"{again:.1f}", f"{unchanged.rows_read / again:,.0f}"),
            *(f"{again / seconds:.2f}", _faster(seconds / again)),
        ],
    ]
    async with _slow(PEERS_ROWS) as pages:
        for name in (DLT, AIRBYTE):
            took = await peer_seconds(SCRIPTS[name], pages)
            ratio = ours * took / PEERS_ROWS
            line = [f"{PEERS_ROWS:,}", f"{took:.1f}", f"{PEERS_ROWS / took:,.0f}", f"{ratio:.1f}"]
            lines.append([name, *line, at_least(PEERS_GOAL, ratio)])
    return Result(
        "export_ceiling",
        ["", "rows", "seconds", "rows per second", "export against it", "goal"],
        lines,
        f"{DELAY_MS} ms for a page of {PER_PAGE}, at most {PER_SECOND} requests in any second: {refused} of "
        "ours were refused. `BULK_SHARE` is 1: the whole ceiling is the export's; by default it is half. "
        f"The others, who read one page after the other, would take the same {PER_PAGE} rows for each "
        "wait however many there are, so they read fewer.",
    )


async def export_memory(ground: Ground, *, quick: bool = False) -> Result:
    """No latency and no ceiling: as much at once as there can be."""
    sizes = (FEW // 10, FEW) if quick else (FEW, MANY)
    peaks = []
    for rows in sizes:
        async with served(rows) as pages, exporting(ground, pages) as exporter:
            async with peak_of(exporter.pid) as peak:
                await exporter.night()
            peaks.append(max(peak))
    ratio = peaks[1] / peaks[0]
    lines = [[f"{rows:,} movements", f"{peak:.0f}", ""] for rows, peak in zip(sizes, peaks, strict=True)]
    return Result(
        "export_memory",
        ["peak, megabytes", "", "goal"],
        [*lines, ["... the second to the first", f"{ratio:.2f}", at_most(MEMORY_GOAL, ratio)]],
        "Resident memory of `mogulflow serve`, ingress, worker and DuckDB in one process, looked at every "
        f"{LOOK_SECONDS:g} s during a first night.",
    )


async def export_engines(ground: Ground) -> Result:
    lines = []
    for name, engine in ENGINES.items():
        async with AsyncExitStack() as held:
            pages = await held.enter_async_context(served(ROWS))
            settings = await held.enter_async_context(engine())
            exporter = await held.enter_async_context(exporting(ground, pages, **settings))
            first, second = await exporter.night(), await exporter.night()
        lines.append(
            [name, *(each for took in (first, second) for each in (f"{took:.1f}", f"{ROWS / took:,.0f}"))]
        )
    return Result(
        "export_engines",
        ["", "first night, s", "rows per second", "unchanged, s", "rows per second"],
        lines,
        f"{ROWS:,} movements, no latency, one run. Snowflake is an emulator in a process of its own, reached "
        "by Snowflake's own connector: its figures tell of the way there, not of Snowflake.",
    )


@asynccontextmanager
async def _duckdb() -> AsyncIterator[dict[str, object]]:
    yield {}


@asynccontextmanager
async def _postgres() -> AsyncIterator[dict[str, object]]:
    (port,) = free_ports(0)
    server = Postgres(STATE / "benchmark-postgres", port, STATE / "logs" / "benchmark-postgres.log")
    await server.start()
    try:
        name = f"bench{port}"
        await server.execute("postgres", f"create database {name}")
        yield {"engine": "postgres", "dsn": f"postgresql://{USER}:{server.password}@127.0.0.1:{port}/{name}"}
    finally:
        await server.stop()


@asynccontextmanager
async def _snowflake() -> AsyncIterator[dict[str, object]]:
    async with running("snowflake", STATE / "logs" / "benchmark-snowflake.log") as emulator:
        yield {
            "engine": "snowflake",
            "account": "emulator",
            "user": "mogulflow",
            "password": "emulator",
            "database": "warehouse",
            "host": "127.0.0.1",
            "port": emulator.port,
            "protocol": "http",
        }


ENGINES = {"DuckDB": _duckdb, "PostgreSQL": _postgres, "Snowflake's emulator": _snowflake}


def _slow(rows: int) -> AbstractAsyncContextManager[Pages]:
    return served(rows, delay_ms=DELAY_MS, per_second=PER_SECOND)


def _summed(seconds: list[float]) -> list[str]:
    shown = [f"{each:.2f}" for each in (median(seconds), min(seconds), max(seconds))]
    return [*shown, f"{ROWS / median(seconds):,.0f}"]


def _against(name: str, seconds: dict[str, list[float]]) -> list[str]:
    if name == OURS:
        return ["", ""]
    pairs = zip(seconds[OURS], seconds[name], strict=True)
    if name == AGAIN:
        ratio = median(first / again for first, again in pairs)
        return [f"{1 / ratio:.2f}", _faster(ratio)]
    ratio = median(theirs / ours for ours, theirs in pairs)
    return [f"{ratio:.2f}", at_least(GOALS[name], ratio)]


def _faster(ratio: float) -> str:
    return f"{ratio:.2f} times as fast, {at_least(AGAIN_GOAL, ratio)}"
