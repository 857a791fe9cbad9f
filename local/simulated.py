"""What `demo` and `dev` have in common: a stack against simulators that stands until Ctrl-C."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.markup import escape

from configuration.environment import SIMULATED
from local.builds import NoTemporal
from local.processes import ChildFailed
from local.stack import DIRECT, OURS, Stack, without_connections
from models.routes import Routes
from models.templates.template import Names
from simulators.kit.control import Control, MarketoKind
from systems import BILLING

TIME_ZONE = "Europe/Berlin"
"""Of the simulated ChartMogul account."""

MARKETO: dict[Names, MarketoKind] = {
    Names.MARKETO_LIST: "lists",
    Names.MARKETO_PROGRAM: "programs",
    Names.MARKETO_CAMPAIGN: "campaigns",
}

INTERRUPTED = 130
"""What a shell says of a command that Ctrl-C ended before it was done."""


def run_until_stopped(show: Coroutine[None, None, int], busy: str, console: Console) -> int:
    """The exit code. `busy` is said where another holds the folder."""
    return asyncio.run(_until_ended(show, busy, console))


async def _until_ended(show: Coroutine[None, None, int], busy: str, console: Console) -> int:
    """Ctrl-C ends it at any time, also while Temporal is built or the stack begins."""
    task = asyncio.create_task(show)
    for each in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(each, task.cancel)
    try:
        return await task
    except asyncio.CancelledError:
        console.print("Stopped.")
        return INTERRUPTED
    except BlockingIOError:
        console.print(busy, soft_wrap=True)
        return 1
    except (NoTemporal, ChildFailed) as error:
        console.print(f"[red]{escape(str(error))}[/]", soft_wrap=True)
        return 1


async def until_stopped(console: Console) -> None:
    """All is up: Ctrl-C is how it ends."""
    console.print("Ctrl-C stops everything.")
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    console.print("Stopping.")


@asynccontextmanager
async def standing(stack: Stack, file: Path, console: Console) -> AsyncIterator[None]:
    """All of it is up, and `file` has its settings for another terminal."""
    stack.warehouse.unlink(missing_ok=True)  # the simulated account begins anew, too
    with console.status("Starting simulators, Temporal, ingress and worker"):
        await stack.start()
    try:
        _write_environment(stack, file)
        yield
    finally:
        await stack.stop()


def furnish(stack: Stack, routes: Routes, ops_channel: str) -> None:
    """Where webhooks go, and all that the routes name: channels, owners, what is in Marketo."""
    channels = {*routes.named(Names.SLACK_CHANNEL), ops_channel}
    owners = routes.named(Names.SALESFORCE_USER) | routes.named(Names.HUBSPOT_USER)
    with Control(stack.simulators_url) as control:
        control.webhook(url=stack.webhook_url)
        for system in BILLING:
            control.billing_webhook(system.name, stack.webhook_of(system.name))
        control.interactivity(f"{stack.ingress_url}/slack/interactivity")
        for channel in sorted(channels - {""}):
            control.invite_bot(channel)
        for owner in sorted(owners - {""}):
            control.hire(owner)
        for what, kind in MARKETO.items():
            for name in sorted(routes.named(what) - {""}):
                control.add_to_marketo(kind, name)


def print_places(stack: Stack, console: Console) -> None:
    """URLs, each under what it shows."""
    console.print()
    for url, sentence in _places_of(stack):
        console.print(f"  [bold]{sentence}[/]\n  {url}\n", soft_wrap=True, highlight=False)


def _places_of(stack: Stack) -> list[tuple[str, str]]:
    query = quote("Template IS NOT NULL")
    return [
        (
            f"{stack.temporal.ui_url}/namespaces/default/workflows?query={query}",
            "every run, in Temporal's Web UI",
        ),
        (stack.webhook_url, "the webhook: POST a movement here, as ChartMogul does"),
        (f"{stack.simulators_url}/chartmogul/", "customers: press Cancel on one and watch"),
        (f"{stack.simulators_url}/hubspot/", "the contacts and companies, with what the sync wrote"),
        (f"{stack.simulators_url}/salesforce/", "the save tasks, as the owners see them"),
        (f"{stack.simulators_url}/slack/", "the channels with the alerts"),
        (f"{stack.simulators_url}/stripe/", "invoices: let a payment fail, and collect it"),
        (f"{stack.simulators_url}/intercom/", "the people in your product, and what they were told"),
        (f"{stack.simulators_url}/connector/", "your own product, which connectors call"),
        (f"{stack.simulators_url}/", "all simulators, and a panel to make them fail"),
    ]


def _write_environment(stack: Stack, file: Path) -> None:
    """So that the command can be used against the stack from another terminal, where nothing else counts:
    see `load_simulated`."""
    kept = (*OURS, *DIRECT)
    ours = {
        name: value
        for name, value in stack.environment.items()
        if name.startswith(kept) or name in stack.variables
    }
    lines = [f"{name}={_quoted(value)}" for name, value in {SIMULATED: "1", **ours}.items()]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def load_simulated(settings: Mapping[str, str | None]) -> None:
    """Make the settings of such a file the only ones. A real connection that is exported would else win over
    it, and what is meant for simulators would reach a real system."""
    own = without_connections(os.environ) | {n: v for n, v in settings.items() if v is not None}
    os.environ.clear()
    os.environ |= own


def _quoted(value: str) -> str:
    """As python-dotenv reads it back."""
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
