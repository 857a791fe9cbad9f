"""config/rates.csv, strictly: a wrong rate is worse than none."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from domains.reconciliation.rates import NoRate, Rate, Rates, Unreadable, read_rates

HEAD = "date,currency,rate,source\n"
FRIDAY = date(2026, 10, 30)


def rates() -> Rates:
    return read_rates(
        f"{HEAD}2026-10-30,EUR,1.0950,ECB\n2026-10-05,EUR,1.0800,ECB\n2026-10-30,JPY,0.0066,ECB\n", "USD"
    )


def test_a_days_rate_and_that_of_the_week_before() -> None:
    assert rates().of("EUR", FRIDAY) == Rate(FRIDAY, Decimal("1.0950"), "ECB")
    assert rates().of("EUR", FRIDAY + timedelta(days=7)).day == FRIDAY
    assert rates().of("USD", FRIDAY).rate == 1


def test_what_is_older_than_a_week_is_no_rate() -> None:
    with pytest.raises(NoRate, match="no rate of EUR for 2026-11-07, nor in the 7 days before"):
        rates().of("EUR", FRIDAY + timedelta(days=8))
    with pytest.raises(NoRate):
        rates().of("GBP", FRIDAY)


def test_minor_units_are_those_of_both_currencies() -> None:
    assert rates().convert(10_000, "EUR", FRIDAY) == 10_950
    assert rates().convert(5_000, "JPY", FRIDAY) == 3_300


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("30.10.2026,EUR,1.1,ECB", "line 2: date: as in 2026-10-31"),
        ("20261030,EUR,1.1,ECB", "line 2: date: as in 2026-10-31"),
        ("2026-10-30,eur,1.1,ECB", "line 2: currency: three capital letters, as in EUR"),
        ("2026-10-30,USD,1.1,ECB", "line 2: currency: it is the account's own"),
        ('2026-10-30,EUR,"1,1",ECB', "line 2: rate: a number, as in 1.0850"),
        ("2026-10-30,EUR,0,ECB", "line 2: rate: more than 0, and no more than a thousand million"),
        ("2026-10-30,EUR,NaN,ECB", "line 2: rate: more than 0, and no more than a thousand million"),
        ("2026-10-30,EUR,1.1", "line 2: 3 fields, and there have to be 4"),
        ("2026-10-30,EUR,1.1,ECB,x", "line 2: 5 fields, and there have to be 4"),
        ('2026-10-30,EUR,1.1,"ECB', "line 2: it is no CSV"),
    ],
)
def test_a_line_that_is_wrong_is_named_and_not_quoted(line: str, fault: str) -> None:
    with pytest.raises(Unreadable) as raised:
        read_rates(f"{HEAD}{line}\n", "USD")
    assert str(raised.value) == fault


def test_all_lines_that_are_wrong_are_named() -> None:
    text = HEAD + "\n2026-10-30,EUR,x,\n2026-10-29,EUR,1,\n2026-10-29,EUR,2,\n"
    with pytest.raises(Unreadable) as raised:
        read_rates(text, "USD")
    assert str(raised.value) == (
        "line 3: rate: a number, as in 1.0850; line 5: the same day and currency stand on a line before"
    )


def test_another_head_is_another_file() -> None:
    for text in ("", "currency,date,rate,source\n", "date;currency;rate;source\n"):
        with pytest.raises(Unreadable, match="line 1: it has to be date,currency,rate,source"):
            read_rates(text, "USD")


def test_a_byte_order_mark_and_line_ends_of_windows_are_no_fault() -> None:
    text = "\ufeff" + HEAD.replace("\n", "\r\n") + "2026-10-30,EUR,1.1,\r\n"
    assert read_rates(text, "USD").of("EUR", FRIDAY).rate == Decimal("1.1")


def test_very_long_files_are_refused() -> None:
    with pytest.raises(Unreadable, match="more than 200000 lines"):
        read_rates(HEAD + "\n" * 200_000 + "2026-10-30,EUR,1.1,\n", "USD")
