"""Is every movement, and every failed payment, that is listed accounted for by a run, or by a reason?"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio.client import WorkflowFailureError

import temporal
from configuration.files import load_routes
from models.movements import CoverageInput, CoverageReport, Named
from operations.accounts import known_account
from operations.dates import shown, time_span
from operations.errors import Stopped, why_failed
from operations.following import started
from operations.waiting import trouble_of
from settings import Settings

DAYS = timedelta(days=3)


@dataclass(frozen=True)
class Coverage:
    """`link` leads to the run that made the report."""

    report: CoverageReport
    link: str
    web_ui_url: str
    namespace: str

    def link_of(self, named: Named) -> str | None:
        """To the movement's run, where it has one."""
        if not named.workflow_id:
            return None
        return temporal.run_link(self.web_ui_url, self.namespace, named.workflow_id, named.run_id or "")


def _ignore(_: str) -> None:
    pass


async def coverage(
    settings: Settings,
    account: str,
    first: str | None = None,
    last: str | None = None,
    *,
    lists: bool = False,
    told: Callable[[str], None] = _ignore,
) -> Coverage:
    """Of the last three days, or a time span as a person types it. `lists` names what was not acted on;
    `told` hears twice a second what keeps the run, if anything does. Raises Stopped."""
    known_account(settings, account)
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = time_span(first or shown(now - DAYS), last or shown(now))
    client = await temporal.connect()
    what, span = f"Coverage of account {account}", f"{shown(start)} to {shown(end)}"
    run = await started(
        client,
        "coverage",
        CoverageInput(
            account=account,
            start=start,
            end=end,
            lists=lists,
            payments=load_routes(settings.routes_file).take("failed_payment"),
        ),
        CoverageReport,
        id=f"coverage/{account}/{shown(start)}/{shown(end)}{'/list' if lists else ''}",
        what=what,
        account=account,
        summary=f"{what}, {span}",
    )
    async for trouble in trouble_of(run):
        told(trouble)
    try:
        report = await run.result()
    except WorkflowFailureError as failure:
        raise Stopped(f"The report failed: {why_failed(failure)}.") from None
    link = temporal.run_link(settings.web_ui_url, client.namespace, run.id, run.result_run_id or "")
    return Coverage(report, link, settings.web_ui_url, client.namespace)
