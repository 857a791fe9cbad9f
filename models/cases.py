"""Cases: what is open about one customer, whichever events it came of. A case is a run of its own, which the
runs of events tell, and which answers what it did.
"""

from typing import Any

from pydantic import Field

from models.base import Record
from models.effects import Effect
from models.event import digest
from models.runs import Problem


class Joining(Record):
    """What an event's run tells the case of its customer. The case that is open hears of it by its signal
    `told`; where none is, one begins."""

    workflow: str = Field(description="Registered name of the case's workflow")
    account: str
    customer_uuid: str
    template: str
    headline: str = Field(description="Of the case, in lists: nothing personal")
    summary: str
    made: str = Field(
        default="", description="Key of the write, where a case that has ended may have made it already"
    )
    told: dict[str, Any] = Field(description="The workflow's own model, as JSON: what it begins with, too")

    @property
    def case_id(self) -> str:
        customer = digest(self.account.casefold(), self.customer_uuid.strip().casefold())
        return f"{self.workflow}/{customer}"


class Taken(Record):
    """What the case did about it."""

    effects: list[Effect] = []
    problems: list[Problem] = []
    link: str = Field(default="", description="To the case's run")
    notes: list[str] = Field(default=[], description="What was done in another way, and why")
