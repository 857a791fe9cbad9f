"""How the recorded coverage reports come about."""

from models.movements import CoverageInput, CoverageReport, Found
from tests.histories.studio import OPS, Case, Run, Studio, cancelled, start


async def complete(studio: Studio) -> Run:
    return await start(studio, "coverage", CoverageInput(account="default"), CoverageReport)


async def one_is_missing(studio: Studio) -> Run:
    cancelled(studio, 0.75)
    given = CoverageInput(account="default", ops_channel=OPS)
    return await start(studio, "coverage", given, CoverageReport)


CASES = [
    Case(complete, lambda report: report.complete),
    Case(one_is_missing, lambda report: report.tally.of(Found.UNACCOUNTED) == 1),
]
