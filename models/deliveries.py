"""Deliveries that could not be read: what is kept of one, and what it comes to."""

from datetime import timedelta

from pydantic import AwareDatetime, Field

from models.base import Record
from models.runs import Outcome

MOST_KEPT = 16 * 1024
"""Bytes. A real body has about one thousand."""


class UnreadableDelivery(Record):
    """Everything there is to see of it. The body is personal data: it stays in here."""

    source: str = Field(default="chartmogul", description="Who sent it, by the name of its parser")
    account: str
    body: str = Field(description="Its first 16 KiB, as text")
    size: int = Field(description="Bytes that came")
    exact: bool = Field(description="The text is what came: nothing was cut off, and it is UTF-8")
    reason: str = Field(description="Why it cannot be read, in a sentence that quotes nothing of it")
    received_at: AwareDatetime
    keep_for: timedelta = timedelta(days=30)
    web_ui_url: str = ""

    @property
    def cut(self) -> bool:
        return self.size > MOST_KEPT


class Replayed(Record):
    """It was understood after all; `runs` are the ids of the event's runs."""

    event_id: str
    runs: list[str] = []


class Dismissed(Record):
    reason: str
    who: str = ""


class DeliveryResult(Record):
    outcome: Outcome
    event_id: str | None = None
    runs: list[str] = []
    reason: str | None = Field(default=None, description="Why somebody dismissed it")


def kept_text(body: bytes) -> tuple[str, bool]:
    """What is kept of a body, and whether that is exactly what came."""
    text = body[:MOST_KEPT].decode(errors="replace")
    return text, text.encode() == body
