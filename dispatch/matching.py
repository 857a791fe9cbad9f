"""Which run belongs to which movement of ChartMogul's list, for one template. Pure functions."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

from dispatch.known_runs import KnownRun
from models.event import Event


@dataclass
class Matched:
    """`restated` pairs a run with what ChartMogul says of its movement now; `missing` have no run."""

    acted: list[tuple[Event, KnownRun]] = field(default_factory=list)
    restated: list[tuple[Event, KnownRun]] = field(default_factory=list)
    missing: list[Event] = field(default_factory=list)


Key = tuple[Callable[[Event], Hashable], Callable[[KnownRun], Hashable]]

_SAME: Key = (lambda event: (event.moment, event.stated), lambda run: (run.moment, run.stated[-1]))
_SAME_ONCE: Key = (lambda event: (event.moment, event.stated), lambda run: (run.moment, run.stated[0]))
_UNNAMED: Key = (
    lambda event: (event.moment[0], event.moment[2], event.stated),
    lambda run: run.workflow_id if run.moment[1] else (run.moment[0], run.moment[2], run.stated[-1]),
)
"""Where the webhook named no subscription, and the list does."""
_SAME_TYPE: Key = (
    lambda event: (event.moment, event.type),
    lambda run: (run.moment, run.stated[-1].partition(" ")[0]),
)
_SAME_MOMENT: Key = (lambda event: event.moment, lambda run: run.moment)
_MERGED: Key = (
    lambda event: (event.moment[1:], event.stated),
    lambda run: (run.moment[1:], run.stated[-1]) if run.moment[1] else run.workflow_id,
)
"""Where customers were merged, their movements come under another customer."""


def match(movements: Sequence[Event], runs: Sequence[KnownRun]) -> Matched:
    """`movements` are all of the list, those that no route takes included: one of another type may be
    what became of a run's movement. What is said alike belongs together before what is not."""
    found = Matched()
    movements, runs = list(movements), list(runs)
    for key in (_SAME, _UNNAMED):
        found.acted += _paired(movements, runs, key)
    for key in (_SAME_ONCE, _SAME_TYPE, _SAME_MOMENT, _MERGED):
        found.restated += _paired(movements, runs, key)
    found.missing = movements
    return found


def _paired(movements: list[Event], runs: list[KnownRun], key: Key) -> list[tuple[Event, KnownRun]]:
    """Pairs of equal key, each taken out of both lists."""
    of_event, of_run = key
    waiting: dict[Hashable, list[KnownRun]] = {}
    for run in runs:
        waiting.setdefault(of_run(run), []).append(run)
    pairs, left = [], []
    for event in movements:
        candidates = waiting.get(of_event(event))
        if candidates:
            pairs.append((event, candidates.pop(0)))
        else:
            left.append(event)
    movements[:] = left
    runs[:] = [run for candidates in waiting.values() for run in candidates]
    return pairs
