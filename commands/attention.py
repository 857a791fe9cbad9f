"""`attention`: what waits for a person, a block for each, and what to do."""

from rich.console import Console

from commands.texts import escape
from models.attention import Kind, Trouble, Waiting
from models.holds import Holding, title
from models.wording import counted
from operations.attention import list_attention
from operations.dates import local
from settings import Settings
from workflows.hold.texts import what_to_do as what_to_do_with
from workflows.ops_watch.texts import what_to_do


async def show_attention(settings: Settings, console: Console) -> bool:
    """Whether anything waits for a person."""
    listed = await list_attention(settings)
    found = listed.attention
    for run in found.troubles:
        _print(run, console)
    for hold in found.holds:
        console.print(*hold_lines(hold), "", sep="\n", soft_wrap=True, highlight=False)
    if not listed.waits:
        console.print("Nothing waits for a person.")
    for waiting in found.waiting:
        console.print(_waiting(waiting), soft_wrap=True)
    if found.more:
        console.print(f"{found.more} more are not listed.")
    if found.troubles:
        console.print('Where nothing more is to be done: `mogulflow dismiss RUN "why"`.')
    if listed.waits:
        console.print(f"Web UI: {listed.link}")
    return listed.waits


def _print(run: Trouble, console: Console) -> None:
    """A block each: in a table of four columns neither the id nor what to do would have room."""
    since = local(run.since)
    todo = f"{run.message}. {what_to_do(run)}" if run.message else what_to_do(run)
    console.print(f"[bold]{_what(run)}[/] since {since}: {escape(run.headline)}", soft_wrap=True)
    console.print(f"  {escape(run.workflow_id)}", soft_wrap=True, highlight=False)
    console.print(f"  {escape(todo)}\n", soft_wrap=True)


def hold_lines(hold: Holding) -> list[str]:
    since = hold.since.astimezone().strftime("%d %b %H:%M")
    until = f", until {hold.until.astimezone():%d %b %H:%M}" if hold.until else ""
    by = f", by {hold.by}" if hold.by else ""
    why = f": {hold.why}{by}" if hold.why else ""
    if not hold.running:
        why = ": its run was ended by force, or a process was late"
    if not hold.is_open and hold.running:
        return [f"[bold]{title(hold.name)}[/] has ended; {_told(hold.count)}"]
    return [
        f"[bold]{title(hold.name)}[/] since {since}{until}: {counted(hold.count)} held{escape(why)}",
        f"  {hold.name}",
        f"  {what_to_do_with(hold.name)}",
    ]


def _told(count: int) -> str:
    return f"{counted(count)} still to be told." if count else "what it held has been told."


def _what(run: Trouble) -> str:
    return "waiting over an hour" if run.kind is Kind.WAITING else run.kind.value


def _waiting(waiting: Waiting) -> str:
    since = local(waiting.since)
    why = escape(f": {waiting.message}" if waiting.message else "")
    return f"Runs that wait for {waiting.system}, the first since {since}: {waiting.count}{why}."
