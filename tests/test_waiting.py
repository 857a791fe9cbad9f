"""What waits for a state goes on with it, and says what it saw last where there is none."""

from collections.abc import Iterator

import pytest

from tests.waiting import until, until_blocking, until_equal


async def test_the_first_true_answer_is_handed_on() -> None:
    answers: Iterator[object] = iter([0, None, [], "there", "later"])

    async def ask() -> object:
        return next(answers)

    assert await until(ask) == "there"
    assert await until(lambda: next(answers)) == "later"
    numbers = iter(range(9))
    assert until_blocking(lambda: next(numbers), pause_seconds=0) == 1
    await until_equal(lambda: next(numbers), 5)
    assert next(numbers) == 6


async def test_the_last_answer_is_named_where_it_never_comes() -> None:
    with pytest.raises(AssertionError, match=r"it is 0, not 'what is true'"):
        await until(lambda: 0, seconds=0.01)
    with pytest.raises(AssertionError, match=r"it is 'red', not 'green'"):
        await until_equal(lambda: "red", "green", seconds=0.01)
