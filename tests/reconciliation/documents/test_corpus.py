"""All labels of the corpus, their controls and decoys. `python -m tests.reconciliation.documents.show` prints
the table."""

from random import Random

import pytest

from models.reconciliation.causes import Cause
from tests.reconciliation.documents.corpus import (
    CODES,
    OTHERS,
    PAIRS,
    SEEDS,
    SHARED,
    Maker,
    found,
    run,
    table,
)


@pytest.mark.parametrize("maker", [*CODES, *SHARED, *PAIRS, *OTHERS], ids=lambda it: it.__name__)
def test_each_case_has_its_causes_to_the_cent(maker: Maker) -> None:
    for seed in range(SEEDS):
        case = maker(Random(f"{maker.__name__} {seed}"))
        compared = case.judged()
        assert found(compared) == (dict(case.sums), sorted(case.unexplained)), f"{case.label} {seed}"
        assert all(each.closes for each in compared.tie_outs)
        for row in compared.findings:
            assert row.difference == sum(it.minor for it in row.causes) + row.unexplained
            assert row.difference == (row.left.minor or 0) - (row.right.minor or 0)
            assert all(it.why for it in row.causes)
            assert row.ruled_out or row.notes or not row.unexplained


def test_every_code_of_documents_has_a_label() -> None:
    first, last = list(Cause).index(Cause.SUMMARY_POSTING), list(Cause).index(Cause.BALANCE_CREDIT)
    assert [maker.__name__.upper() for maker in CODES] == [
        each.name for each in list(Cause)[first : last + 1]
    ]


def test_the_table_has_a_line_for_each_label() -> None:
    assert len(table(list(run(seeds=1))).splitlines()) == 1 + len((*CODES, *SHARED, *PAIRS, *OTHERS))
