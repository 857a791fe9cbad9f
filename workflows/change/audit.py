"""The audit's row of a change: ids and hashes, no values."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from temporalio import workflow

from models.audit import AuditDecision, AuditEffect, AuditRow
from models.changes import ChangeInput, ChangeState, Decision
from models.effects import Effect

MOST_EFFECTS = 100
"""Of one row; the run has all."""


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
            AuditDecision(who=each.who, way=each.way, approve=each.approve, at=each.at or now)
            for each in decisions
        ],
        outcome=state.value,
        effects=[_effect(each) for each in effects[:MOST_EFFECTS]],
        more_effects=max(0, len(effects) - MOST_EFFECTS),
    )


def _effect(effect: Effect) -> AuditEffect:
    return AuditEffect(
        system=effect.system,
        object_type=effect.object_type,
        object_id=effect.object_id,
        action=effect.action.value,
        before=digest(effect.before),
        after=digest(effect.after),
    )


def digest(side: Any) -> str:
    text = json.dumps(side, sort_keys=True, default=str, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
