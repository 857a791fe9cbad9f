"""How the recorded looks at what is due come about."""

from models.reconciliation.rules import ReconciliationRules
from models.templates.reconciliation import DueInput
from tests.histories.studio import Case, Run, Studio, start


async def triggered(studio: Studio) -> Run:
    given = DueInput(account="nobody", time_zone="UTC", rules=ReconciliationRules())
    return await start(studio, "reconciliation_due", given, list)


CASES = [Case(triggered, lambda started: len(started) == 2)]
