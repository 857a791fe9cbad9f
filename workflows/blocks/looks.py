"""Look again and again, for months, without a history that grows without end."""

from datetime import datetime, timedelta

from temporalio import workflow

QUICK = 400
"""Looks at the pace of the route. After them the time that is left has as many again, or fewer."""


class Looks:
    def __init__(self, every_hours: float, for_days: float) -> None:
        self._every, self._lasts = timedelta(hours=every_hours), timedelta(days=for_days)
        self._count = 0
        self.until: datetime = workflow.now() + self._lasts

    def next(self) -> datetime:
        """When to look next, `until` at the latest."""
        self._count += 1
        every = self._every if self._count <= QUICK else max(self._every, self._lasts / QUICK)
        return min(self.until, workflow.now() + every)
