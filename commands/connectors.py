"""`connector`: operations as a table, checks, and one request with its answer."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.syntax import Syntax
from ruamel.yaml import YAML

from commands.doctor import add_finding, findings_table
from commands.show import folding
from commands.texts import escape
from models.bounds import within
from models.findings import Finding, State
from operations.connector_import import Proposed
from operations.connectors import Listed, Tried
from operations.errors import Stopped

LONGEST_BODY = 20_000
"""Bytes of a body that is shown."""


def print_listed(found: Iterable[Listed], folder: Path, console: Console) -> None:
    rows = list(found)
    if not rows:
        console.print(f"There is no file in {folder}. docs/connectors.md has one to begin with.")
        return
    table = folding("operation", "request", "repeats")
    for each in rows:
        name = f"{each.connector}.{each.operation}"
        about = f"{name}\n[dim]{escape(each.summary)}[/]" if each.summary else name
        table.add_row(about, escape(f"{each.method} {each.path}"), escape(each.guard))
    console.print(table)


def print_findings(found: Iterable[Finding], console: Console) -> bool:
    """False where one is a fault."""
    rows = list(found)
    if not rows:
        console.print(
            "There is no connector, and no route calls one. docs/connectors.md has one to begin with."
        )
        return True
    table = findings_table()
    for each in rows:
        add_finding(table, each)
    console.print(table)
    return all(each.state is not State.FAULT for each in rows)


def print_tried(tried: Tried, *, sent: bool, console: Console) -> None:
    console.print(f"[bold]{tried.method}[/] {escape(tried.url)}", soft_wrap=True, highlight=False)
    for name, value in tried.headers.items():
        console.print(f"{escape(name)}: {escape(value)}", soft_wrap=True, highlight=False)
    if tried.body:
        _print_body(tried.body, console)
    for each in tried.left_out:
        console.print(f"[yellow]left out: {escape(each)}[/]", soft_wrap=True)
    if tried.answer is not None:
        console.print(f"\n[bold]{tried.answer.status}[/]", highlight=False)
        _print_body(json.dumps(tried.answer.body, ensure_ascii=False, default=str), console)
    elif sent:
        console.print(f"\n[bold]{len(tried.rows):,} rows[/], the first of them:", highlight=False)
        _print_body(json.dumps(tried.rows[:3], ensure_ascii=False, default=str), console)
    else:
        console.print("\nNothing was sent: add --send for a write.")


def _print_body(text: str, console: Console) -> None:
    try:
        pretty = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        console.print(escape(within(text, LONGEST_BODY)), soft_wrap=True, highlight=False)
    else:
        console.print(
            Syntax(within(pretty, LONGEST_BODY), "json", word_wrap=True, background_color="default")
        )


def print_proposed(found: Proposed, notes: Console) -> None:
    """The file on the standard output, to be sent into one; the notes to the people before it."""
    yaml = YAML()
    yaml.default_flow_style = False
    yaml.dump(found.content, sys.stdout)
    for note in found.notes:
        notes.print(f"[yellow]{escape(note)}[/]", soft_wrap=True)


def values_in(file: Path | None) -> dict[str, Any]:
    """`event`, `facts` and `answers` of a JSON file. Raises Stopped."""
    if file is None:
        return {}
    try:
        values = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Stopped(f"{file} cannot be read as JSON: {error}") from None
    if not isinstance(values, dict):
        raise Stopped(f"{file} must hold an object with event, facts and answers")
    return values
