"""What people have said of a month's findings."""

from collections.abc import Iterable
from datetime import datetime

from temporalio.exceptions import ApplicationError

from models.templates.reconciliation import AddNote, Assign, NoteOfPerson, OpenFinding, ReconciliationState

MOST_NOTES = 50
"""Of one finding."""


class People:
    """One wish counts once, however often it is sent."""

    def __init__(self) -> None:
        self.owners: dict[str, str] = {}
        self.notes: dict[str, list[NoteOfPerson]] = {}
        self._heard: set[str] = set()

    def assign(self, wish: Assign) -> None:
        if self._is_new(wish.id):
            self.owners[wish.finding] = wish.owner

    def note(self, wish: AddNote, at: datetime) -> None:
        if self._is_new(wish.id):
            self.say(wish.finding, wish.who, wish.text, at)

    def say(self, finding: str, who: str, text: str, at: datetime) -> None:
        """What a run has to say of it."""
        said = self.notes.setdefault(finding, [])
        said.append(NoteOfPerson(who=who, at=at, text=text))
        del said[:-MOST_NOTES]

    def seen(self, found: Iterable[OpenFinding]) -> list[OpenFinding]:
        return [
            each.model_copy(
                update={
                    "owner": self.owners.get(each.id, each.owner),
                    "notes": self.notes.get(each.id, each.notes),
                }
            )
            for each in found
        ]

    def _is_new(self, id: str) -> bool:
        new = id not in self._heard
        self._heard.add(id)
        return new


def unknown_finding(state: ReconciliationState, id: str) -> None:
    """Raises ApplicationError."""
    if all(each.id != id for each in state.open):
        raise ApplicationError(
            "There is no open finding with that id: `mogulflow reconcile show` lists them.",
            type="unknown_finding",
            non_retryable=True,
        )
