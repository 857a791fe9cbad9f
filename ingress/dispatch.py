"""The one door: an event, from wherever we learned of it, becomes at most one run per template."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel
from temporalio.client import Client
from temporalio.common import (
    Priority,
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError

import temporal
from models.churn_save import ChurnSaveInput
from models.crm import CrmMapping
from models.crm_sync import CustomerSyncInput
from models.effects import Mode
from models.events import MrrMovement
from models.routes import Route, Routes, Template
from models.runs import Outcome, Rerun
from workflows.headlines import headline, headline_with_customer, summary

EventInput = ChurnSaveInput | CustomerSyncInput

INPUT_MODELS: dict[str, type[ChurnSaveInput] | type[CustomerSyncInput]] = {
    "churn_save": ChurnSaveInput,
    "customer_sync": CustomerSyncInput,
}
"""By template: how its input is read back from a run's history."""


@dataclass(frozen=True)
class Dispatched:
    """A template's run for an event; `new` is False where an earlier delivery started it."""

    template: str
    workflow_id: str
    run_id: str
    link: str
    new: bool


@dataclass(frozen=True)
class Door:
    """Where events go in. `web_ui_url` is for the links in messages and answers, `crm` for customer_sync."""

    client: Client
    routes: Routes
    web_ui_url: str
    crm: CrmMapping = field(default_factory=CrmMapping)
    customer_in_headline: bool = False

    async def dispatch(
        self, event: MrrMovement, *, received_at: datetime, mode: Mode = Mode.LIVE
    ) -> list[Dispatched]:
        """Start what the routes say. Raises RPCError or RuntimeError where Temporal does not answer."""
        return [
            await self.start(event, route, received_at=received_at, mode=mode)
            for route in self.routes.matching(event)
        ]

    async def start(
        self,
        event: MrrMovement,
        route: Route,
        *,
        received_at: datetime,
        mode: Mode = Mode.LIVE,
        priority: Priority = temporal.LIVE,
    ) -> Dispatched:
        workflow_id = f"{route.template}/{event.event_id}"
        given = self._given(event, route, received_at=received_at, mode=mode)
        if mode is Mode.PREVIEW:
            workflow_id += temporal.PREVIEW
        try:
            handle = await self.client.start_workflow(
                route.template,
                given,
                id=workflow_id,
                task_queue=temporal.WORKFLOWS,
                task_timeout=temporal.TASK_TIMEOUT,
                search_attributes=self._search_attributes(event, route, mode),
                memo={temporal.STATED: [event.stated], temporal.SUBSCRIPTION: event.moment[1]},
                priority=priority,
                static_summary=summary(event),
                request_eager_start=True,
                **_identity_policies(mode),
            )
        except WorkflowAlreadyStartedError as known:
            return self._dispatched(route, workflow_id, known.run_id or "", new=False)
        return self._dispatched(route, workflow_id, handle.result_run_id or "", new=True)

    async def start_again(
        self, workflow_id: str, old: EventInput, route: Route, memo: Mapping[str, Any], why: Rerun
    ) -> Dispatched:
        """A new run in the place of one that has ended, of the same event, by this route. It knows by its
        memo that it is not the first. Raises WorkflowAlreadyStartedError where one is open."""
        given = self._given(old.event, route, received_at=old.received_at, mode=old.mode)
        kept = {name: memo[name] for name in (temporal.STATED, temporal.SUBSCRIPTION) if name in memo}
        handle = await self.client.start_workflow(
            route.template,
            given,
            id=workflow_id,
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            search_attributes=self._search_attributes(old.event, route, old.mode),
            memo=kept | {temporal.RERUN: why},
            priority=temporal.LIVE,
            static_summary=summary(old.event),
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        )
        return self._dispatched(route, workflow_id, handle.result_run_id or "", new=True)

    def _given(self, event: MrrMovement, route: Route, *, received_at: datetime, mode: Mode) -> BaseModel:
        return INPUTS[route.template](
            self,
            {
                "event": event,
                "route": route.name,
                "route_why": route.when.why(event),
                "options": route.options,
                "received_at": received_at,
                "wait": route.scheduled == "wait",
                "mode": mode,
                "web_ui_url": self.web_ui_url,
            },
        )

    def _search_attributes(self, event: MrrMovement, route: Route, mode: Mode) -> TypedSearchAttributes:
        shown = headline_with_customer(event) if self.customer_in_headline else headline(event)
        return _search_attributes(event, route, mode, shown)

    def _dispatched(self, route: Route, workflow_id: str, run_id: str, *, new: bool) -> Dispatched:
        link = temporal.run_link(self.web_ui_url, self.client.namespace, workflow_id, run_id)
        return Dispatched(route.template, workflow_id, run_id, link, new)


def _churn_save(_: Door, given: dict[str, Any]) -> BaseModel:
    return ChurnSaveInput(**given, reads_at_once=True)


def _customer_sync(door: Door, given: dict[str, Any]) -> BaseModel:
    return CustomerSyncInput(**given, mapping=door.crm)


INPUTS: dict[Template, Callable[[Door, dict[str, Any]], BaseModel]] = {
    "churn_save": _churn_save,
    "customer_sync": _customer_sync,
}
"""What a run of each template is given, beside what all are."""


def _identity_policies(mode: Mode) -> dict[str, Any]:
    """A live event runs once, for ever; a preview as often as people like, one at a time."""
    if mode is Mode.LIVE:
        return {"id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE}
    return {"id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING}


def _search_attributes(event: MrrMovement, route: Route, mode: Mode, shown: str) -> TypedSearchAttributes:
    values: dict[Any, Any] = {
        temporal.HEADLINE: shown,
        temporal.ACCOUNT: event.account,
        temporal.CUSTOMER: event.customer_uuid,
        temporal.EVENT_KIND: event.movement_type.value,
        temporal.EVENT_SOURCE: event.source.value,
        temporal.TEMPLATE: route.template,
        temporal.OUTCOME: Outcome.OPEN.value,
        temporal.MODE: mode.value,
        temporal.OCCURRED_AT: event.occurred_at,
    }
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values.items()])
