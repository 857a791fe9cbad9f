"""What waits for a person, in words: for the ops channel and for the command."""

from collections.abc import Sequence

from activities.runs.steps import STUCK, UNREADABLE, waiting_for
from models.attention import CANCELLED, RAN_OUT_OF_TIME, TERMINATED, Kind, Outage, Trouble
from models.runs import Outcome
from models.wording import clock, counted, escaped
from temporal import list_link, run_link
from workflows.engine.run_log import OTHERWISE, WHAT_TO_DO, how_again

_QUERIES = {
    Kind.PARTIAL: f"Outcome = '{Outcome.PARTIAL}'",
    Kind.FAILED: "ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')",
    Kind.STUCK: STUCK,
    Kind.UNREADABLE: UNREADABLE,
    Kind.CANCELLED: "ExecutionStatus = 'Canceled'",
}
_ENDED = {
    TERMINATED: "Somebody ended it. To do it after all,",
    CANCELLED: "Somebody cancelled it. To do it after all,",
    RAN_OUT_OF_TIME: "It ran out of time. To do it after all,",
}


REASONS = 3
"""In one message; the list that it links has all."""


MOST_OF_A_REASON = 300
"""Letters of what a run says it waits for."""


class Links:
    """Of the Web UI, as Slack writes links."""

    def __init__(self, web_ui_url: str, namespace: str) -> None:
        self._place = (web_ui_url, namespace)

    def run(self, run: Trouble) -> str:
        return _link(run_link(*self._place, run.workflow_id, run.run_id), run.headline)

    def list(self, query: str) -> str:
        return _link(list_link(*self._place, query), "all of them")


def what_to_do(run: Trouble) -> str:
    match run.kind:
        case Kind.STUCK:
            return (
                "Look at its failed task in the Web UI and deploy code that can go on. It goes on by itself."
            )
        case Kind.WAITING:
            return f"See whether {run.step} is up and lets us in (`mogulflow doctor`). It goes on by itself."
        case Kind.UNREADABLE:
            again = f"`mogulflow replay {run.workflow_id}`"
            return f'Its details in the Web UI say why. Mend that, then {again}; `--dismiss "why"` closes it.'
    advice = _ENDED.get(run.error) or WHAT_TO_DO.get(run.error, OTHERWISE)
    if run.scheduled:
        return f"{advice} wait for the schedule's next run."
    return f"{advice} {how_again(run.workflow_id, run.step, run.error)}"


def group_text(new: Sequence[Trouble], known: int, links: Links) -> str:
    """Of runs with one trouble; `known` more of it were told of before."""
    first = new[0]
    head = f"*{counted(len(new))} {_what(first)}*"
    before = f", beside {known} known" if known else ""
    todo = escaped(what_to_do(first))
    others = " `mogulflow attention` says it for each." if len(new) > 1 else ""
    return "\n".join(
        [f"{head}{before}.", *_reasons(new, links), f"{todo}{others}", links.list(query_of(first))]
    )


def _reasons(new: Sequence[Trouble], links: Links) -> list[str]:
    """Each reason once, all in one form, with a run that has it."""
    of_each = {run.message or run.headline: run for run in reversed(new)}
    runs = sorted(of_each.values(), key=lambda run: (run.since, run.run_id))
    lines = [_reason(run, links) for run in runs[:REASONS]]
    more = len(runs) - REASONS
    return [*lines, f"• {more} more reasons"] if more > 0 else lines


def _reason(run: Trouble, links: Links) -> str:
    return f"• {escaped(run.message)}: {links.run(run)}" if run.message else f"• {links.run(run)}"


def query_of(run: Trouble) -> str:
    query = _QUERIES.get(run.kind) or waiting_for(run.step)
    of_its_type = run.kind is Kind.STUCK or run.step == run.workflow_type
    return f"{query} AND WorkflowType = '{run.workflow_type}'" if of_its_type else query


def outage_text(outage: Outage, links: Links) -> str:
    waits = "waits" if outage.count == 1 else "wait"
    why = escaped(outage.why[:MOST_OF_A_REASON].rstrip(". "))
    says = f"The first of them says: {why}. " if why else ""
    return (
        f"*{counted(outage.count)} {waits} for {outage.system}*, since {clock(outage.since)}. {says}"
        f"They go on by themselves when it answers; a step is tried for 24 hours. `mogulflow doctor` says "
        f"whether it is up and lets us in.\n{links.list(waiting_for(outage.system))}"
    )


def update_text(outage: Outage) -> str:
    return f"{counted(outage.count)} now, {outage.told} before."


def recovered_text(outage: Outage) -> str:
    most = counted(outage.most)
    return f"Recovered: no run waits for {outage.system} any more, {most} did, {_from_to(outage)}"


def afterwards_text(outage: Outage) -> str:
    return f"{counted(outage.most)} waited for {outage.system}, {_from_to(outage)} None does any more."


def _what(run: Trouble) -> str:
    error = f" ({run.error})" if run.error else ""
    match run.kind:
        case Kind.STUCK:
            return f"stuck: the code of {run.workflow_type} fails over and over{error}"
        case Kind.UNREADABLE:
            return "unreadable: nothing was done about what came in"
        case Kind.CANCELLED:
            return f"cancelled: {run.step}"
    return f"{run.kind.value}: {run.step}{error}"


def _from_to(outage: Outage) -> str:
    """The end of the waiting is what is known; the outage ended before."""
    over_at = outage.over_at or outage.since
    return (
        f"from {clock(outage.since)} to {clock(over_at)} at the latest; {outage.system} itself was back "
        f"before that."
    )


def _link(url: str, label: str) -> str:
    return f"<{url}|{escaped(label).replace('|', '/')}>"
