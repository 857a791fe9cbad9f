"""The demo's act of an agent: it asks for a tag, a merge and a deletion, people decide, the audit tells of
it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from temporalio.client import Client

from local.agent import APPROVER, connected
from local.demo.claims import Claim, claim
from local.demo.enriching import typed
from local.stack import Stack
from operations.audit import verify
from operations.changes import decide, state_of
from simulators.kit.control import Control

Json = dict[str, Any]


@dataclass(frozen=True)
class Act:
    """`said` collects what is shown: what was asked for, what came of it, and who decided. `key` tells this
    demo from others: Temporal remembers what those asked for."""

    key: str
    agent: Any
    client: Client
    said: Table

    async def asks(self, what: str, tool: str, **arguments: Any) -> Json:
        arguments |= {"reason": "shown in the demo", "idempotency_key": f"{self.key}-{self.said.row_count}"}
        answer = await self.agent.call_tool(tool, arguments)
        if answer.is_error:
            raise RuntimeError(f"{tool}: {answer.content[0].text}")
        found: Json = answer.structured_content
        self.said.add_row(escape(what), found["status"], escape(found["message"]))
        return found

    async def person(self, asked: Json, *, agrees: bool) -> str:
        """What the change comes to, once the approver has decided."""
        run_id = asked["run_id"]
        plan = (await state_of(self.client, run_id)).plan
        await decide(
            self.client, run_id, APPROVER, "command", approve=agrees, reason="seen in the demo", plan=plan
        )
        await self.client.get_workflow_handle(run_id).result()
        ended = await state_of(self.client, run_id)
        verb = "agrees" if agrees else "refuses"
        self.said.add_row(f"... {APPROVER} {verb}", ended.status.value, escape(ended.message))
        return ended.status.value


async def governed(
    stack: Stack, client: Client, control: Control, token: str, console: Console
) -> list[Claim]:
    said = Table("an agent asks for", "it is", "", title="An agent, by the Model Context Protocol")
    one, two, three = [each.uuid for each in control.customers(case="none")[:3]]
    async with connected(stack.ingress_url, token) as agent:
        act = Act(f"demo-{datetime.now(UTC):%Y%m%d%H%M%S}", agent, client, said)
        tag = await act.asks("a tag on a customer", "change_tags", customer=one, add=["at-risk"])
        merge = await act.asks(
            "a merge of two", "merge_or_delete_customer", action="merge", customer=two, into=three
        )
        merged = await act.person(merge, agrees=True)
        undo = await act.asks("that the merge is taken back", "undo_run", run_id=merge["run_id"])
        undone = await act.person(undo, agrees=True)
        deletion = await act.asks("a deletion", "merge_or_delete_customer", action="delete", customer=three)
        deleted = await act.person(deletion, agrees=False)
    console.print(said)
    file = stack.warehouse.parent / "audit.jsonl"
    file.unlink(missing_ok=True)
    await typed(stack, console, "audit", "export", "--to", str(file))
    await typed(stack, console, "audit", "verify", str(file))
    [audit] = verify([file])
    asked = {each["run_id"] for each in (tag, merge, undo, deletion)}
    rows = sum(json.loads(line)["row"].get("run") in asked for line in file.read_text().splitlines())
    there = {each.uuid for each in control.customers(limit=200)}
    return [
        claim("an agent's tag is put on at once", tag["status"], "done"),
        claim("... its merge waits for a person", merge["status"], "needs_approval"),
        claim("... is done when one agrees, and is taken back", (merged, undone), ("done", "undone")),
        claim("... and its deletion is refused", (deleted, three in there), ("refused", True)),
        claim("the audit has a row of each, and is whole", (rows, list(audit.faults)), (4, [])),
    ]
