"""`send` and `preview`: an event file through the ingress, or through a run that writes nothing."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
from rich.console import Console
from rich.markup import escape
from temporalio.client import WorkflowFailureError

import temporal
from commands.show import effects_table, field_tables
from ingress.chartmogul import Refused, movement_of
from ingress.dispatch import Door
from ingress.routes import crm_for, load_routes
from models.effects import Mode
from models.runs import RunResult
from settings import Settings


class Stopped(Exception):
    """The command cannot go on; the message says what to do."""


def send(settings: Settings, file: Path, account: str, console: Console) -> None:
    """Post the file as ChartMogul would."""
    url = f"{_ingress(settings)}/webhooks/chartmogul/{_secret(settings, account)}"
    try:
        answer = httpx.post(
            url, content=file.read_bytes(), headers={"Content-Type": "application/json"}, timeout=10
        )
    except httpx.TransportError:
        raise Stopped(f"Nothing answers at {_ingress(settings)}. Start `mogulflow serve`.") from None
    console.print_json(answer.text)
    if answer.is_error:
        raise Stopped(f"The ingress answered {answer.status_code}.")


async def preview(settings: Settings, file: Path, account: str, console: Console) -> None:
    """Start preview runs for what the routes say, wait, and print what they would do."""
    try:
        event = movement_of(file.read_bytes(), account)
    except Refused as refused:
        raise Stopped(f"{file}: {refused.message}") from None
    client = await temporal.connect()
    routes = load_routes(settings.routes_file)
    door = Door(client, routes, settings.web_ui_url, crm_for(routes, settings), settings.zones)
    runs = await door.dispatch(event, received_at=datetime.now(UTC), mode=Mode.PREVIEW)
    if not runs:
        raise Stopped(f"No route in {settings.routes_file} takes this {event.movement_type} movement.")
    for run in runs:
        handle = client.get_workflow_handle(run.workflow_id, result_type=RunResult)
        with console.status(f"{run.template}: reading; a worker must be running"):
            try:
                result = await handle.result()
            except WorkflowFailureError as failure:
                raise Stopped(f"The run failed: {failure.cause}\nRun: {run.link}") from None
        console.print(effects_table(f"{run.template}: {result.outcome}", result.effects))
        for table in field_tables(result.effects):
            console.print(table)
        for problem in result.problems:
            console.print(f"[red]{problem.step}[/]: {escape(problem.message)}")
        console.print(f"Run: {run.link}", soft_wrap=True)


def _ingress(settings: Settings) -> str:
    default = f"http://{settings.ingress_host}:{settings.ingress_port}"
    return (settings.ingress_url or default).rstrip("/")


def _secret(settings: Settings, account: str) -> str:
    known = settings.chartmogul.get(account)
    if known is None or not known.webhook_secrets:
        raise Stopped(f"Set CHARTMOGUL__{account.upper()}__WEBHOOK_SECRETS, or name another --account.")
    return known.webhook_secrets[0].get_secret_value()
