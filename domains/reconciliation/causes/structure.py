"""Do both sides speak of the same things? Each answers what the records show, or None."""

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

from domains.reconciliation.causes.case import Case, Member, Shown
from domains.reconciliation.figures.billing import exactly
from models.minor_units import USUAL, decimals
from models.reconciliation.books import CountedLine
from models.reconciliation.causes import Cause

UNITS = (Fraction(100), Fraction(10), Fraction(1, 100), Fraction(1, 10))
DELETED = "deleted"


def unit_exponent(case: Case) -> Shown | None:
    changed, records = case.members, []
    for member in case.members:
        unit = _unit_of(member) if decimals(member.sub.currency) != USUAL else None
        if unit is not None:
            changed = tuple(each.ruled(unit=unit) if each is member else each for each in changed)
            records += [member.sub.id, member.in_force[0].line]
    if not records:
        return None
    why = "the amounts of both sides differ by the decimals of the currency"
    return Shown(Cause.UNIT_EXPONENT, why, tuple(records), changed, proven=case.reproduced)


def _unit_of(member: Member) -> Fraction | None:
    """By which the lines' figure is billing's, exactly but for its rounding."""
    if not member.in_force or not member.minor:
        return None
    value = member.counted_value(False)
    for unit in UNITS:
        scaled = exactly(member.sub, replace(member.rules, unit=unit))
        if abs(scaled - value) <= max(Fraction(1, 2), unit / 100) and abs(member.minor - value) > 1:
            return unit
    return None


def drift(case: Case) -> Shown | None:
    changed = tuple(
        each.ruled(at_cut=True) if each.sub.earlier is not None else each for each in case.members
    )
    ids = tuple(each.sub.id for each in case.members if each.sub.earlier is not None)
    why = "billing's events tell that it was changed between the end of the month and the reading"
    return Shown(Cause.DRIFT, why, ids, changed, proven=True) if ids else None


def timezone_edge(case: Case) -> Shown | None:
    """The figure itself shows it: nothing else is different at the two instants."""
    cut = case.around.cut.end
    changed = tuple(each.ruled(cut=cut) for each in case.members)
    ids = tuple(old.sub.id for old, new in zip(case.members, changed, strict=True) if old.minor != new.minor)
    why = f"it began, changed or ended between the month's end in {case.row.source.time_zone} and here"
    return Shown(Cause.TIMEZONE_EDGE, why, ids, changed, proven=case.reproduced)


def import_lag(case: Case) -> Shown | None:
    source, last = case.around.source, case.around.last_import
    if source is None or not source.pending or last is None:
        return None
    late = [
        each
        for each in case.members
        if not each.lines and (began := each.state.period_start or each.state.started_at) and began > last
    ]
    why = f"the source still has {source.pending} rows to import, and this is younger than its last invoice"
    return _absent(case, Cause.IMPORT_LAG, late, why)


def import_error(case: Case) -> Shown | None:
    changed, records = case.members, []
    for member in case.members:
        wrong = list(_refused(member))
        if wrong:
            value = sum(member.value_of(each) for each in wrong)
            lower = member.ruled(added=member.rules.added - value)
            changed = tuple(lower if each is member else each for each in changed)
            records += [each.line for each in wrong]
    why = "ChartMogul refused lines that cover the end of the month"
    shown = Shown(Cause.IMPORT_ERROR, why, tuple(records), changed, proven=case.reproduced)
    return shown if records else None


def _refused(member: Member) -> Iterator[CountedLine]:
    taken = {each.plan for each in member.in_force if member.reader.covers([each])}
    for line in member.lines:
        covers = line.starts_at and line.ends_at and line.starts_at < member.reader.cut <= line.ends_at
        if line.errors and line.kind == "subscription" and covers and line.plan not in taken:
            yield line


def duplicate_source(case: Case) -> Shown | None:
    if not case.again:
        return None
    records = tuple(f"{each.source}/{each.subscription_external_id}" for each in case.row.again)
    why = "further data sources count the same subscription"
    return Shown(Cause.DUPLICATE_SOURCE, why, records, minor=case.again, proven=True)


def deleted_in_billing(case: Case) -> Shown | None:
    counted = [each.subscription_external_id for each in case.row.counted]
    gone = [each for each in counted if each in case.around.gone]
    gone += [each.sub.id for each in case.members if each.sub.status == DELETED]
    only_these = len(set(gone)) == len(set(counted)) or len(gone) == len(case.members) > 0
    if not gone or not only_these or case.figure:
        return None
    why = "billing does not know it any more"
    return Shown(Cause.DELETED_IN_BILLING, why, tuple(gone), minor=case.counted, proven=True)


def ignored(case: Case) -> Shown | None:
    if names := _ignored_customers(case):
        why = "the configuration leaves the customer out"
        if case.row.billed and not case.counted:
            return _absent(case, Cause.IGNORED, list(case.members), why, proven=True)
        if case.counted and not case.row.billed:
            return Shown(Cause.IGNORED, why, names, minor=case.counted, proven=True)
    return _ignored_plans(case)


def _ignored_customers(case: Case) -> tuple[str, ...]:
    ours = {each.customer for each in case.row.counted}
    theirs = {each.customer_id for each in case.row.billed}
    return tuple(sorted((ours | theirs) & set(case.around.rules.ignored.customers)))


def _ignored_plans(case: Case) -> Shown | None:
    plans = set(case.around.rules.ignored.plans)
    changed, records = case.members, []
    for member in case.members:
        there = {each.plan for each in member.in_force}
        without = [each.id for each in member.state.items if each.plan in plans and each.plan not in there]
        if without:
            less = member.ruled(without=member.rules.without | set(without))
            changed = tuple(less if each is member else each for each in changed)
            records += [member.sub.id, *without]
    why = "the configuration leaves the plan out"
    return Shown(Cause.IGNORED, why, tuple(records), changed, proven=True) if records else None


def _absent(case: Case, cause: Cause, members: list[Member], why: str, proven: bool = False) -> Shown | None:
    if not members:
        return None
    changed = tuple(
        each.ruled(absent=True) if any(each is one for one in members) else each for each in case.members
    )
    records = tuple(each.sub.id for each in members)
    return Shown(cause, why, records, changed, proven=proven or case.reproduced)
