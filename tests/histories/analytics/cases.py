"""How the recorded counts come about."""

from models.analytics import Book, BookInput
from tests.histories.studio import Case, Run, Studio, start


async def counted(studio: Studio) -> Run:
    studio.simulators.reset(customers=20)
    return await start(studio, "analytics", BookInput(account="default"), Book)


async def away_for_a_moment(studio: Studio) -> Run:
    studio.simulators.reset(customers=20)
    studio.simulators.fault("chartmogul", "status", status=503, path="/account")
    return await start(studio, "analytics", BookInput(account="default"), Book)


CASES = [
    Case(counted, lambda book: book.checked.months_off == 0 and book.movements > 0),
    Case(away_for_a_moment, lambda book: book.movements > 0),
]
