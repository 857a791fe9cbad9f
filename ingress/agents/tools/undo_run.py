"""Taking back what a change has done."""

from collections.abc import Mapping

from ingress.agents.declaration import Caller, Tool, ToolFailed
from ingress.agents.tools.answering import change, source_of, tool
from ingress.agents.tools.arguments import DryRun, Key, Reason
from ingress.agents.tools.get_run import RunId
from ingress.agents.tools.hints import OVERWRITES
from models.agents import Scope
from models.reads.run import RunAnswer
from operations.asking import own_run, undo_of

NAME = "undo_run"

SCOPES: Mapping[str, Scope] = {
    "save_customer": "customers.write",
    "import_subscription_events": "subscriptions.write",
    "set_custom_attributes": "customers.write",
    "change_tags": "customers.write",
    "merge_or_delete_customer": "customers.admin",
    "watch_metric": "alerts.write",
}
"""Who may do a thing may ask to have it taken back. An undo is undone by whoever may write at all."""


@tool
async def undo_run(
    caller: Caller,
    run_id: RunId,
    reason: Reason,
    dry_run: DryRun = False,
    idempotency_key: Key = "",
) -> RunAnswer:
    run = await own_run(caller.temporal, run_id, caller.name)
    needed = SCOPES.get(run.tool)
    if needed and needed not in caller.scopes:
        raise ToolFailed("not_allowed", f"To undo {run.tool} you need the scope {needed}.")
    return await change(
        caller, source_of(caller, run.account), NAME, undo_of(run), reason,
        dry_run=dry_run, idempotency_key=idempotency_key,
    )  # fmt: skip


TOOL = Tool(
    name=NAME,
    description="Takes back what a change of yours has written, as a run of its own. What a person has "
    "changed since stays as it is.",
    scope=None,
    hints=OVERWRITES,
    call=undo_run,
)
