"""`mogulflow crm` and `preview crm`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from commands.terminal import Account, console, run, settings

app = typer.Typer(no_args_is_help=True, help="What ChartMogul knows of customers, in the CRM.")


class _System(StrEnum):
    HUBSPOT = "hubspot"
    SALESFORCE = "salesforce"

    @property
    def plain(self) -> Literal["hubspot", "salesforce"]:
        return "hubspot" if self is _System.HUBSPOT else "salesforce"


Crm = Annotated[_System, typer.Argument(help="hubspot or salesforce", metavar="SYSTEM")]


@app.command("run")
def crm_run(system: Crm, account: Account = "default") -> None:
    """Sync all customers now, and follow it. Ctrl-C leaves it running. Exits 1 where an object failed."""
    import commands.crm as command

    if not run(command.run(settings(), account, system.plain, console)):
        raise typer.Exit(1)


@app.command("report")
def crm_report(
    system: Crm,
    account: Account = "default",
    csv: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Write what was not written to this file")
    ] = None,
) -> None:
    """What the last run came to, and which records were not written and why."""
    import commands.crm as command

    run(command.report(settings(), account, system.plain, csv, console))


@app.command("prepare")
def crm_prepare(
    system: Crm,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what is missing, make nothing")] = False,
) -> None:
    """Make HubSpot's properties that the mapping needs; list what an admin must do in Salesforce."""
    from commands.prepare_crm import prepare

    if not run(prepare(settings(), system.plain, dry_run, console)):
        raise typer.Exit(1)


def preview_crm(
    system: Crm,
    account: Account = "default",
    customer: Annotated[
        list[str] | None, typer.Option(help="Only that one, by ChartMogul's uuid; may be repeated")
    ] = None,
    sample: Annotated[
        int, typer.Option(min=0, max=1000, help="Records of each object to show before and after")
    ] = 10,
) -> None:
    """Show what the sync would write, field by field; no write. Exits 1 where fields are missing."""
    from commands.preview_crm import preview

    if not run(preview(settings(), account, system.plain, customer or (), sample, console)):
        raise typer.Exit(1)
