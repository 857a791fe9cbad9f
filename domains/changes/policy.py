"""Who may do what without a person: the first line of config/agents.yaml that matches, else the defaults."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from models.agents import PolicyLine, When
from models.changes import MatchedRule, Then

DEFAULTS = (
    PolicyLine(tool="merge_or_delete_customer", action="delete", then=Then.ASK, approvers=2,
               within=timedelta(days=3)),
    PolicyLine(tool="change_tags", then=Then.ALLOW),
    PolicyLine(tool="set_custom_attributes", then=Then.ALLOW),
    PolicyLine(tool="watch_metric", then=Then.ALLOW),
    PolicyLine(tool="*", then=Then.ASK),
)  # fmt: skip
"""Behind the last line of the file. Reads are decided by scopes alone, and never come here."""


@dataclass(frozen=True)
class Asked:
    """What lines choose by. `customer_mrr` in cents is None where it is not known: then a line that asks for
    more than some amount matches, to be safe."""

    tool: str
    action: str = ""
    principal: str = ""
    account: str = "default"
    keys: Sequence[str] = field(default=())
    size: int = 1
    customer_mrr: int | None = None
    after_untrusted_read: bool = False


def needs_mrr(lines: Sequence[PolicyLine], asked: Asked) -> bool:
    """Whether some line that may match chooses by the customer's MRR."""
    return any(_is_about(line, asked) and _asks_for_mrr(line) for line in lines)


def matched(
    lines: Sequence[PolicyLine], asked: Asked, only_by: Literal["slack"] | None = None
) -> MatchedRule:
    """A line for a principal's own requests cannot be widened by them: lines stand in the file alone.
    `only_by` is of all lines."""
    for number, line in enumerate([*lines, *DEFAULTS], start=1):
        if _is_about(line, asked) and _holds(line.when, asked):
            place = number if number <= len(lines) else 0
            way = (line.only_by or only_by) if line.then is Then.ASK else None
            return MatchedRule(
                number=place, said=_said(line, place, way), then=line.then, approvers=line.approvers,
                within=line.within, only_by=way,
            )  # fmt: skip
    raise AssertionError("the last default matches all")


def _asks_for_mrr(line: PolicyLine) -> bool:
    return line.when is not None and line.when.customer_mrr_cents_over is not None


def _is_about(line: PolicyLine, asked: Asked) -> bool:
    return (
        line.tool in ("*", asked.tool)
        and line.action in (None, asked.action)
        and line.principal in (None, asked.principal)
        and line.account in (None, asked.account)
        and (not line.keys or (bool(asked.keys) and set(asked.keys) <= set(line.keys)))
    )


def _holds(when: When | None, asked: Asked) -> bool:
    if when is None:
        return True
    over = when.customer_mrr_cents_over
    return (
        (over is None or asked.customer_mrr is None or asked.customer_mrr > over)
        and (when.changes_over is None or asked.size > when.changes_over)
        and (when.after_untrusted_read is None or when.after_untrusted_read == asked.after_untrusted_read)
    )


def _said(line: PolicyLine, place: int, way: str | None) -> str:
    """As a person reads it in the run."""
    what = f"{line.tool} ({line.action})" if line.action else line.tool
    who = f" by {line.approvers} people within {_span(line.within)}" if line.then is Then.ASK else ""
    who += f" by {way} alone" if way else ""
    where = f"line {place} of config/agents.yaml" if place else "by default"
    return f"{what}: {line.then.value}{who}, {where}"


def _span(span: timedelta) -> str:
    hours = round(span / timedelta(hours=1))
    return f"{hours // 24} d" if hours and hours % 24 == 0 else f"{hours} h"
