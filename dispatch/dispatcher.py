"""The one dispatcher: an event, from wherever we learned of it, becomes at most one run per template."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Self

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
from temporalio.service import RPCError, RPCStatusCode

import temporal
from configuration.connectors import connectors_for
from configuration.files import crm_for
from dispatch import returns
from dispatch.holds import Holds
from dispatch.known_runs import known_run
from dispatch.namesakes import place_of
from models.crm import CrmMapping
from models.effects import Mode
from models.event import Event
from models.events import FailedPayment
from models.holds import Holding
from models.routes import Route, Routes
from models.runs import Outcome, Rerun
from models.templates.template import EventInput, Installation
from settings import Settings

KEPT_BY_A_RERUN = (temporal.STATED, temporal.SUBSCRIPTION, temporal.BEGUN)
"""Of the memo of the run before."""

CONFLICT = {True: WorkflowIDConflictPolicy.TERMINATE_EXISTING, False: WorkflowIDConflictPolicy.FAIL}
"""Whether an open run ends for the new one. The server does both at once: were it two calls, a command that
ends between them would lose the event."""


@dataclass(frozen=True)
class Dispatched:
    """A template's run for an event; `new` is False where an earlier delivery started it. `mode` is what
    its route says now, `held_by` names the brake or pause whose end a new run awaits. `told`: it is open, is
    for several events, and hears of this one only now."""

    template: str
    workflow_id: str
    run_id: str
    link: str
    new: bool
    mode: Mode = Mode.LIVE
    held_by: str | None = None
    told: bool = False


@dataclass(frozen=True)
class Dispatcher:
    """Where events go in. `web_ui_url` is for the links in messages and answers. Without `holds` neither
    brake nor pause is heeded."""

    client: Client
    routes: Routes
    web_ui_url: str
    installation: Installation = field(default_factory=Installation)
    holds: Holds | None = None
    customer_in_headline: bool = False

    @classmethod
    def of(
        cls,
        client: Client,
        routes: Routes,
        settings: Settings,
        holds: Holds | None = None,
        crm: CrmMapping | None = None,
    ) -> Self:
        """As the settings say; `crm` where it has been read. Raises BadConfig."""
        return cls(
            client=client,
            routes=routes,
            web_ui_url=settings.web_ui_url,
            installation=Installation(
                zones=settings.zones,
                crm=crm or crm_for(routes, settings),
                connectors=connectors_for(routes, settings),
                data_sources=settings.data_sources,
            ),
            holds=holds,
            customer_in_headline=settings.headline_names_customer,
        )

    async def dispatch(
        self, event: Event, *, received_at: datetime, mode: Mode = Mode.LIVE
    ) -> list[Dispatched]:
        """Start what the routes say. Raises RPCError or RuntimeError where Temporal does not answer."""
        return [
            await self.start(event, route, received_at=received_at, mode=mode)
            for route in self.routes.matching(event)
        ]

    async def tell_of_return(self, event: Event) -> None:
        """An open churn save of a customer who may be back hears of it, whatever the routes say. Raises
        nothing: the poll makes up for it."""
        if event.brings_back:
            await returns.tell_in_time(self.client, event)

    async def start(
        self,
        event: Event,
        route: Route,
        *,
        received_at: datetime,
        mode: Mode = Mode.LIVE,
        priority: Priority = temporal.LIVE,
    ) -> Dispatched:
        """Another's invoice of the same id may take the key between the look and the start: then the next
        look finds it. Raises RPCError."""
        how: Any = {"received_at": received_at, "mode": mode, "priority": priority}
        placed = await self._placed(event, route)
        found = await self._start(placed, route, **how)
        if not found.new and placed.told_apart():
            again = await self._placed(placed, route)
            return found if again.run_key == placed.run_key else await self._start(again, route, **how)
        return found

    async def _placed(self, event: Event, route: Route) -> Event:
        """With the key of the run that it has, or will have."""
        if isinstance(event, FailedPayment):
            event = event.of_source(self.installation.data_sources)
        if event.told_apart() is None:
            return event
        return (await place_of(self.client, route.template, event)).event

    async def _start(
        self, event: Event, route: Route, *, received_at: datetime, mode: Mode, priority: Priority
    ) -> Dispatched:
        workflow_id = f"{route.template}/{event.run_key}"
        shadow = mode is Mode.LIVE and route.mode is Mode.PREVIEW
        said = Mode.PREVIEW if shadow else mode
        hold = await self._hold(event, route, workflow_id) if said is Mode.LIVE else None
        given = self._given(event, route, received_at=received_at, mode=said, shadow=shadow, hold=hold)
        if mode is Mode.PREVIEW:
            workflow_id += temporal.PREVIEW_SUFFIX
        try:
            run_id = await self._begin(
                workflow_id,
                given,
                route,
                search_attributes=self._search_attributes(event, route, said, hold),
                memo=_memo(event, route, hold, shadow=shadow),
                priority=priority,
                static_summary=f"In preview: {event.summary}" if shadow else event.summary,
                request_eager_start=True,
                **_identity_policies(mode),
            )
        except WorkflowAlreadyStartedError as known:
            found = self._dispatched(route, workflow_id, known.run_id or "", new=False)
            return replace(found, told=await self._tell_of_another(event, workflow_id))
        if self.holds and said is Mode.LIVE:
            self.holds.note_begun(route, event, workflow_id)
        return self._dispatched(route, workflow_id, run_id, new=True, hold=hold)

    async def _tell_of_another(self, event: Event, workflow_id: str) -> bool:
        """A run that is for several events hears of each, once. Who has ended needs none of it. Raises
        RPCError."""
        if event.run_key == event.event_id:
            return False
        run = await known_run(self.client, workflow_id)
        if run is None or not run.needs(event):
            return False
        try:
            await self.client.get_workflow_handle(workflow_id).signal("another", event)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:  # it has just ended
                raise
            return False
        return True

    async def _begin(self, workflow_id: str, given: BaseModel, route: Route, **how: Any) -> str:
        """The run's id. Raises WorkflowAlreadyStartedError, RPCError."""
        handle = await self.client.start_workflow(
            route.template,
            given,
            id=workflow_id,
            task_queue=temporal.WORKFLOWS,
            task_timeout=temporal.TASK_TIMEOUT,
            **how,
        )
        return handle.result_run_id or ""

    async def _hold(self, event: Event, route: Route, workflow_id: str) -> Holding | None:
        """What a new run is to wait for. What has a run already puts no brake on."""
        name = self.holds.held_by(route, event) if self.holds else None
        if self.holds is None or name is None:
            return None
        if name not in self.holds.open and await self._has_run(workflow_id):
            return None
        return await self.holds.ensure_open(name, route)

    async def _has_run(self, workflow_id: str) -> bool:
        try:
            await self.client.get_workflow_handle(workflow_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True

    async def start_again(
        self,
        workflow_id: str,
        old: EventInput,
        route: Route,
        memo: Mapping[str, Any],
        why: Rerun,
        *,
        end_open: bool = False,
    ) -> Dispatched:
        """A new run in the place of an earlier one, of the same event, by this route. It knows by its memo
        that it is not the first. One that is open ends in the same moment, if `end_open`: there is never
        none. Else raises WorkflowAlreadyStartedError."""
        asked_for = old.mode is Mode.PREVIEW and not old.shadow
        mode = Mode.PREVIEW if asked_for else route.mode
        shadow = mode is Mode.PREVIEW and not asked_for
        given = self._given(old.event, route, received_at=old.received_at, mode=mode, shadow=shadow)
        kept = {name: memo[name] for name in KEPT_BY_A_RERUN if name in memo}
        run_id = await self._begin(
            workflow_id,
            given,
            route,
            search_attributes=self._search_attributes(old.event, route, mode),
            memo=_memo(old.event, route, None, shadow=shadow) | kept | {temporal.RERUN: why},
            priority=temporal.LIVE,
            static_summary=f"In preview: {old.event.summary}" if shadow else old.event.summary,
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=CONFLICT[end_open],
        )
        return self._dispatched(route, workflow_id, run_id, new=True)

    def _given(
        self,
        event: Event,
        route: Route,
        *,
        received_at: datetime,
        mode: Mode,
        shadow: bool,
        hold: Holding | None = None,
    ) -> EventInput:
        common = EventInput(
            event=event,
            route=route.name,
            route_why=route.when.why(event),
            options=route.options,
            received_at=received_at,
            wait=route.scheduled == "wait",
            mode=mode,
            web_ui_url=self.web_ui_url,
            held_by=hold.name if hold else None,
            shadow=shadow,
            time_zone=self.installation.zones.get(event.account, "UTC"),
        )
        return route.of.given(common, self.installation)

    def _search_attributes(
        self, event: Event, route: Route, mode: Mode, hold: Holding | None = None
    ) -> TypedSearchAttributes:
        shown = event.headline_with_customer if self.customer_in_headline else event.headline
        return _search_attributes(event, route, mode, hold, shown)

    def _dispatched(
        self, route: Route, workflow_id: str, run_id: str, *, new: bool, hold: Holding | None = None
    ) -> Dispatched:
        link = temporal.run_link(self.web_ui_url, self.client.namespace, workflow_id, run_id)
        held_by = hold.name if hold else None
        return Dispatched(route.template, workflow_id, run_id, link, new, route.mode, held_by)


def _identity_policies(mode: Mode) -> dict[str, Any]:
    """An event runs once, for ever, also where its route is in preview: it acts on nothing later that it has
    shown. What a person asks to see runs as often as they like, one at a time."""
    if mode is Mode.LIVE:
        return {"id_reuse_policy": WorkflowIDReusePolicy.REJECT_DUPLICATE}
    return {"id_conflict_policy": WorkflowIDConflictPolicy.USE_EXISTING}


def _memo(event: Event, route: Route, hold: Holding | None, *, shadow: bool) -> dict[str, Any]:
    waits = {temporal.WAITS: {hold.name: {"since": datetime.now(UTC), "why": hold.why}}} if hold else {}
    return {
        temporal.STATED: [event.stated],
        temporal.SUBSCRIPTION: event.moment[1],
        temporal.ROUTE: route.name,
        temporal.BEGUN: datetime.now(UTC),
        **waits,
        **({temporal.HEARD: [event.event_id]} if event.run_key != event.event_id else {}),
        **({temporal.ORIGIN: event.origin} if event.origin else {}),
        **({temporal.SHADOW_OF: route.name} if shadow else {}),
    }


def _search_attributes(
    event: Event, route: Route, mode: Mode, hold: Holding | None, shown: str
) -> TypedSearchAttributes:
    values: dict[Any, Any] = {
        temporal.HEADLINE: shown,
        temporal.ACCOUNT: event.account,
        **({temporal.CUSTOMER: event.customer_uuid} if event.customer_uuid else {}),
        temporal.EVENT_KIND: event.type,
        temporal.EVENT_SOURCE: event.source.value,
        temporal.TEMPLATE: route.template,
        temporal.OUTCOME: (Outcome.HELD if hold else Outcome.OPEN).value,
        temporal.MODE: mode.value,
        temporal.OCCURRED_AT: event.occurred_at,
        **({temporal.WAITS_FOR: [hold.name]} if hold else {}),
    }
    return TypedSearchAttributes([SearchAttributePair(key, value) for key, value in values.items()])
