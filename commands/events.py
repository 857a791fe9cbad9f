"""`send` and `preview`: an event file through the ingress, or through a run that writes nothing."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.markup import escape
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowFailureError, WorkflowHandle
from temporalio.service import RPCError

import temporal
from clients.kit.unanswered import unanswered
from commands.run_facts import waits_of
from commands.show import effects_table, field_tables, in_order, print_problems
from commands.stopped import Stopped, why_failed
from commands.waiting import LOOK_SECONDS, nobody_takes
from dispatch.deliveries import CHARTMOGUL, MAX_BODY, Delivery, Unreadable, event_of
from dispatch.dispatcher import Dispatched, Door
from dispatch.routes import load_routes
from models.effects import Mode
from models.runs import Outcome, RunResult
from settings import Settings

NOT_THERE = (
    "Only what ChartMogul shows itself is acted on. To try this event, let its customer cancel there first;"
    " in the simulators, by the button on the customer's page."
)

TRIES_TO_END = 4
"""Half seconds for a cancelled preview to end by itself."""


def send(settings: Settings, file: Path, account: str, console: Console) -> None:
    """Post the file as ChartMogul would."""
    url = f"{_ingress(settings)}/webhooks/chartmogul/{_secret(settings, account)}"
    body = _body(file)
    try:
        answer = httpx.post(url, content=body, headers={"Content-Type": "application/json"}, timeout=10)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        why = unanswered(error, _ingress(settings))
        raise Stopped(
            f"Could not send the event: {why}. Start `mogulflow serve`, or correct INGRESS_URL."
        ) from None
    try:
        console.print_json(answer.text)
    except ValueError:  # what stands at that address is not our ingress
        console.print(escape(answer.text[:500]))
    if answer.is_error:
        raise Stopped(f"The ingress answered {answer.status_code}.")


async def preview(settings: Settings, file: Path, account: str, console: Console) -> None:
    """Start preview runs for what the routes say, wait, and print what they would do."""
    try:
        event = event_of(Delivery(CHARTMOGUL, account, _body(file)))
    except Unreadable as unreadable:
        raise Stopped(f"{file}: {unreadable}") from None
    client = await temporal.connect()
    routes = load_routes(settings.routes_file)
    door = Door.of(client, routes, settings)
    runs = await door.dispatch(event, received_at=datetime.now(UTC), mode=Mode.PREVIEW)
    if not runs:
        raise Stopped(f"No route in {settings.routes_file} takes this {event.type} movement.")
    try:
        for run in runs:
            print_preview(run, await _previewed(client, run, console), console)
    finally:
        for run in runs:
            await _end(client.get_workflow_handle(run.workflow_id, run_id=run.run_id))


async def _previewed(client: Client, run: Dispatched, console: Console) -> RunResult:
    """Raises Stopped where the run failed, or no worker takes it."""
    handle = client.get_workflow_handle(run.workflow_id, run_id=run.run_id, result_type=RunResult)
    with console.status(f"{run.template}: reading") as status:
        while (described := await handle.describe()).status is WorkflowExecutionStatus.RUNNING:
            if nobody_takes(described):
                raise Stopped("No worker takes the preview. Start `mogulflow serve`, then ask again.")
            doing = await waits_of(client, described)
            status.update(f"{run.template}: {escape(doing or 'reading')}")
            await asyncio.sleep(LOOK_SECONDS)
    try:
        result: RunResult = await handle.result()
    except WorkflowFailureError as failure:
        raise Stopped(f"The run failed: {why_failed(failure)}.\nRun: {run.link}") from None
    return result


async def _end(handle: WorkflowHandle[Any, Any]) -> None:
    """Whoever asked for a preview and left leaves no open run behind, also where no worker is there."""
    if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
        return
    with suppress(RPCError):  # it has just ended
        await handle.cancel()
        for _ in range(TRIES_TO_END):
            await asyncio.sleep(LOOK_SECONDS)
            if (await handle.describe()).status is not WorkflowExecutionStatus.RUNNING:
                return
        await handle.terminate(reason="Whoever asked for this preview did not wait for it.")


def print_preview(run: Dispatched, result: RunResult, console: Console) -> None:
    """What it is about, what would be written, and what could not be looked at."""
    console.print(f"[bold]{run.template}: {result.outcome}[/]", highlight=False)
    for what, text in result.facts.items():
        console.print(f"{what}: {escape(text)}", soft_wrap=True, highlight=False)
    if result.verdict:
        console.print(escape(result.verdict), soft_wrap=True, highlight=False)
    if result.outcome is Outcome.UNVERIFIED:
        console.print(NOT_THERE, soft_wrap=True)
    effects = in_order(result.effects)
    if effects:
        console.print(effects_table("", effects))
    for table in field_tables(effects, result.names):
        console.print(table)
    print_problems(result.problems, console, result.more_problems)
    if away := sorted({problem.step.partition(".")[0] for problem in result.problems}):
        console.print(f"Previewed without {', '.join(away)}: what depends on it is missing above.")
    console.print(f"Run: {run.link}", soft_wrap=True)


def _body(file: Path) -> bytes:
    """Raises Stopped for one that the ingress would refuse: it hangs up, and no answer is read."""
    with file.open("rb") as opened:
        body = opened.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Stopped(f"{file} has more than {MAX_BODY // 1024} KiB; the ingress takes no larger body.")
    return body


def _ingress(settings: Settings) -> str:
    host = settings.ingress_host
    default = f"http://{f'[{host}]' if ':' in host else host}:{settings.ingress_port}"
    return (settings.ingress_url or default).rstrip("/")


def _secret(settings: Settings, account: str) -> str:
    known = settings.chartmogul.get(account)
    if known is None or not known.webhook_secrets:
        raise Stopped(f"Set CHARTMOGUL__{account.upper()}__WEBHOOK_SECRETS, or name another --account.")
    return known.webhook_secrets[0].get_secret_value()
