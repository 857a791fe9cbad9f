"""`mogulflow analytics`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from commands.terminal import Account, console, run, settings
from models.bounds import MOST_COLUMNS

app = typer.Typer(no_args_is_help=True, help="Cohorts, retention and churn from MRR movements.")

First = Annotated[str | None, typer.Option("--from", metavar="MONTH", help="Such as 2026-01; a year back")]
Last = Annotated[str | None, typer.Option("--to", metavar="MONTH", help="Included; by default this month")]
Months = Annotated[int, typer.Option(min=0, max=MOST_COLUMNS, help="Months after a cohort's own")]
File = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write this instead of a table")]
Readings = Annotated[
    list[str] | None,
    typer.Option("--reading", metavar="NAME=VALUE", help="Of what ChartMogul leaves open; may be repeated"),
]


class Metric(StrEnum):
    CUSTOMER_RETENTION = "customer_retention"
    CUSTOMER_CHURN = "customer_churn"
    NET_MRR_RETENTION = "net_mrr_retention"


class RelativeTo(StrEnum):
    COHORT = "cohort"
    PREVIOUS = "previous"


Against = Annotated[RelativeTo, typer.Option(help="The whole cohort, or the month before")]


@app.command()
def cohorts(
    metric: Annotated[Metric, typer.Option(help="What is shown of each")] = Metric.CUSTOMER_RETENTION,
    account: Account = "default",
    first: First = None,
    last: Last = None,
    months: Months = 11,
    relative_to: Against = RelativeTo.COHORT,
    reading: Readings = None,
    file: File = None,
) -> None:
    """Show what became of the customers of each month."""
    import commands.analytics as command

    asked = command.Asked(account, first, last, reading or (), file)
    wish = {"metric": metric.value, "months": months, "relative_to": relative_to.value}
    run(command.cohorts(settings(), asked, wish, console))


@app.command()
def retention(
    account: Account = "default",
    first: First = None,
    last: Last = None,
    months: Months = 11,
    relative_to: Against = RelativeTo.COHORT,
    reading: Readings = None,
    file: File = None,
) -> None:
    """Show how many customers, and how much MRR, are left after so many months, of all cohorts together."""
    import commands.analytics as command

    asked = command.Asked(account, first, last, reading or (), file)
    wish = {"months": months, "relative_to": relative_to.value}
    run(command.retention(settings(), asked, wish, console))


@app.command()
def churn(
    account: Account = "default",
    first: First = None,
    last: Last = None,
    reading: Readings = None,
    file: File = None,
) -> None:
    """Show churn of customers and MRR month by month, by the Standard and the Shopify formula."""
    import commands.analytics as command

    run(command.churn(settings(), command.Asked(account, first, last, reading or (), file), console))
