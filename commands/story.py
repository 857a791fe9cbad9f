"""The demo's story: a cancellation, its duplicates, and one in bad weather, each with what it caused."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client, WorkflowHandle

from commands.show import action, folding
from models.effects import Effect
from simulators.control import Control
from simulators.shapes import CustomerRow, Delivery
from stack import Stack

T = TypeVar("T")

TASK_KEY = "Mogulflow_Key__c"
POLL_SECONDS = 0.02
SETTLED_SECONDS = 0.3
PATIENCE_SECONDS = 30
EFFECTS_PER_RUN = 2
WITHIN_MS = 1000
NOTHING_DONE = "duplicate, nothing done"
ONE_OF_EACH = "1 task, 1 message"


@dataclass(frozen=True)
class Claim:
    text: str
    holds: bool
    found: str


async def tell(stack: Stack, control: Control, console: Console) -> list[Claim]:
    """Play the story and return what it claims, each claim checked."""
    control.webhook(url=stack.webhook_url)
    client = await stack.client()
    one, two = control.customers(limit=2, case="account")
    first = await _cancellation(client, control, one)
    console.print(first.table("A customer cancels"))
    duplicates = [await _again(control, first) for _ in range(2)]
    for said in duplicates:
        console.print(f"The same webhook again: {said}")
    after_duplicates = _left_behind(control, first)
    control.fault("slack", "status", path="chat.postMessage", status=429, retry_after=1)
    control.fault("salesforce", "drop_after", method="PATCH")
    second = await _cancellation(client, control, two)
    console.print(
        second.table("Another cancels; Slack answers 429, Salesforce drops the line when it is done")
    )
    return [
        _claim("a cancellation makes one task and one message", _left_behind(control, first), ONE_OF_EACH),
        Claim(f"... within {WITHIN_MS} ms of the webhook", first.took_ms < WITHIN_MS, f"{first.took_ms} ms"),
        _claim("the same webhook twice more does nothing", duplicates, [NOTHING_DONE] * 2),
        _claim("... and leaves one task and one message", after_duplicates, ONE_OF_EACH),
        _claim("bad weather leaves one task and one message", _left_behind(control, second), ONE_OF_EACH),
        _claim("... after one more try of each", [each.tries for each in second.effects], [2, 2]),
    ]


def _claim(text: str, found: object, wanted: object) -> Claim:
    return Claim(text, found == wanted, f"found {found}")


@dataclass(frozen=True)
class Scene:
    """One cancellation and all it caused."""

    customer: CustomerRow
    delivery: Delivery
    effects: list[Effect]
    took_ms: int

    @property
    def event_id(self) -> str:
        return str(self.delivery.response["event_id"])

    @property
    def run(self) -> dict[str, Any]:
        found: dict[str, Any] = self.delivery.response["runs"][0]
        return found

    def table(self, title: str) -> Table:
        heading = f"\n{title}: {escape(self.customer.company)}"
        columns = ("system", "object", "what", "tries", "before → after", "link")
        table = folding(*columns, title=heading, lines=True)
        for effect in self.effects:
            tries, link = str(effect.tries), f"[link={effect.link}]{effect.link}[/link]"
            table.add_row(effect.system, effect.object_type, action(effect), tries, _change(effect), link)
        times = f"{self.took_ms} ms from webhook to last effect"
        table.caption = f"event {self.event_id}, {times}\n[link={self.run['link']}]{self.run['link']}[/link]"
        table.caption_justify = "left"
        return table


def _change(effect: Effect) -> str:
    after = effect.after.get("Subject") or effect.after.get("text", "")
    return escape(f"{'nothing' if effect.before is None else 'the same'} → {after}")


async def _cancellation(client: Client, control: Control, customer: CustomerRow) -> Scene:
    seen = len(control.deliveries())
    control.cancel(customer.uuid, reason="Too expensive")
    delivery = await _until(lambda: _answered(control, seen))
    handle = client.get_workflow_handle(delivery.response["runs"][0]["workflow_id"])
    effects = await _effects(handle)
    return Scene(customer, delivery, effects, _took_ms(control, delivery))


def _answered(control: Control, seen: int) -> Delivery | None:
    """The next delivery that the ingress has answered."""
    return next((each for each in control.deliveries()[seen:] if each.status_code), None)


async def _effects(handle: WorkflowHandle[Any, Any]) -> list[Effect]:
    """What the run says it did, once both systems were written."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    effects: list[Effect] = []
    while len(effects) < EFFECTS_PER_RUN and time.monotonic() < deadline:
        effects = await handle.query("effects", result_type=list[Effect])
        await asyncio.sleep(POLL_SECONDS)
    return effects


def _took_ms(control: Control, delivery: Delivery) -> int:
    """From sending the webhook to the answer of the last write, both by the simulators' clock."""
    writes = [call for call in control.calls() if call.method == "PATCH" or "postMessage" in call.path]
    ends = [call.at + timedelta(milliseconds=call.took_ms) for call in writes if call.at >= delivery.at]
    return round((max(ends) - delivery.at).total_seconds() * 1000)


async def _again(control: Control, scene: Scene) -> str:
    """Send the scene's webhook once more; what the ingress says, and whether it is true."""
    seen, calls = len(control.deliveries()), len(control.calls())
    control.resend(scene.delivery.movement)
    delivery = await _until(lambda: _answered(control, seen))
    await asyncio.sleep(SETTLED_SECONDS)
    result = delivery.response["result"]
    quiet = len(control.calls()) == calls
    return NOTHING_DONE if result == "duplicate" and quiet else f"{result}, and calls were made"


def _left_behind(control: Control, scene: Scene) -> str:
    """Tasks and messages that carry the event's keys."""
    event = scene.event_id
    tasks = [each for each in control.records("Task") if str(each.get(TASK_KEY)).startswith(event)]
    messages = [each for each in control.messages() if event in json.dumps(each.get("metadata"))]
    return f"{len(tasks)} task{'s' * (len(tasks) != 1)}, {len(messages)} message{'s' * (len(messages) != 1)}"


async def _until(found: Callable[[], T | None]) -> T:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (value := found()) is None:
        if time.monotonic() > deadline:
            raise TimeoutError("The webhook got no answer; see .mogulflow/logs")
        await asyncio.sleep(POLL_SECONDS)
    return value
