"""Operations of connectors, one after the other, each with what the ones before it answered."""

from collections.abc import Mapping
from typing import Any

from activities.connector import ConnectorActivities
from models.chartmogul import CustomerNow
from models.connectors import Called, Connector, ConnectorCall
from models.effects import Mode
from models.event import Event
from workflows.engine.once import once
from workflows.engine.run_log import RunLog
from workflows.engine.steps import StepFailed, step

MOST_SUBSCRIPTIONS = 20


def values_of(event: Event, customer: CustomerNow) -> dict[str, Any]:
    """What operations may use: `event`, and `facts` of the customer as ChartMogul tells them now."""
    facts = customer.customer.model_dump(mode="json", exclude={"attributes"})
    attributes = customer.customer.attributes.model_dump(mode="json")
    facts |= {"attributes": attributes, "subscriptions": _plain(customer)}
    return {"event": event.model_dump(mode="json") | {"type": event.type}, "facts": facts}


def _plain(customer: CustomerNow) -> list[dict[str, Any]]:
    return [each.model_dump(mode="json") for each in customer.subscriptions[:MOST_SUBSCRIPTIONS]]


class Calls:
    """Of one run. `key` begins the key of each write."""

    def __init__(
        self,
        run_log: RunLog,
        connectors: Mapping[str, Connector],
        values: Mapping[str, Any],
        mode: Mode,
        key: str,
    ) -> None:
        self._run_log, self._connectors, self._mode, self._key = run_log, connectors, mode, key
        self._values, self._answers = dict(values), dict[str, Any]()

    async def make(self, names: list[str]) -> None:
        """What fails for good is a problem of the run; the others are made."""
        for name in names:
            try:
                called = await self._make(name)
            except StepFailed as failure:
                self._run_log.note_problem(failure)
                continue
            self._answers[name.partition(".")[2]] = called.answer
            if called.effect:
                self._run_log.add(called.effect)

    def answered(self, name: str) -> bool | None:
        """Whether the operation's answer says something: not where it is empty, 0 or false. None where there
        is none."""
        operation = name.partition(".")[2]
        return bool(self._answers[operation]) if operation in self._answers else None

    async def _make(self, name: str) -> Called:
        """Raises StepFailed."""
        connector, _, operation = name.partition(".")
        content = self._connectors.get(connector)
        if content is None or operation not in content.operations:
            raise StepFailed(
                "connector.call",
                "NotFound",
                f"There is no operation {name}: look into config/connectors, or correct the route",
                permanent=True,
                pause=None,
            )
        call = ConnectorCall(
            key=f"{self._key}:{name}",
            mode=self._mode,
            connector=connector,
            operation=operation,
            content=content,
            values=self._values | {"answers": self._answers},
        )
        if call.asked.is_read:
            return await step(ConnectorActivities.read, call, summary=f"Read {name}")
        if call.asked.may_repeat or self._mode is Mode.PREVIEW:
            return await step(ConnectorActivities.write, call, summary=f"Call {name}")
        return await once(ConnectorActivities.write, call, Called, summary=f"Call {name}, at most once")
