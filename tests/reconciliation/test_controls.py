"""Counts against counts: where a part is missing nothing is judged."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domains.reconciliation.controls import Checked, Name, check_reads
from models.reconciliation.books import Control, MonthCut, Reading

NAME = Name("stripe", "default")


END = datetime(2026, 11, 1, tzinfo=UTC)


def reading(read: int, expected: int | None, twice: int = 0, **more: Any) -> Reading:
    control = Control(what="subscriptions", read=read, expected=expected, twice=twice, how="a second pass")
    at = END
    return Reading(system="stripe", site="default", began_at=at, ended_at=at, controls=[control], **more)


def checked(given: Reading) -> Checked:
    return check_reads([given], [NAME])


def test_what_closes_is_judged() -> None:
    assert checked(reading(1_001, 1_001)) == ([], frozenset(), [])


def test_p11_a_list_that_ends_at_a_thousand_without_a_word() -> None:
    """1,001 subscriptions, and a reader that is given 1,000 of them."""
    found = checked(reading(1_000, 1_001))
    assert found.stopped == [
        "stripe (default): 1,000 subscriptions were read, and there are 1,001 by a second pass: the list "
        "seems to end at 1,000 without a word"
    ]


def test_p11_without_a_control_count() -> None:
    found = checked(reading(1_000, None))
    assert "that looks like a cap" in found.stopped[0]
    assert checked(reading(1_001, None)).stopped == []


def test_a_count_of_one_page_is_only_said() -> None:
    found = checked(reading(100, None))
    assert (found.stopped, len(found.warnings)) == ([], 1)
    assert checked(reading(100, 100)).warnings == []


def test_the_last_page_is_lost() -> None:
    assert "the last page may be missing" in checked(reading(1_400, 1_437)).stopped[0]


def test_a_page_that_came_twice_hides_one_that_did_not_come() -> None:
    """The count of rows is right."""
    found = checked(reading(100, 200, twice=100))
    assert "100 came twice, so a page was read again and another one was not" in found.stopped[0]


def test_rows_that_came_twice_and_miss_nothing_are_only_said() -> None:
    found = checked(reading(200, 200, twice=3))
    assert (found.stopped, len(found.warnings)) == ([], 1)


def test_rows_that_came_twice_without_a_control_count_stop() -> None:
    assert "others may be missing" in checked(reading(200, None, twice=3)).stopped[0]


def test_more_than_there_should_be_stops_as_well() -> None:
    assert checked(reading(203, 200)).stopped == [
        "stripe (default): 203 subscriptions were read, and there are 200 by a second pass"
    ]


def test_what_was_read_before_the_month_had_ended_stops() -> None:
    early, second = reading(3, 3), timedelta(seconds=1)
    assert check_reads([early], [NAME], END).stopped == []
    assert check_reads([early], [NAME], END + second).stopped == [
        "stripe (default): it was read before the month had ended"
    ]
    cut = MonthCut(period="2026-10", time_zone="UTC", start=END - timedelta(days=31), end=END)
    assert early.serves(cut)
    assert not early.serves(cut.model_copy(update={"end": END + second}))
    assert not reading(2, 3).serves(cut)


def test_records_that_cannot_be_read_stop() -> None:
    found = checked(reading(3, 3, left_out=["sub_9: its currency"]))
    assert found.stopped == ["stripe (default): 1 records cannot be read: sub_9: its currency"]


def test_what_changed_while_it_was_read_is_marked_and_judged() -> None:
    found = checked(reading(3, 3, changed_while_read=["sub_1"]))
    assert found.stopped == []
    assert found.drifted == {"stripe/default/sub_1"}
    assert found.warnings == ["stripe (default): 1 records changed while they were read: DRIFT"]


def test_what_changed_may_be_named_with_what_it_is() -> None:
    found = checked(reading(3, 3, changed_while_read=["Invoice 12", "Invoice: 5 at first, 6 at the end"]))
    assert {"stripe/default/12", "stripe/default/Invoice-12"} < found.drifted


def test_a_system_that_was_not_read_stops() -> None:
    found = check_reads([], [NAME])
    assert found.stopped == ["stripe (default): it was not read at all"]


@pytest.mark.parametrize("read", [0, 1, 999, 1_001, 12_345])
def test_other_counts_without_a_control_are_judged(read: int) -> None:
    assert checked(reading(read, None)).stopped == []
