"""What ChartMogul has accepted with 202, and does a while later."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from simulators.chartmogul.book import NotPossible
from simulators.chartmogul.ledger import now

Work = Callable[[], object]


class Later:
    def __init__(self) -> None:
        self._waiting: list[tuple[datetime, Work]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, work: Work) -> None:
        self._waiting.append((now(), work))

    def settle(self, seconds: float) -> None:
        """Do what has waited for so long. What is not possible by then is left out, and nobody is told."""
        due = [each for each in self._waiting if each[0] + timedelta(seconds=seconds) <= now()]
        for each in due:
            self._waiting.remove(each)
            with suppress(NotPossible):
                each[1]()
