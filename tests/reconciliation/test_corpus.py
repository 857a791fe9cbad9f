"""How well the judge does where the causes are known. FIRE=full takes ten times as many cases."""

import os

import pytest

from models.reconciliation.causes import Cause
from tests.reconciliation.corpus import RULES, STRUCTURAL
from tests.reconciliation.table import Line, measured, printed

SEEDS = 200 if os.environ.get("FIRE") == "full" else 20
ENOUGH = 0.95


@pytest.fixture(scope="module")
def lines() -> dict[str, Line]:
    return measured(SEEDS)


def test_every_cause_of_the_mrr_has_cases(lines: dict[str, Line]) -> None:
    on_their_own = set(Cause) - {Cause.UNEXPLAINED, Cause.INCOMPLETE_READ}
    of_documents = {each for each in Cause if list(Cause).index(each) > list(Cause).index(Cause.ROUNDING)}
    assert {*RULES, *STRUCTURAL} == on_their_own - of_documents
    assert {each.value for each in (*RULES, *STRUCTURAL)} <= lines.keys()


def test_causes_are_found_to_the_cent(lines: dict[str, Line]) -> None:
    """Of one cause, of two at once, and of none."""
    poor = {
        label: line
        for label, line in lines.items()
        if not label.startswith("decoy") and line.exact < ENOUGH * line.all
    }
    assert not poor, printed(poor)


def test_controls_are_silent(lines: dict[str, Line]) -> None:
    assert lines["control"].wrong == []


def test_no_cause_is_named_that_is_not_there(lines: dict[str, Line]) -> None:
    decoys = {label: line for label, line in lines.items() if label.startswith("decoy")}
    assert len(decoys) > 20
    assert {label: line.wrong[:3] for label, line in decoys.items() if line.false} == {}


def test_every_row_and_every_total_closes(lines: dict[str, Line]) -> None:
    assert sum(line.open_sums for line in lines.values()) == 0
