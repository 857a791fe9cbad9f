"""A run of an event template, as those see it that act for it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio import workflow

from models.effects import Mode
from models.templates.template import EventInput
from temporal import run_link
from workflows.engine.run_log import RunLog


@dataclass(frozen=True)
class Acting:
    """`link` leads to the run. `keyed_by` begins the key of each of its writes: the business event, and the
    template, as several may write of one event to one system. `may_repeat` where an earlier run may have made
    the same writes."""

    given: EventInput
    log: RunLog
    link: str
    keyed_by: str
    may_repeat: bool = False

    @property
    def mode(self) -> Mode:
        return self.given.mode

    @property
    def earliest(self) -> datetime:
        """No message of ours is older. A preview may look for one that another run has made."""
        return self.given.event.occurred_at if self.mode is Mode.PREVIEW else self.given.received_at

    def key(self, name: str) -> str:
        return f"{self.keyed_by}:{name}"

    def write(self, name: str) -> dict[str, Any]:
        """What each write carries: its key, and the mode."""
        return {"key": self.key(name), "mode": self.mode, "repeat": self.may_repeat}


def link_here(web_ui_url: str) -> str:
    """To the run that asks."""
    info = workflow.info()
    return run_link(web_ui_url, info.namespace, info.workflow_id, info.run_id)
