"""The demo's story: a cancellation, its duplicates, and one in bad weather, each with what it caused."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from simulators.control import Control

from commands.show import action
from models.effects import Effect
from stack import Stack

PATIENCE_SECONDS = 30
EFFECTS_PER_RUN = 2
WITHIN_MS = 1000


@dataclass(frozen=True)
class Claim:
    text: str
    holds: bool
    found: str


async def tell(stack: Stack, control: Control, console: Console) -> list[Claim]:
    """Play the story and return what it claims, each claim checked."""
    control.webhook(url=stack.webhook_url)
    customers = [each for each in control.customers(limit=200) if each["case"] == "account"]
    first = await _cancellation(stack, control, customers[0])
    console.print(first.table("A customer cancels"))
    duplicates = [await _again(control) for _ in range(2)]
    for result in duplicates:
        console.print(
            f"The same webhook again: {'duplicate, nothing done' if result == 'duplicate' else result}"
        )
    after_duplicates = _counts(control, first)
    control.fault(system="slack", path="chat.postMessage", kind="status", status=429, retry_after=1, times=1)
    control.fault(system="salesforce", method="PATCH", path="/Task/", kind="drop_after", times=1)
    second = await _cancellation(stack, control, customers[1])
    console.print(second.table("Another cancels while Slack answers 429 and Salesforce drops the line"))
    return [
        _claim("a cancellation makes one task and one message", _counts(control, first), (1, 1)),
        Claim(f"within {WITHIN_MS} ms of the webhook", first.took_ms < WITHIN_MS, f"{first.took_ms} ms"),
        _claim("the same webhook twice more does nothing", duplicates, ["duplicate", "duplicate"]),
        _claim("and leaves one task and one message", after_duplicates, (1, 1)),
        _claim("bad weather leaves one task and one message", _counts(control, second), (1, 1)),
        Claim(
            "both steps were tried again",
            all(effect.tries > 1 for effect in second.effects),
            str([effect.tries for effect in second.effects]),
        ),
    ]


def _claim(text: str, found: object, wanted: object) -> Claim:
    return Claim(text, found == wanted, f"found {found}")


@dataclass(frozen=True)
class Scene:
    """One cancellation and all it caused."""

    customer: dict[str, Any]
    answer: dict[str, Any]
    effects: list[Effect]
    took_ms: int

    @property
    def event_id(self) -> str:
        return str(self.answer["event_id"])

    def table(self, title: str) -> Table:
        run = self.answer["runs"][0]
        table = Table("system", "object", "what", "tries", "link", "before → after", show_lines=True)
        table.title, table.title_justify = f"\n{title}: {escape(self.customer['company'])}", "left"
        for effect in self.effects:
            table.add_row(
                effect.system,
                effect.object_type,
                action(effect),
                str(effect.tries),
                f"[link={effect.link}]{effect.link}[/link]",
                _change(effect),
            )
        table.caption = (
            f"event {self.event_id} · {self.took_ms} ms from webhook to last effect\nrun {run['link']}"
        )
        table.caption_justify = "left"
        return table


def _change(effect: Effect) -> str:
    before = "nothing" if effect.before is None else effect.before.get("Subject", "")
    after = effect.after.get("Subject") or effect.after.get("text", "")
    return escape(f"{before} → {after}")


async def _cancellation(stack: Stack, control: Control, customer: dict[str, Any]) -> Scene:
    control.cancel(customer["uuid"], reason="Too expensive")
    delivery = await _delivered(control, len_before=_deliveries(control) - 1)
    run = delivery["response"]["runs"][0]
    effects = await _effects(stack, run["workflow_id"])
    took = _last_write(control, delivery["response"]["event_id"]) - _instant(delivery["at"])
    return Scene(customer, delivery["response"], effects, round(took * 1000))


async def _effects(stack: Stack, workflow_id: str) -> list[Effect]:
    """What the run says it did, once both systems were written."""
    handle = (await stack.client()).get_workflow_handle(workflow_id)
    deadline = time.monotonic() + PATIENCE_SECONDS
    effects: list[Effect] = []
    while len(effects) < EFFECTS_PER_RUN and time.monotonic() < deadline:
        effects = await handle.query("effects", result_type=list[Effect])
        await asyncio.sleep(0.05)
    return effects
