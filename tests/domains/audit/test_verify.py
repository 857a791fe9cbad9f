"""Files that somebody has been at: what was done is found, and where."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from domains.audit.files import line_of
from domains.audit.verify import verify
from models.ledger import Link, hash_of
from tests.audited import links

COUNT = 9
Rows = list[dict[str, Any]]


def as_rows(some: list[Link]) -> Rows:
    return [json.loads(line_of(link)) for link in some]


def write(file: Path, rows: Rows) -> Path:
    file.write_text("".join(json.dumps(row, sort_keys=True) + "\n" for row in rows))
    return file


def faults(*files: Path, head: str = "") -> list[str]:
    return [fault for each in verify(files, head) for fault in each.faults]


def edited(rows: Rows) -> None:
    rows[4]["row"]["asked_by"] = "nobody"


def hashed_anew(rows: Rows) -> None:
    edited(rows)
    rows[4]["hash"] = hash_of(rows[4]["previous"], rows[4]["number"], rows[4]["row"])


def first_hashed_anew(rows: Rows) -> None:
    rows[0]["previous"] = "1" * 64
    rows[0]["hash"] = hash_of(rows[0]["previous"], 1, rows[0]["row"])
    rows[1]["previous"] = rows[0]["hash"]
    rows[1]["hash"] = hash_of(rows[1]["previous"], 2, rows[1]["row"])


def missing(rows: Rows) -> None:
    del rows[4]


def many_missing(rows: Rows) -> None:
    del rows[3:6]


def twice(rows: Rows) -> None:
    rows.insert(5, rows[4])


def swapped(rows: Rows) -> None:
    rows[4], rows[5] = rows[5], rows[4]


def moved_to_the_end(rows: Rows) -> None:
    rows.append(rows.pop(4))


def renumbered(rows: Rows) -> None:
    rows[4]["number"] = 6


def an_effect_taken_out(rows: Rows) -> None:
    del rows[4]["row"]["effects"]


def one_put_in(rows: Rows) -> None:
    row = {"id": "x", "account": "default"}
    put = {"number": 6, "previous": rows[4]["hash"], "hash": hash_of(rows[4]["hash"], 6, row), "row": row}
    rows.insert(5, put)


TAMPERINGS: list[tuple[Callable[[Rows], None], str]] = [
    (edited, "row 5 was edited"),
    (hashed_anew, "row 5 is not the one that row 6 was hashed with"),
    (first_hashed_anew, "row 1 follows another row"),
    (missing, "row 5 is missing"),
    (many_missing, "rows 4 to 6 are missing"),
    (twice, "row 5 is there 2 times"),
    (swapped, "row 5 stands behind row 6"),
    (moved_to_the_end, "row 5 stands behind row 9"),
    (renumbered, "row 6 was edited"),
    (an_effect_taken_out, "row 5 was edited"),
    (one_put_in, "row 6 is there 2 times"),
]


@pytest.mark.parametrize(("tamper", "found"), TAMPERINGS, ids=[each.__name__ for each, _ in TAMPERINGS])
def test_a_tampering_is_found_and_named(tmp_path: Path, tamper: Callable[[Rows], None], found: str) -> None:
    rows = as_rows(links(COUNT))
    whole = write(tmp_path / "whole.jsonl", rows)
    assert faults(whole) == []
    tamper(rows)
    said = faults(write(tmp_path / "tampered.jsonl", rows))
    assert said[0].startswith(found), said


@pytest.mark.parametrize("at", range(COUNT))
@pytest.mark.parametrize("field", ["number", "previous", "hash", "row"])
def test_no_part_of_any_row_can_be_changed_unseen(tmp_path: Path, at: int, field: str) -> None:
    rows = as_rows(links(COUNT))
    changed = {"number": 100, "previous": "2" * 64, "hash": "3" * 64, "row": {"account": "default"}}
    rows[at][field] = changed[field]
    assert faults(write(tmp_path / "tampered.jsonl", rows))


def test_files_are_taken_in_the_order_of_their_rows(tmp_path: Path) -> None:
    rows = as_rows(links(COUNT))
    late, early = write(tmp_path / "a.jsonl", rows[5:]), write(tmp_path / "b.jsonl", rows[:5])
    [found] = verify([late, early])
    assert (found.rows, found.first, found.end.number, list(found.faults)) == (COUNT, 1, COUNT, [])
    assert faults(late) == []
    [some] = verify([late])
    assert some.first == 6


def test_rows_that_are_missing_at_the_end_are_found_by_the_posted_hash(tmp_path: Path) -> None:
    some = links(COUNT)
    file = write(tmp_path / "cut.jsonl", as_rows(some)[:-1])
    assert faults(file) == []
    assert faults(file, head=some[-2].hash) == []
    [said] = faults(file, head=some[-1].hash)
    assert said.startswith(f"no row has the hash {some[-1].hash}")


def test_all_rows_hashed_anew_are_found_by_the_posted_hash(tmp_path: Path) -> None:
    some, others = links(COUNT), links(COUNT, account="default")
    rows, before = as_rows(others), "0" * 64
    for row in rows:
        row["row"]["asked_by"] = "nobody"
        row["previous"] = before
        before = row["hash"] = hash_of(before, row["number"], row["row"])
    file = write(tmp_path / "anew.jsonl", rows)
    assert faults(file) == []
    assert faults(file, head=some[-1].hash)


def test_accounts_have_chains_of_their_own(tmp_path: Path) -> None:
    both = [
        write(tmp_path / f"{name}.jsonl", as_rows(links(3, account=name))) for name in ("default", "europe")
    ]
    assert [(each.account, each.rows, list(each.faults)) for each in verify(both)] == [
        ("default", 3, []),
        ("europe", 3, []),
    ]


@pytest.mark.parametrize("line", ["{", "", "[]", '{"number": 1}', "\0"])
def test_a_line_that_is_no_row_is_named(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "torn.jsonl", as_rows(links(2)))
    with file.open("a") as lines:
        lines.write(line + "\n")
    assert faults(file) == ["torn.jsonl, line 3, is no row: it was cut off, or edited"]


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ('{"hash"', '{"asked_by": "nobody", "hash"'),
        ('{"hash"', '{"row": {"asked_by": "nobody"}, "hash"'),
        ('"row": {', '"row": {"account": "default", "account": "other", '),
        ('"row": {', '"row": {"more": "\\ud800", '),
        ('"row": {', '"row": {"more": NaN, '),
        ('"row": {', '"row": {"more": ' + "[" * 50_000 + "]" * 50_000 + ", "),
    ],
    ids=["beside the row", "two rows", "a name twice", "half a letter", "no number", "deep"],
)
def test_what_no_hash_covers_cannot_be_written_into_a_line(
    tmp_path: Path, written: str, instead: str
) -> None:
    file = write(tmp_path / "added.jsonl", as_rows(links(COUNT)))
    lines = file.read_text().splitlines()
    lines[4] = lines[4].replace(written, instead, 1)
    file.write_text("\n".join(lines) + "\n")
    assert any("line 5" in fault for fault in faults(file))
