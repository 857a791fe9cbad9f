"""How the recorded backfill comes about."""

from models.movements import BackfillInput, BackfillProgress, Found
from tests.histories.studio import Case, Run, Studio, cancelled, days_ago, start


async def three_days(studio: Studio) -> Run:
    cancelled(studio, 1.25)
    given = BackfillInput(account="default", start=days_ago(3), end=days_ago(0))
    return await start(studio, "backfill", given, BackfillProgress)


CASES = [Case(three_days, lambda progress: progress.tally.of(Found.STARTED) == 1)]
