"""`attention`: what waits for a person, as the watch that tells the ops channel sees it."""

from datetime import UTC, datetime, timedelta

from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

import temporal
from activities.runs import find_trouble
from models.attention import AttentionQuery, Kind, Trouble, Waiting
from settings import Settings
from workflows.attention_texts import what_to_do

LONG = timedelta(hours=1)
"""Runs that have waited for a system so long are listed one by one."""


async def show_attention(settings: Settings, console: Console) -> bool:
    """Whether anything waits for a person."""
    client = await temporal.connect()
    found = await find_trouble(client, AttentionQuery(long_wait=LONG), datetime.now(UTC))
    if found.troubles:
        console.print(_table(found.troubles))
    else:
        console.print("Nothing waits for a person.")
    for waiting in found.waiting:
        console.print(_waiting(waiting), soft_wrap=True)
    if found.more:
        console.print(f"{found.more} more are not listed.")
    if found.troubles:
        console.print(f"Web UI: {settings.web_ui_url}/namespaces/{client.namespace}/workflows")
    return bool(found.troubles)


def _table(troubles: list[Trouble]) -> Table:
    table = Table("what", "since", "Headline", "what to do", box=SIMPLE)
    table.add_column("run", no_wrap=True)  # a run's id is to be copied whole
    for run in troubles:
        since = run.since.astimezone().strftime("%d %b %H:%M")
        todo = f"{run.message}. {what_to_do(run)}" if run.message else what_to_do(run)
        table.add_row(_what(run), since, escape(run.headline), escape(todo), escape(run.workflow_id))
    return table


def _what(run: Trouble) -> str:
    return "waiting over an hour" if run.kind is Kind.WAITING else run.kind.value


def _waiting(waiting: Waiting) -> str:
    since = waiting.since.astimezone().strftime("%d %b %H:%M")
    why = escape(f": {waiting.message}" if waiting.message else "")
    return f"Runs that wait for {waiting.system}, the first since {since}: {waiting.count}{why}."
