"""What Mogulflow itself has done, as tables beside ChartMogul's: kept after Temporal has forgotten it."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from domains.warehouse.engine import Session
from models.ledger import AuditPlace, Link
from models.warehouse import Column, Mapping, StreamMapping, Type


class OwnTable(StreamMapping):
    """No stream of ChartMogul's fills it."""

    stream: Any = Field(default="automation")


def _columns(kind: Type, described: dict[str, str], required: Sequence[str] = ()) -> list[Column]:
    return [
        Column(name=name, source=name, type=kind, required=name in required, description=text)
        for name, text in described.items()
    ]


AUDIT = OwnTable(
    target="agent_audit",
    description="The audit's rows, as the files have them",
    key=["ledger_hash"],
    unknown_fields="ignore",
    columns=[
        *_columns(
            Type.TEXT,
            {
                "ledger_hash": "SHA-256 of the row, its number and the hash before it",
                "ledger_previous": "Hash of the row before",
                "row_id": "What was told: told twice it is one row",
                "kind": "change or event",
                "workflow_id": "Temporal's id of the run",
                "what": "Tool, or template",
                "customer_uuid": "ChartMogul's customer",
                "asked_by": "Who asked, or the route",
                "owner": "Who answers for who asked",
                "policy_rule": "Line of the policy that decided",
                "plan_hash": "Hash of what was looked at before it was decided",
                "outcome": "What it came to",
            },
            required=["ledger_hash", "row_id"],
        ),
        *_columns(
            Type.INTEGER,
            {
                "ledger_number": "Of the row, from 1, without a gap",
                "more_effects": "Beyond those that are listed",
            },
        ),
        *_columns(Type.TIMESTAMP, {"happened_at": "When it was over, UTC"}),
        *_columns(
            Type.JSON,
            {
                "decisions": "Who decided, in which way, when",
                "effects": "System, object, action, hashes of both sides",
            },
        ),
    ],
)

RUNS = OwnTable(
    target="automation_runs",
    description="Runs of events, and changes that were asked for, at their end",
    key=["workflow_id"],
    unknown_fields="ignore",
    columns=[
        *_columns(
            Type.TEXT,
            {
                "workflow_id": "Temporal's id; of a run that was run again the last one is here",
                "run_id": "Temporal's id of that run",
                "template": "Template, or change",
                "kind": "Type of the event; of a change its tool",
                "route": "Name of the route",
                "customer_uuid": "ChartMogul's customer",
                "outcome": "What it came to; how it was ended, where it did not end by itself",
                "reason": "Reason of the cancellation, where it is known",
                "owner": "Who is in charge of the customer",
                "asked_by": "Who asked, or the route",
                "source": "How we learned of the event",
            },
            required=["workflow_id"],
        ),
        *_columns(
            Type.TIMESTAMP,
            {
                "occurred_at": "When the event happened, UTC",
                "began_at": "When the run began, UTC",
                "first_action_at": "When it had first written a record, UTC",
                "ended_at": "When the run ended, UTC",
            },
        ),
        *_columns(
            Type.INTEGER,
            {
                "seconds_from_event": "From the event to the first record; none of what was written ahead",
                "seconds_from_begin": "From the run's begin to the first record",
                "records_written": "Records created or updated",
                "problems": "Steps that failed for good",
            },
        ),
    ],
)

EFFECTS = OwnTable(
    target="automation_effects",
    description="Records that runs have created or updated",
    key=["effect_key"],
    unknown_fields="ignore",
    columns=[
        *_columns(
            Type.TEXT,
            {
                "effect_key": "Idempotency key of the write",
                "workflow_id": "Temporal's id of the run",
                "run_id": "Temporal's id of that run",
                "customer_uuid": "ChartMogul's customer",
                "system_name": "System that has the record",
                "object_type": "Kind of the record",
                "object_id": "Its id there",
                "action": "created or updated",
                "by_whom": "Who asked, or the route",
            },
            required=["effect_key"],
        ),
        *_columns(Type.TIMESTAMP, {"written_at": "End of the run, UTC; null while it is open"}),
        *_columns(Type.BOOLEAN, {"undone": "Whether an undo has taken it back"}),
    ],
)

AUTOMATION = Mapping(streams=[AUDIT, EFFECTS, RUNS])


def audit_row(link: Link) -> dict[str, Any]:
    """As the table has it."""
    row = link.row
    return {
        "ledger_hash": link.hash,
        "ledger_previous": link.previous,
        "ledger_number": link.number,
        "row_id": row.get("id"),
        "kind": row.get("kind"),
        "workflow_id": row.get("run"),
        "what": row.get("what"),
        "customer_uuid": row.get("customer"),
        "asked_by": row.get("asked_by"),
        "owner": row.get("owner"),
        "policy_rule": row.get("rule"),
        "plan_hash": row.get("plan"),
        "outcome": row.get("outcome"),
        "happened_at": row.get("at"),
        "decisions": row.get("decisions", []),
        "effects": row.get("effects", []),
        "more_effects": row.get("more_effects", 0),
    }


def last_place(session: Session) -> AuditPlace:
    """Of the audit's row that came last."""
    order = "order by _first_loaded_at desc, ledger_number desc limit 1"
    for number, head in session.query(f"select ledger_number, ledger_hash from {AUDIT.target} {order}"):
        return AuditPlace(number=int(str(number)), head=str(head))
    return AuditPlace()


def undone_while_open(session: Session) -> frozenset[str]:
    """Keys of effects that were taken back before their run had ended: its end says no word of that."""
    where = "where undone = true and written_at is null"
    return frozenset(str(key) for (key,) in session.query(f"select effect_key from {EFFECTS.target} {where}"))
