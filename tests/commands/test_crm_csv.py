"""What was not written to a CRM, as a file for people."""

import csv
from dataclasses import fields
from pathlib import Path

import pytest

from commands.crm import _write
from operations.crm import LeftRecord


@pytest.mark.parametrize("hostile", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", '=HYPERLINK("http://x","y")'])
def test_no_text_of_strangers_is_a_formula(tmp_path: Path, hostile: str) -> None:
    file = tmp_path / "left.csv"
    _write([LeftRecord(**{each.name: hostile for each in fields(LeftRecord)})], file)
    with file.open(newline="") as opened:
        [row] = csv.DictReader(opened)
    assert set(row.values()) == {f"'{hostile}"}
