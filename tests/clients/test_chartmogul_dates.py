"""Dates of a page at once must agree with each on its own."""

from hypothesis import given
from hypothesis import strategies as st

from clients.chartmogul.dates import second_of, seconds_of

PLAIN = st.datetimes().map(lambda it: it.strftime("%Y-%m-%dT%H:%M:%S+00:00"))
OTHERS = st.sampled_from(
    [
        "2026-03-02T09:14:07Z",
        "2026-03-02T09:14:07.999Z",
        " 2026-03-02T09:14:07Z",
        "2026-03-02T05:14:07-04:00",
        "2026-03-02T09:14:07",
        "1989-12-31T23:59:59Z",
        "2201-01-01T00:00:00Z",
        "0001-01-01T00:00:00+05:00",
        "yesterday",
        "",
        None,
        5,
    ]
)


@given(st.lists(PLAIN | OTHERS, max_size=6) | st.lists(PLAIN, max_size=6))
def test_seconds_of_a_page(dates: list[object]) -> None:
    rows = [{"date": date} for date in dates]
    assert list(seconds_of(rows)) == [second_of(row) for row in rows]


def test_row_without_a_date_has_no_second() -> None:
    assert list(seconds_of([{}, {"date": "2026-03-02T09:14:07Z"}])) == [
        None,
        second_of({"date": "2026-03-02T09:14:07Z"}),
    ]
