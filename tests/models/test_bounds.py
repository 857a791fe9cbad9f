"""What lists and texts take at most, in bytes as Temporal counts them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.bounds import within
from models.events import MovementType
from models.money import MOST_CENTS, Money
from models.movements import EXPLAINED, LISTED, LISTED_IN_FULL, LONGEST_LISTED, Found, Named, Tally
from workflows.engine.tallies import markdown

WIDE = "\U0001f600"
BLOB = 2 * 1024 * 1024
"""Bytes of a payload that Temporal takes, and a quarter of them without a warning."""


@given(st.text(), st.integers(min_value=3, max_value=40))
def test_a_text_is_cut_by_its_bytes_and_says_so(text: str, most: int) -> None:
    cut = within(text, most)
    assert len(cut.encode()) <= most
    assert cut == text or (cut.endswith("…") and text.startswith(cut[:-1]))


@pytest.mark.parametrize("letter", ["x", "ß", WIDE])
def test_a_year_of_the_longest_lines_fits_a_payload(letter: str) -> None:
    lines = [f"{number} {letter * 10_000}" for number in range(200)]
    one = Tally(unreadable_rows=200, unreadable=lines, unaccounted=lines, stuck=lines)
    two_months = Tally()
    for _ in range(61):
        two_months += one
    tally = Tally()
    for _ in range(6):
        tally += two_months
    assert tally.unread == 200 * 366
    assert len(tally.unreadable) == LISTED
    assert max(len(each.encode()) for each in tally.stuck) <= LONGEST_LISTED
    assert len(tally.model_dump_json().encode()) < BLOB / 4
    assert len(markdown("A year", tally).encode()) < 20_000


def named(found: Found, letter: str) -> Named:
    """One of the longest there are; ids are those of `churn_save` and Temporal."""
    return Named(
        found=found,
        occurred_at=datetime(2026, 5, 20, tzinfo=UTC),
        movement_type=MovementType.REACTIVATION,
        amount=Money(cents=-MOST_CENTS, currency="USD"),
        event_id="0" * 24,
        reason=within(letter * LONGEST_LISTED, LONGEST_LISTED),
        workflow_id=f"customer_sync/{'0' * 24}",
        run_id="019a0000-0000-7000-8000-000000000000",
    )


@pytest.mark.parametrize("letter", ["x", '"', WIDE])
def test_a_full_list_of_every_kind_fits_a_payload(letter: str) -> None:
    """A day after the other, each with as many as a list takes."""
    day = Tally(named=[named(found, letter) for found in EXPLAINED for _ in range(LISTED_IN_FULL)])
    tally = day + day + day
    assert len(tally.named) == LISTED_IN_FULL * len(EXPLAINED)
    assert len(tally.model_dump_json().encode()) < BLOB / 2
