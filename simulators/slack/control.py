"""Our own side door to the Slack workspace: its rules, and what people do in Slack."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.kit.rules import with_changes
from simulators.kit.shapes import SlackRules
from simulators.slack.state import workspace_of

router = APIRouter(prefix="/control/slack")


@router.put("")
async def change_rules(request: Request, rules: SlackRules) -> SlackRules:
    """Those not named keep their value."""
    workspace = workspace_of(request)
    workspace.rules = with_changes(workspace.rules, rules)
    return workspace.rules


@router.get("/conversations")
async def conversations(request: Request) -> list[dict[str, Any]]:
    """Those with people, for direct messages."""
    return [each.row() for each in workspace_of(request).channels if each.user]


@router.put("/channels/{id}", status_code=204)
async def rename_channel(request: Request, id: str, name: str) -> None:
    workspace_of(request).rename(id, name)


@router.post("/channels", status_code=204)
async def invite_bot(request: Request, name: str) -> None:
    """To that channel, by id or #name; made where it is not there."""
    workspace_of(request).invite_bot(name)


@router.delete("/messages/{channel}/{ts}", status_code=204)
async def delete_message(request: Request, channel: str, ts: str) -> None:
    """As a person does in Slack."""
    if not workspace_of(request).delete(channel, ts):
        raise HTTPException(404, f"no message {ts} in {channel}")


@router.get("/messages")
async def messages(request: Request, channel: str | None = None) -> list[dict[str, Any]]:
    """All channels, or one by id or name; oldest first, replies included."""
    workspace = workspace_of(request)
    wanted = [c for c in workspace.channels if channel in (None, c.id, c.name, f"#{c.name}")]
    if not wanted:
        raise HTTPException(404, f"no channel {channel}")
    found = [m | {"channel": c.id} for c in wanted for m in workspace.messages(c.id)]
    return sorted(found, key=lambda message: str(message["ts"]))
