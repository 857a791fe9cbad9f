"""What Mogulflow has done: its tables take rows, and its views can be asked."""

from pathlib import Path
from typing import Any

from domains.warehouse.automation import (
    AUDIT,
    AUTOMATION,
    EFFECTS,
    RUNS,
    audit_row,
    last_place,
    undone_while_open,
)
from domains.warehouse.engine import Engine
from domains.warehouse.files import Extract
from domains.warehouse.loader import Loader, opened
from models.warehouse_loads import Load
from tests.audited import links
from tests.contracts.warehouse_base import WarehouseBase
from tests.contracts.warehouse_rows import FIRST_NIGHT


class WithAutomation(WarehouseBase):
    def test_what_was_done_is_there_and_can_be_asked(self, engine: Engine, tmp_path: Path) -> None:
        """All in one: on some emulators each definition takes long."""
        self.prepare(engine, AUTOMATION)
        some = links(2)
        for table, rows in (
            (AUDIT, [audit_row(link) for link in some]),
            (EFFECTS, [effect("a", undone=True), effect("b", undone=False)]),
            (RUNS, [run("saved", 10), run("lost", 20), run("saved", None)]),
        ):
            extract = Extract(tmp_path / table.target, table)
            extract.add(rows)
            found = extract.finish()
            assert found.rejects == found.emptied == []
            load = Load(
                run_id="audit/1",
                run_seq=1,
                attempt=1,
                mapping=table,
                files=found.files,
                rows=found.rows,
                complete=False,
                read_at=FIRST_NIGHT,
            )
            assert Loader(engine).load(load).inserted == len(rows)
        with opened(engine) as session:
            assert last_place(session) == some[-1].place
            assert undone_while_open(session) == frozenset()
        [(owner, saved, lost, rate)] = self.query(
            engine, "select owner, saved, lost, save_rate from save_rate_by_owner"
        )
        assert (owner, int(saved), int(lost), round(float(rate), 2)) == ("Ann Lee", 2, 1, 0.67)
        [(count, average, longest)] = self.query(
            engine, "select runs, avg_seconds_from_event, max_seconds_from_begin from time_to_first_action"
        )
        assert (int(count), float(average), int(longest)) == (2, 15.0, 20)
        [(records, undone)] = self.query(engine, "select records, undone from records_written_per_system")
        assert (int(records), int(undone)) == (2, 1)


def run(outcome: str, seconds: int | None) -> dict[str, Any]:
    return {
        "workflow_id": f"churn_save/{outcome}{seconds}",
        "template": "churn_save",
        "route": "churn-save",
        "outcome": outcome,
        "owner": "Ann Lee",
        "began_at": "2026-03-01T10:00:00+00:00",
        "seconds_from_event": seconds,
        "seconds_from_begin": seconds,
    }


def effect(key: str, *, undone: bool) -> dict[str, Any]:
    return {
        "effect_key": key,
        "workflow_id": "churn_save/1",
        "system_name": "salesforce",
        "object_type": "Task",
        "action": "created",
        "written_at": "2026-03-01T10:00:00+00:00",
        "undone": undone,
    }
