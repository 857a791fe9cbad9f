"""The fast path must agree with models/events.py, letter by letter."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from domains.warehouse.ids import movement_ids
from models.chartmogul import Activity
from models.events import movement_from_activity

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
DATES = st.sampled_from(
    [
        "2026-03-02T09:14:07+00:00",
        "2026-03-02T09:14:07.000Z",
        "2026-03-02T09:14:07Z",
        "2026-03-02T05:14:07-04:00",
        "2026-03-02T09:14:07.999+00:00",
        "2026-03-02T09:14:08+00:00",
    ]
)
WORDS = st.sampled_from(["cus_A", "sub_1NaBc", "cus_ß", "İ"])
CUSTOMERS = WORDS | st.sampled_from([" CUS_a ", "cus-a"]) | st.text("aZ9_ßé-", min_size=1, max_size=12)
LONG = st.sampled_from(["Sub_" + "x" * 2000, " sub_" + "X" * 2000, "x" * 999 + " y", 7, "7", "\0"])
ROWS = st.lists(st.tuples(DATES, CUSTOMERS, st.none() | TEXT | LONG), max_size=8) | st.lists(
    st.tuples(DATES, WORDS, st.none() | WORDS), max_size=8
)
"""Of any kind, or nothing but what needs no more than another case."""


def row(date: str, customer: str, subscription: str | int | None) -> dict[str, Any]:
    return {
        "date": date,
        "type": "new_biz",
        "activity-mrr-movement": 1,
        "currency": "USD",
        "customer-uuid": customer,
        "subscription-external-id": subscription,
    }


@given(ROWS, TEXT)
def test_ids_are_those_of_the_events(given_rows: list[tuple[str, str, str | None]], account: str) -> None:
    rows = [row(*each) for each in given_rows]
    ids, occurrences = movement_ids(rows, account)
    seen: Counter[object] = Counter()
    for each, event_id, occurrence in zip(rows, ids, occurrences, strict=True):
        event = movement_from_activity(Activity.model_validate(each), account)
        seen[event.moment] += 1
        assert occurrence == seen[event.moment]
        assert event_id == event.numbered(seen[event.moment]).event_id


def test_row_without_a_customer_or_with_an_id_that_is_none_has_none() -> None:
    at = "2026-03-02T09:14:07Z"
    for customer, subscription in ((None, "s"), (" ", "s"), (["c"], "s"), ("c", ["s"]), ("c", {"id": 1})):
        assert movement_ids([row(at, customer, subscription)], "default") == ([None], [None])  # type: ignore[arg-type] # what comes from outside


def test_row_without_a_readable_time_has_none() -> None:
    for date in ("", "yesterday", "2026-03-02T09:14:07", None, 5):
        assert movement_ids([row("", "c", "s") | {"date": date}], "default") == ([None], [None])
