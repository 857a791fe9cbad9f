"""Rows of an audit, always the same, and the chain that they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

from models.audit import AuditDecision, AuditEffect, AuditRow
from models.effects import Action, Effect
from models.ledger import Chain, LedgerState, Link

CUSTOMER = "cus_00000000-0000-4000-8000-000000000001"
BEGAN = datetime(2026, 11, 30, 9, 30, tzinfo=UTC)


def row(number: int, **fields: Any) -> AuditRow:
    """One an hour, each of a change of its own."""
    given: dict[str, Any] = {
        "id": f"change/{number:032x}",
        "account": "default",
        "kind": "change",
        "at": BEGAN + timedelta(hours=number),
        "run": f"change/change_tags/{number:032x}",
        "what": "change_tags",
        "customer": CUSTOMER,
        "asked_by": "support-agent",
        "owner": "ann@acme.example",
        "rule": "change_tags: allow, by default",
        "outcome": "done",
        "effects": [AuditEffect.of(effect(number))],
    }
    return AuditRow.model_validate(given | fields)


def decided(number: int) -> AuditRow:
    """A merge that a person has agreed to."""
    agreed = AuditDecision(
        who="bea@acme.example", way="slack", approve=True, at=BEGAN + timedelta(hours=number)
    )
    run = f"change/merge_or_delete_customer/{number:032x}"
    rule = "merge_or_delete_customer: ask by 1 people within 24 h, by default"
    return row(number, what="merge_or_delete_customer", run=run, rule=rule, decisions=[agreed])


def event(number: int) -> AuditRow:
    """A cancellation that was acted on."""
    task = {"system": "salesforce", "object_type": "Task", "action": Action.CREATED, "object_id": "00T000001"}
    alert = {
        "system": "slack",
        "object_type": "message",
        "action": Action.CREATED,
        "object_id": "1764495000.1",
    }
    run = f"churn_save/{number:024x}"
    return AuditRow(
        id=f"{run}/1",
        account="default",
        kind="event",
        at=BEGAN + timedelta(hours=number),
        run=run,
        what="churn_save",
        customer=CUSTOMER,
        asked_by="route churn-save",
        outcome="saved",
        effects=[AuditEffect.of(Effect(key=f"{run}:{n}", **each)) for n, each in enumerate((task, alert))],
    )


def story() -> list[Link]:
    """What happened to one customer in a morning."""
    chain = Chain(LedgerState(account="default"))
    return [link for each in (event(1), row(2), decided(3)) if (link := chain.append(each))]


def effect(number: int) -> Effect:
    return Effect(
        system="chartmogul",
        object_type="customer",
        action=Action.UPDATED,
        key=f"change/{number:032x}:change_tags",
        object_id=CUSTOMER,
        before={"tags": []},
        after={"tags": ["vip"]},
    )


def links(count: int, account: str = "default") -> list[Link]:
    chain = Chain(LedgerState(account=account))
    found = [chain.append(row(number, account=account)) for number in range(1, count + 1)]
    return [each for each in found if each]
