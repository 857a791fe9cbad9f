"""What runs for long, and what it needs first."""

import asyncio

import typer

from commands import terminal
from commands.terminal import console


def serve() -> None:
    """Run ingress and workers in one process: the fastest way, and the simplest to operate."""
    _serve(with_ingress=True, with_worker=True)


def worker() -> None:
    """Run the workers alone."""
    _serve(with_ingress=False, with_worker=True)


def ingress() -> None:
    """Run the HTTP ingress alone."""
    _serve(with_ingress=True, with_worker=False)


def prepare() -> None:
    """Give Temporal's namespace the retention and the search attributes that runs need."""
    from operations.prepare import prepare

    namespace = terminal.run(prepare())
    retention = f"{namespace.retention.days} days of retention"
    console.print(f"Namespace {namespace.name} is prepared: {retention} and all search attributes.")


def doctor() -> None:
    """Check settings, Temporal, each connection and each field; say what to do. Exits 1 on a fault."""
    from commands.doctor import examine

    if not asyncio.run(examine(terminal.settings(hints=False), console)):
        raise typer.Exit(1)


def _serve(*, with_ingress: bool, with_worker: bool) -> None:
    from commands import logs
    from commands.serve import new_event_loop, serve

    settings = terminal.settings(hints=False)
    logs.configure(settings.log_level)
    job = serve(settings, with_ingress=with_ingress, with_worker=with_worker)
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        terminal.told(lambda: runner.run(job))
