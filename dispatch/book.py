"""What became of each movement for each template, counted: a movement counts once."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch.known_runs import KnownRun
from models.bounds import within
from models.event import Event
from models.money import Money
from models.movements import (
    EXPLAINED,
    LONGEST_LISTED,
    Counts,
    Found,
    Named,
    Shadow,
    Tally,
    first_named,
    worst,
)


@dataclass(frozen=True)
class Entry:
    """For one template. `why` is for a person, `run` the one that the movement has."""

    template: str
    found: Found
    why: str = ""
    run: KnownRun | None = None


@dataclass
class Book:
    """Entries of a list of movements, which are told apart by their place in it: two may be equal."""

    movements: Sequence[Event]
    _entries: dict[int, list[Entry]] = field(default_factory=dict)

    def note(self, event: Event, entry: Entry) -> None:
        """`event` is one of the list itself, no copy of it."""
        self._entries.setdefault(id(event), []).append(entry)

    def of(self, event: Event) -> list[Entry]:
        return self._entries.get(id(event), [])

    def found(self, event: Event) -> Found:
        return worst(entry.found for entry in self.of(event))

    def tally(self) -> Tally:
        by_template: dict[str, list[tuple[Event, Found]]] = {}
        for event in self.movements:
            for entry in self.of(event):
                by_template.setdefault(entry.template, []).append((event, entry.found))
        return Tally(
            counts=counted((event, self.found(event)) for event in self.movements),
            by_template={name: counted(found) for name, found in by_template.items()},
        )

    def unaccounted(self) -> list[str]:
        return [_listed(event) for event in self.movements if self.found(event) is Found.UNACCOUNTED]

    def named(self, naming: Mapping[Found, int], why_none: Callable[[Event], str]) -> list[Named]:
        """Those that need an explanation, as many of each kind as there is room for. `why_none` says why no
        template takes one."""
        if not naming:
            return []
        chosen = [event for event in self.movements if self.found(event) in EXPLAINED]
        named = (self._named(event, why_none) for event in chosen)
        return first_named(named, dict.fromkeys(Found, 0) | dict(naming))

    def shadows(self) -> dict[str, Shadow]:
        """By route, what those of its movements that have a run in preview came to."""
        found: dict[str, Shadow] = {}
        for entry in (each for event in self.movements for each in self.of(event)):
            if entry.run and entry.run.shadow_of:
                known = found.get(entry.run.shadow_of, Shadow())
                one = Shadow(outcomes={entry.run.outcome: 1}, effects=dict(entry.run.would))
                found[entry.run.shadow_of] = known + one
        return found

    def _named(self, event: Event, why_none: Callable[[Event], str]) -> Named:
        found = self.found(event)
        entries = [entry for entry in self.of(event) if entry.found is found]
        run = next((entry.run for entry in entries if entry.run), None)
        reasons = [why_none(event)] if found is Found.UNROUTED else [entry.why for entry in entries]
        return Named(
            found=found,
            occurred_at=event.occurred_at,
            movement_type=event.type,
            amount=event.amount,
            event_id=event.event_id,
            reason=within("; ".join(dict.fromkeys(reasons)), LONGEST_LISTED),
            workflow_id=run.workflow_id if run else None,
            run_id=run.run_id if run else None,
        )


def _listed(event: Event) -> str:
    amount = f" {event.amount}" if event.amount else ""
    return f"{event.event_id} {event.occurred_at:%Y-%m-%dT%H:%M:%SZ} {event.type}{amount}"


def counted(found: Iterable[tuple[Event, Found]]) -> Counts:
    counts: Counts = {}
    for event, what in found:
        of_type = counts.setdefault(what, {})
        of_type[event.type] = of_type.get(event.type, 0) + 1
    return counts


def in_words(stated: str) -> str:
    """`churn 4900 USD` as people say it: `churn $49.00`."""
    kind, cents, currency = stated.split()
    return f"{kind} {Money(cents=int(cents), currency=currency)}"
