"""Our own side door to the Slack workspace: its rules, and what people do in Slack."""

from typing import Any

from fastapi import APIRouter, HTTPException, Request

from simulators.kit.rules import with_changes
from simulators.kit.shapes import Click, Clicked, Interactivity, SlackRules, Told
from simulators.slack import clicks
from simulators.slack.state import slack_of, workspace_of

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


@router.post("/messages")
async def say(request: Request, channel: str, user: str, text: str) -> dict[str, Any]:
    """As a person does in Slack."""
    return workspace_of(request).say(channel, user, text)


@router.patch("/members/{email}", status_code=204)
async def alter_member(request: Request, email: str, more: dict[str, Any]) -> None:
    """What that member's row has that others' have not."""
    workspace_of(request).alter(email, more)


@router.put("/interactivity")
async def interactivity(request: Request, where: Interactivity) -> Interactivity:
    """Where clicks go, as the app's settings say. A reset leaves it."""
    slack_of(request).interactivity = where
    return where


@router.post("/clicks")
async def click(request: Request, wish: Click) -> list[Clicked]:
    """As a person clicks on a button of a message."""
    try:
        return await clicks.click(slack_of(request), wish)
    except clicks.NoSuchButton as error:
        raise HTTPException(404, str(error)) from None


@router.get("/told")
async def told(request: Request) -> list[Told]:
    """What the app has said to single persons, in answer to clicks."""
    return slack_of(request).answers.told


@router.get("/sockets")
async def sockets(request: Request) -> dict[str, Any]:
    """How many are connected by Socket Mode, how many ever were, and the envelopes that were acknowledged."""
    found = slack_of(request).sockets
    return {"connections": len(found), "ever": found.ever, "acknowledged": found.acknowledged}


@router.delete("/sockets", status_code=204)
async def refresh_sockets(request: Request) -> None:
    """Tell them to connect anew, as Slack does every few hours."""
    await slack_of(request).sockets.disconnect()
