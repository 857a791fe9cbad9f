"""The audit's row of a change: ids and hashes, no values."""

from collections.abc import Iterable, Sequence

from temporalio import workflow

from models.audit import MOST_EFFECTS, AuditDecision, AuditEffect, AuditRow
from models.changes import ChangeInput, ChangeState, Decision
from models.effects import Effect


def row_of(
    given: ChangeInput,
    state: ChangeState,
    plan: str,
    decisions: Iterable[Decision],
    effects: Sequence[Effect],
) -> AuditRow:
    now = workflow.now()
    return AuditRow(
        id=given.key,
        account=given.account,
        kind="change",
        at=now,
        run=workflow.info().workflow_id,
        what=given.tool,
        customer=getattr(given.change, "customer_uuid", None) or "",
        asked_by=given.asker.name,
        owner=given.asker.owner,
        rule=given.rule.said,
        plan=plan,
        decisions=[
            AuditDecision(
                who=each.who, way=each.way, approve=each.approve, at=each.at or now, machine=each.machine
            )
            for each in decisions
        ],
        outcome=state.value,
        effects=[AuditEffect.of(each) for each in effects[:MOST_EFFECTS]],
        more_effects=max(0, len(effects) - MOST_EFFECTS),
    )
