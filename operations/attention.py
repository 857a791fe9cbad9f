"""What waits for a person, as the watch that tells the ops channel sees it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import temporal
from activities.runs.steps import find_trouble
from models.attention import Attention, AttentionQuery
from models.holds import Holding, route_of
from settings import Settings

LONG = timedelta(hours=1)
"""Runs that have waited for a system so long are listed one by one."""


@dataclass(frozen=True)
class Listed:
    """`link` leads to the Web UI's list of runs."""

    attention: Attention
    link: str

    @property
    def waits(self) -> bool:
        """Whether anything waits for a person."""
        return bool(self.attention.troubles) or any(map(waits_for_a_person, self.attention.holds))


async def list_attention(settings: Settings) -> Listed:
    client = await temporal.connect()
    found = await find_trouble(client, AttentionQuery(long_wait=LONG), datetime.now(UTC))
    return Listed(found, temporal.runs_link(settings.web_ui_url, client.namespace))


def waits_for_a_person(hold: Holding) -> bool:
    """A pause ends by itself, and what was decided on is being done."""
    return (hold.is_open and route_of(hold.name) is not None) or not hold.running
