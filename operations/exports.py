"""A night's export started by hand and followed, what runs now, and what nights there were."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import temporal
from clients.kit.errors import IntegrationError
from configuration.files import load_mapping
from domains.warehouse.engines.configured import engine_of_account
from domains.warehouse.history import Ledger
from domains.warehouse.loader import opened
from models.templates.warehouse_export import ExportInput, ExportReport
from models.warehouse import Mapping
from models.warehouse_loads import LoadRun
from operations.accounts import known_account
from operations.dates import instant
from operations.errors import Stopped
from operations.following import Followed, Step, followed, latest, started
from operations.outages import stopped_by
from settings import Settings


@dataclass(frozen=True)
class Wish:
    """What a person asks for."""

    account: str
    streams: Sequence[str] = ()
    night: str | None = None
    full: bool = False
    accept_missing: bool = False


@dataclass(frozen=True)
class StreamProgress:
    """What a stream that is under way says of itself."""

    stream: str
    doing: str
    rows: int
    attempt: int
    trouble: str

    @classmethod
    def of(cls, step: Step) -> Self:
        return cls(
            stream=str(step.said.get("stream", step.activity)),
            doing=str(step.said.get("doing", "waiting for its turn")),
            rows=step.said.get("rows", 0),
            attempt=step.attempt,
            trouble=step.trouble,
        )


async def run(settings: Settings, wish: Wish) -> Followed[ExportReport]:
    """Start one, or follow the one that is being done. Raises Stopped."""
    known_account(settings, wish.account)
    if settings.warehouse is None:
        raise Stopped(
            "No warehouse is connected. Set WAREHOUSE__ENGINE=duckdb, or another; .env.example has all."
        )
    client, given = await temporal.connect(), _input(settings, wish)
    what, id = f"Export of account {wish.account}", f"export/{wish.account}/by-hand"
    run = await started(
        client, "warehouse_export", given, ExportReport, id=id, what=what, account=wish.account
    )
    return await followed(settings, client, run)


async def status(settings: Settings, account: str) -> Followed[ExportReport]:
    """The one that runs, by hand or by schedule; else the last one. Raises Stopped where there is none."""
    known_account(settings, account)
    client = await temporal.connect()
    query = f"WorkflowType = 'warehouse_export' AND Account = '{account}'"
    if run := await latest(client, query, ExportReport):
        return await followed(settings, client, run)
    raise Stopped(f"There was no export of account {account} yet. `mogulflow export run` starts one.")


def history(settings: Settings, account: str, limit: int) -> Sequence[LoadRun]:
    """The nights there were, newest first, from the warehouse's own ledger. Raises Stopped."""
    known_account(settings, account)
    if settings.warehouse is None:
        raise Stopped("No warehouse is connected. Set WAREHOUSE__ENGINE.")
    try:
        with opened(engine_of_account(settings.warehouse, account), read_only=True) as session:
            return Ledger(session).history(limit)
    except IntegrationError as error:
        raise stopped_by(error) from None


def known_streams(mapping: Mapping, wished: Sequence[str]) -> None:
    """Raises Stopped where one is wished for that the mapping does not read."""
    known = list(mapping.read_streams)
    if unknown := sorted(set(wished) - set(known)):
        raise Stopped(f"There is no stream {', '.join(unknown)}; there are: {', '.join(known)}.")


def _input(settings: Settings, wish: Wish) -> ExportInput:
    mapping = load_mapping(settings.warehouse_file)
    known_streams(mapping, wish.streams)
    return ExportInput(
        account=wish.account,
        mapping=mapping,
        night=instant("--night", wish.night) if wish.night else None,
        streams=list(wish.streams),
        full=wish.full,
        accept_missing=wish.accept_missing,
    )
