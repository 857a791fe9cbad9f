"""Movements of invented accounts: with merges, returns, and clocks that turn in the middle of things."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

ZONES = (
    "UTC", "Europe/Berlin", "America/New_York", "Pacific/Auckland", "Asia/Kolkata", "America/Sao_Paulo",
    "Pacific/Apia", "Australia/Lord_Howe",
)  # fmt: skip
FIRST, LAST = datetime(2018, 9, 1, tzinfo=UTC), datetime(2020, 2, 20, 12, tzinfo=UTC)

Row = tuple[str, int, str, int]


@dataclass(frozen=True)
class History:
    """`as_of` lies before some of the rows."""

    zone: str
    as_of: datetime
    rows: list[Row]


def at(text: str) -> int:
    """`2026-01-31T23:30Z`"""
    return int(datetime.fromisoformat(text).timestamp())


def invented(seed: int) -> History:
    chance = random.Random(seed)
    zone, rows = chance.choice(ZONES), list[Row]()
    for number in range(chance.randint(4, 30)):
        rows += _life(chance, f"cus_{number}", ZoneInfo(zone))
    for merged in range(chance.randint(0, 3)):  # its rows are another's from then on
        gone, into = f"cus_{merged}", f"cus_{merged + 1}"
        rows = [(into if who == gone else who, *rest) for who, *rest in rows]  # type: ignore[misc] # rows
    chance.shuffle(rows)
    return History(zone, LAST - timedelta(days=chance.randint(0, 60)), rows)


def _life(chance: random.Random, who: str, zone: ZoneInfo) -> Iterator[Row]:
    """It may start with a reactivation, or, without any New Business, with something else."""
    paid, kind = 0, chance.choices(("new_biz", "reactivation", "expansion"), (20, 3, 1))[0]
    instants = sorted(_instant(chance, zone) for _ in range(chance.randint(1, 12)))
    for second in instants:
        cents = _change(chance, kind, paid)
        paid += cents
        yield who, second, kind, cents
        more = ("expansion", "contraction", "churn", "churn")
        kind = chance.choice(more) if paid > 2 else "reactivation"


def _change(chance: random.Random, kind: str, paid: int) -> int:
    if kind == "churn":
        return -paid + chance.choice((0, 0, 1, -2))
    if kind == "contraction":
        return -chance.randint(1, max(paid // 2, 1))
    return chance.randint(3, 10_000)


def _instant(chance: random.Random, zone: ZoneInfo) -> int:
    """Often where days and months meet, in one and the same second at times."""
    moment = FIRST + (LAST - FIRST) * chance.random()
    if chance.random() < 0.4:
        month = moment.astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        return int(month.timestamp()) + chance.choice((-3600, -1, 0, 1, 3600))
    if chance.random() < 0.3:
        day = moment.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
        return int(day.timestamp()) + chance.choice((0, 0, 1, 7200))
    return int(moment.timestamp())
