"""The demo's scenes: what a customer does, and all that this causes, by the simulators' own books."""

import asyncio
import json
import re
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from rich.markup import escape
from rich.table import Table
from temporalio.client import (
    Client,
    WorkflowExecutionDescription,
    WorkflowExecutionStatus,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode

from commands.show import action, folding
from models.chartmogul import MovementWebhook
from models.effects import Effect, shown
from models.events import movement_from_webhook
from models.runs import RunResult
from models.wording import short, unescaped
from simulators.kit.control import Control
from simulators.kit.shapes import Call, CustomerRow, Delivery
from temporal import run_link

T = TypeVar("T")
Handle = WorkflowHandle[Any, Any]
Json = dict[str, Any]

ACCOUNT = "default"
TASK_KEY = "Mogulflow_Key__c"
OUTCOME_FIELD = "CM_Outcome__c"
LOOK_SECONDS = 0.02
SETTLED_SECONDS = 0.3
PATIENCE_SECONDS = 30
END_SECONDS = 90
"""A run of the demo looks for the last time 30 seconds after the cancellation."""

EFFECTS_PER_RUN = 2
MOST_FIELDS, LONGEST_VALUE = 5, 100
NO_NEWS = re.compile("^to$|(id|url|link|key)(__c)?$", re.IGNORECASE)
"""Names of fields that say nothing to a person."""

NOTHING_DONE = "duplicate, nothing done"


@dataclass(frozen=True)
class Scene:
    """One cancellation and all it caused. `movement` is its number in the webhook sender's book."""

    customer: CustomerRow
    movement: int
    event_id: str
    link: str
    effects: list[Effect]
    took_ms: int
    times: str

    def table(self, title: str) -> Table:
        heading = f"{title}: {self.customer.company}"
        return table_of(heading, self.effects, f"event {self.event_id}, {self.times}", self.link)


@dataclass(frozen=True)
class Ending:
    """What became of a customer who cancelled: the run's outcome, and what thread and task say of it."""

    customer: CustomerRow
    outcome: str
    thread: str
    task: str
    field: str
    """The task's own field for it."""

    @property
    def told(self) -> bool:
        return all(self.outcome in each.lower() for each in (self.thread, self.task, self.field))


@dataclass(frozen=True)
class Stage:
    client: Client
    control: Control
    web_ui_url: str

    async def runs_of(self, body: Json) -> dict[str, Handle]:
        """Those of a movement by their template, once the ingress has answered its webhook."""
        event_id = event_id_of(body)
        answer = await until(lambda: self._answer_to(event_id))
        ids = [str(run["workflow_id"]) for run in answer["runs"]]
        if not ids:
            raise RuntimeError(f"the ingress began no run: {answer}")
        return {id.partition("/")[0]: self.run_of(id) for id in ids}

    def run_of(self, id: str) -> Handle:
        return self.client.get_workflow_handle(id, result_type=RunResult)

    async def is_known(self, id: str) -> bool:
        """Whether Temporal has such a run, also of an earlier demo."""
        return await _described(self.run_of(id)) is not None

    async def is_open(self, id: str) -> bool:
        described = await _described(self.run_of(id))
        return described is not None and described.status is WorkflowExecutionStatus.RUNNING

    async def table(self, title: str, run: Handle, wanted: int) -> tuple[list[Effect], Table]:
        """What the run says it did, once there are as many effects as `wanted`."""
        effects = await _effects(run, wanted)
        described = await run.describe()
        link = run_link(self.web_ui_url, self.client.namespace, run.id, described.run_id)
        return effects, table_of(title, effects, f"run {run.id}", link)

    async def cancellation(self, customer: CustomerRow) -> Scene:
        seen = len(self.control.deliveries())
        self.control.cancel(customer.uuid, reason="Too expensive")
        delivery = await until(lambda: self._answered(seen))
        run = delivery.response["runs"][0]
        effects = await _effects(self.client.get_workflow_handle(run["workflow_id"]))
        took_ms = self._took_ms(delivery)
        return Scene(
            customer,
            delivery.movement,
            str(delivery.response["event_id"]),
            run["link"],
            effects,
            took_ms,
            f"{took_ms} ms from webhook to last effect",
        )

    async def lost_webhook(self, customer: CustomerRow) -> Scene:
        """No delivery names its run: the event's id does."""
        began = time.monotonic()
        body = self.control.cancel(customer.uuid, reason="Moved to another tool", send=False)
        event_id = event_id_of(body)
        handle = self.client.get_workflow_handle(f"churn_save/{event_id}")
        described = await _until_async(lambda: _described(handle))
        effects = await _effects(handle)
        took_ms = round((time.monotonic() - began) * 1000)
        link = run_link(self.web_ui_url, self.client.namespace, handle.id, described.run_id)
        times = f"{took_ms / 1000:.1f} s from the cancellation to the last effect"
        return Scene(customer, -1, event_id, link, effects, took_ms, times)

    async def again(self, scene: Scene) -> str:
        """Send the scene's webhook once more; what the ingress says, and whether it is true."""
        seen, writes = len(self.control.deliveries()), len(self._writes())
        self.control.resend(scene.movement)
        delivery = await until(lambda: self._answered(seen))
        await asyncio.sleep(SETTLED_SECONDS)
        result = delivery.response["result"]
        quiet = len(self._writes()) == writes
        return NOTHING_DONE if result == "duplicate" and quiet else f"{result}, and something was written"

    async def ending(self, scene: Scene) -> Ending:
        """Once the run has ended."""
        run = self.client.get_workflow_handle(f"churn_save/{scene.event_id}", result_type=RunResult)
        async with asyncio.timeout(END_SECONDS):
            outcome = (await run.result()).outcome
        replies = [str(each["text"]) for each in self._messages(scene) if each.get("thread_ts")]
        tasks = self._tasks(scene)
        lines = [str(task.get("Description")).strip().splitlines()[-1] for task in tasks]
        field = " ".join(str(task.get(OUTCOME_FIELD)) for task in tasks)
        return Ending(scene.customer, outcome.value, unescaped(" ".join(replies)), " ".join(lines), field)

    def left_behind(self, scene: Scene) -> str:
        """Tasks and alerts that carry the event's keys."""
        alerts = [each for each in self._messages(scene) if not each.get("thread_ts")]
        return f"{_count(self._tasks(scene), 'task')}, {_count(alerts, 'alert')}"

    def _tasks(self, scene: Scene) -> list[dict[str, Any]]:
        tasks = self.control.records("Task")
        return [each for each in tasks if str(each.get(TASK_KEY)).startswith(scene.event_id)]

    def _messages(self, scene: Scene) -> list[dict[str, Any]]:
        """The alert and the replies in its thread."""
        messages = self.control.messages()
        return [each for each in messages if scene.event_id in json.dumps(each.get("metadata"))]

    def _answer_to(self, event_id: str) -> Json | None:
        answers = [each.response for each in self.control.deliveries() if each.status_code]
        return next((each for each in answers if each.get("event_id") == event_id), None)

    def _answered(self, seen: int) -> Delivery | None:
        """The next delivery that the ingress has answered."""
        return next((each for each in self.control.deliveries()[seen:] if each.status_code), None)

    def _writes(self) -> list[Call]:
        """Reads go on all the time: polls, and runs that look for their customers again."""
        calls = self.control.calls()
        return [call for call in calls if call.method == "PATCH" or "postMessage" in call.path]

    def _took_ms(self, delivery: Delivery) -> int:
        """From sending the webhook to the answer of the last write, both by the simulators' clock."""
        writes = [call for call in self._writes() if call.at >= delivery.at]
        ends = [call.at + timedelta(milliseconds=call.took_ms) for call in writes]
        return round((max(ends) - delivery.at).total_seconds() * 1000)


def endings(found: list[Ending]) -> Table:
    table = folding(
        "customer", "outcome", "Slack's thread", "the task", title="\nWhat became of them", lines=True
    )
    for each in found:
        table.add_row(escape(each.customer.company), each.outcome, escape(each.thread), escape(each.task))
    return table


def said(title: str, threads: list[tuple[list[str], list[str]]]) -> Table:
    """Alerts, and what followed in their threads."""
    table = folding("Slack's alert", "... and its thread", title=f"\n{escape(title)}", lines=True)
    for alerts, replies in threads:
        table.add_row(*(escape(unescaped("\n".join(each))) for each in (alerts, replies)))
    return table


def table_of(title: str, effects: list[Effect], said: str, link: str) -> Table:
    """`said` and the link of the run stand below it."""
    heading = f"\n{escape(title)}"
    table = folding("object and its link", "what", "tries", "before → after", title=heading, lines=True)
    for effect in effects:
        what = f"{effect.system} {effect.object_type}"
        if effect.link:
            what += f"\n[link={effect.link}]{effect.link}[/link]"
        table.add_row(what, action(effect), str(effect.tries), _change(effect))
    table.caption = f"{escape(said)}\n[link={link}]{link}[/link]"
    table.caption_justify = "left"
    return table


def event_id_of(body: Json) -> str:
    return movement_from_webhook(MovementWebhook.model_validate(body), ACCOUNT).event_id


def _count(found: list[Any], noun: str) -> str:
    return f"{len(found)} {noun}{'s' * (len(found) != 1)}"


def _change(effect: Effect) -> str:
    said = effect.after.get("Subject") or effect.after.get("text")
    if said:
        return escape(f"{'nothing' if effect.before is None else 'the same'} → {shown(effect, said, {})}")
    before = effect.before or {}
    fields = [(name, before.get(name), value) for name, value in effect.after.items()]
    lines = [_field(*each) for each in fields if each[1] != each[2] and not NO_NEWS.search(each[0])]
    return escape("\n".join(lines[:MOST_FIELDS]) or "the same")


def _field(name: str, before: object, after: object) -> str:
    """Of a text that has grown, what was added."""
    was, now = _in_words(before), _in_words(after)
    if was and now.startswith(was):
        return f"{name}: … {short(now.removeprefix(was).lstrip(' ,'), LONGEST_VALUE)}"
    return f"{name}: {f'{short(was, LONGEST_VALUE)} → ' if was else ''}{short(now, LONGEST_VALUE)}"


def _in_words(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {each}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else " ".join(str(value).split())


async def _described(handle: Handle) -> WorkflowExecutionDescription | None:
    """The run, once there is one."""
    try:
        return await handle.describe()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        return None


async def _effects(handle: Handle, wanted: int = EFFECTS_PER_RUN) -> list[Effect]:
    """What the run says it did, once all systems were written."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    effects: list[Effect] = []
    while len(effects) < wanted and time.monotonic() < deadline:
        effects = await handle.query("effects", result_type=list[Effect])
        await asyncio.sleep(LOOK_SECONDS)
    return effects


async def until(found: Callable[[], T | None]) -> T:
    async def look() -> T | None:
        return found()

    return await _until_async(look)


async def _until_async(found: Callable[[], Awaitable[T | None]]) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (value := await found()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("What should have come did not; see .mogulflow/logs")
        await asyncio.sleep(LOOK_SECONDS)
    return value
