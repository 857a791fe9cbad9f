"""Two data sources of one ChartMogul account may have an invoice of the same id: each has a run of its own.

The first of them has the key that an invoice has always had, so that an installation with one data source
knows nothing of this, and what began under that key goes on. Another one's key holds its data source. Where
it is not known of both whose they are, they are the same: better one run than one payment told twice.
"""

from dataclasses import dataclass

from temporalio.client import Client

from dispatch.known_runs import KnownRun, known_run
from models.event import Event


@dataclass(frozen=True)
class Place:
    """`event` has the key of its run; `run` is None where there is none yet."""

    event: Event
    run: KnownRun | None

    @property
    def needs_telling(self) -> bool:
        return self.run is not None and self.run.needs(self.event)


async def place_of(client: Client, template: str, event: Event) -> Place:
    """Raises RPCError."""
    run = await known_run(client, f"{template}/{event.run_key}")
    apart = event.told_apart()
    if apart is None or (run and not event.is_of_another(run.origin)):
        return Place(event, run)
    own = await known_run(client, f"{template}/{apart.run_key}")
    return Place(apart, own) if own or run else Place(event, None)
