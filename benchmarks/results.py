"""Results as tables: on the terminal, and between markers in the README."""

import os
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from rich.table import Table

README = Path(__file__).with_name("README.md")
SERVER = os.environ.get("MOGULFLOW_TEMPORAL") or "dev"
"""Which Temporal the stack has started; results of each stand side by side."""

SERVERS = {"dev": "Temporal's dev server with its state in a file", "postgres": "Temporal on PostgreSQL"}


@dataclass(frozen=True)
class Result:
    """`name` is the benchmark's; with the server's it is that of its place in the README."""

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str

    def table(self) -> Table:
        table = Table(
            title=f"{self.name}, {SERVERS[SERVER]}",
            title_justify="left",
            caption=self.note,
            caption_justify="left",
        )
        for number, column in enumerate(self.columns):
            table.add_column(column, justify="right" if number else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def markdown(self) -> str:
        ruler = ["---", *["--:"] * (len(self.columns) - 1)]
        lines = [f"| {' | '.join(cells)} |" for cells in (self.columns, ruler, *self.rows)]
        return "\n".join([f"On {SERVERS[SERVER]}:", "", *lines, "", f"{self.note} {machine()}"])


def at_least(goal: float, value: float) -> str:
    """The goal, and whether it holds."""
    return f"≥ {goal:g}: {'holds' if value >= goal else 'missed'}"


def at_most(goal: float, value: float) -> str:
    return f"≤ {goal:g}: {'holds' if value <= goal else 'missed'}"


def write(result: Result) -> None:
    """Put it in the place of the earlier one."""
    name = f"{result.name} {SERVER}"
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    place = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", re.DOTALL)
    block = f"{start}\n{result.markdown()}\n{end}"
    README.write_text(place.sub(lambda _: block, README.read_text(encoding="utf-8")), encoding="utf-8")


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    software = f"Python {platform.python_version()}, Temporal SDK {version('temporalio')}"
    return f"Measured on {os.cpu_count()} cores and {memory:.0f} GB with {software}."
