"""What a run says of its trouble while it has it: what it waits for, and what failed for good.

People read it in the run's details; search attribute and memo tell it to whoever lists runs.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import cast

from temporalio import workflow

from models.runs import Problem
from models.wording import clock
from temporal import PROBLEMS, WAITS, WAITS_FOR
from workflows.engine.patches import patched

PATCH = "says-its-trouble"
"""Runs that began before do not say it to the list."""

BRIEF, LISTED = 200, 5
"""Characters of a message, and problems, that a memo holds."""


@dataclass(frozen=True, eq=False)
class _Wait:
    system: str
    why: str
    since: datetime
    until: datetime | None = None

    @property
    def line(self) -> str:
        tried = f"; it is tried again by itself until {clock(self.until)}" if self.until else ""
        return f"Waiting for {self.system}: {self.why.rstrip('.')}. Since {clock(self.since)}{tried}."


@dataclass
class _Trouble:
    waits: list[_Wait] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    details: str = ""
    hold: str = ""
    pauses: list[str] = field(default_factory=list)


@contextmanager
def waiting(system: str, why: str, patience: timedelta | None = None) -> Iterator[None]:
    """The run waits for the system, and says so. Several steps may wait at once."""
    now = workflow.now()
    trouble, wait = _of_this_run(), _Wait(system, why, now, now + patience if patience else None)
    trouble.waits.append(wait)
    _say(trouble)
    try:
        yield
    except Exception:
        _end(trouble, wait)
        raise
    _end(trouble, wait)  # not where it was cancelled: the run ends, or leaves this worker's memory


@contextmanager
def pausing(what: str, until: datetime) -> Iterator[None]:
    """The run waits for a time: its details say what comes next, and when."""
    trouble, line = _of_this_run(), f"Next: {what[:1].lower()}{what[1:]}, on {clock(until)}."
    trouble.pauses.append(line)
    _show(trouble)
    try:
        yield
    except Exception:
        _go_on(trouble, line)
        raise
    _go_on(trouble, line)  # not where it was cancelled: the run ends, or leaves this worker's memory


async def told_before(instant: datetime, is_told: Callable[[], bool], why: str) -> bool:
    """Wait until it is told, or until then: False where it was not. The details say why, and until when."""
    with suppress(TimeoutError), pausing(why, instant):
        left = instant - workflow.now()
        await workflow.wait_condition(is_told, timeout=left, timeout_summary=why)
        return True
    return False


def say_problems(problems: list[Problem]) -> None:
    """The memo has them while the run goes on, and where its result is not read."""
    if patched(PATCH):
        brief = [each.model_copy(update={"message": each.message[:BRIEF]}) for each in problems[:LISTED]]
        workflow.upsert_memo({PROBLEMS: brief})


def show(details: str) -> None:
    """The run's details, below them what it waits for."""
    trouble = _of_this_run()
    trouble.details = details
    _show(trouble)


def show_hold(text: str) -> None:
    """What holds the run, or has held it; also where the details change meanwhile."""
    trouble = _of_this_run()
    trouble.hold = text
    _show(trouble)


def _of_this_run() -> _Trouble:
    """Kept by the workflow object: without the sandbox all runs of a worker share this module."""
    run = workflow.instance()
    if not hasattr(run, "trouble_of_this_run"):
        run.trouble_of_this_run = _Trouble()
    return cast(_Trouble, run.trouble_of_this_run)


def _end(trouble: _Trouble, wait: _Wait) -> None:
    trouble.waits.remove(wait)
    _say(trouble)


def _go_on(trouble: _Trouble, line: str) -> None:
    trouble.pauses.remove(line)
    _show(trouble)


def _show(trouble: _Trouble) -> None:
    waits = dict.fromkeys(each.line for each in trouble.waits)
    workflow.set_current_details(
        "\n\n".join(part for part in (trouble.details, trouble.hold, *waits, *trouble.pauses) if part)
    )


def _say(trouble: _Trouble) -> None:
    """The list hears of it when a system comes or goes: it rides in the task that the step's own
    commands ride in."""
    _show(trouble)
    first = {each.system: each for each in reversed(trouble.waits)}
    systems = sorted(first)
    if systems == trouble.said or not patched(PATCH):
        return
    trouble.said = systems
    workflow.upsert_search_attributes([WAITS_FOR.value_set(systems) if systems else WAITS_FOR.value_unset()])
    if systems:
        waits = {name: {"since": each.since, "why": each.why[:BRIEF]} for name, each in first.items()}
        workflow.upsert_memo({WAITS: waits})
