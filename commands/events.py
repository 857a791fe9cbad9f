"""`send` and `preview`: an event file, and what came or would come of it."""

from contextlib import aclosing
from pathlib import Path

from rich.console import Console

import operations.events as operation
from commands.show import effects_table, field_tables, in_order, print_problems
from commands.texts import escape
from dispatch.deliveries import CHARTMOGUL, MAX_BODY, Delivery, Unreadable, event_of
from dispatch.dispatcher import Dispatched
from models.events import AnyEvent
from models.runs import Outcome, RunResult
from operations.errors import Stopped
from operations.events import Previewed
from settings import Settings

NOT_THERE = (
    "Only what ChartMogul shows itself is acted on. To try this event, let its customer cancel there first;"
    " in the simulators, by the button on the customer's page."
)


def send(settings: Settings, file: Path, account: str, console: Console) -> None:
    """Post the file as ChartMogul would."""
    answer = operation.send(settings, _body(file), account)
    try:
        console.print_json(answer.text)
    except ValueError:  # what stands at that address is not our ingress
        console.print(escape(answer.text[:500]))
    if answer.is_error:
        raise Stopped(f"The ingress answered {answer.status}.")


async def preview(settings: Settings, file: Path, account: str, console: Console) -> None:
    """What the preview runs that the routes say would do, one after the other."""
    looks = operation.preview(settings, _event(file, account))
    with console.status("Beginning") as status:
        async with aclosing(looks):
            async for look in looks:
                if isinstance(look, Previewed):
                    print_preview(look.run, look.result, console)
                else:
                    status.update(f"{look.template}: {escape(look.waits or 'reading')}")


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


def _event(file: Path, account: str) -> AnyEvent:
    """Raises Stopped."""
    try:
        return event_of(Delivery(CHARTMOGUL, account, _body(file)))
    except Unreadable as unreadable:
        raise Stopped(f"{file}: {unreadable}") from None


def _body(file: Path) -> bytes:
    """Raises Stopped for one that the ingress would refuse: it hangs up, and no answer is read."""
    with file.open("rb") as opened:
        body = opened.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise Stopped(f"{file} has more than {MAX_BODY // 1024} KiB; the ingress takes no larger body.")
    return body
