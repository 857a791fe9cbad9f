"""Slack for people: a channel's messages as Block Kit shows them, threads under their parent."""

from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from markupsafe import Markup
from pydantic import ValidationError

from simulators.kit.pages import back_to, render
from simulators.kit.shapes import Click
from simulators.slack import clicks
from simulators.slack.mrkdwn import plain, to_html
from simulators.slack.state import slack_of, workspace_of
from simulators.slack.workspace import CHANNELS, Message, Workspace

router = APIRouter(prefix="/slack", include_in_schema=False)

NEWEST = 200


@router.get("/")
async def home() -> Response:
    return back_to(f"/slack/archives/{CHANNELS[0].id}")


@router.get("/archives/{channel_id}")
async def channel(request: Request, channel_id: str) -> Response:
    return _channel_page(request, channel_id, here="")


@router.get("/archives/{channel_id}/p{digits}")
async def message(request: Request, channel_id: str, digits: str) -> Response:
    """A permalink: the channel with that message marked."""
    return _channel_page(request, channel_id, here=f"{digits[:-6]}.{digits[-6:]}")


@router.post("/click")
async def click(request: Request) -> Response:
    """On a button of the page, by the person who is chosen there."""
    form = {name: str(value) for name, value in (await request.form()).items()}
    try:
        wish = Click.model_validate(form)
        await clicks.click(slack_of(request), wish)
    except (ValidationError, clicks.NoSuchButton) as error:
        raise HTTPException(404, str(error)) from None
    return back_to(f"/slack/archives/{wish.channel}")


@router.post("/actions/{team}/{name}")
async def respond(request: Request, team: str, name: str) -> Response:
    """A response_url: five answers within half an hour."""
    try:
        body = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        return PlainTextResponse("invalid_payload", 400)
    why_not = slack_of(request).answers.take(name, body)
    return JSONResponse({"ok": False, "error": why_not}, 404) if why_not else PlainTextResponse("ok")


def _channel_page(request: Request, channel_id: str, here: str) -> Response:
    workspace = workspace_of(request)
    shown = next((channel for channel in workspace.channels if channel.id == channel_id), None)
    if shown is None:
        raise HTTPException(404, f"no channel {channel_id}")
    threads: dict[str, list[dict[str, Any]]] = {}
    for message in workspace.messages(channel_id):
        parent = str(message.get("thread_ts") or message["ts"])
        threads.setdefault(parent, []).append(_view(workspace, message))
    return render(
        request,
        "slack/templates/channel.html",
        system="slack",
        channel=shown,
        channels=workspace.channels,
        threads=list(threads.values())[-NEWEST:],
        members=workspace.members,
        told=[
            (workspace.name_of(each.user), plain(each.text))
            for each in slack_of(request).answers.told[-NEWEST:]
            if each.channel == channel_id
        ],
        here=here,
    )


def _view(workspace: Workspace, message: Message) -> dict[str, Any]:
    blocks = message.get("blocks") or []
    return {
        "ts": message["ts"],
        "link": workspace.permalink("", message),
        "at": datetime.fromtimestamp(float(message["ts"]), UTC),
        "text": to_html(message["text"], workspace.name_of),
        "blocks": [_block(workspace, block) for block in blocks],
        "metadata": message.get("metadata"),
    }


def _block(workspace: Workspace, block: dict[str, Any]) -> dict[str, Any]:
    """The block with its texts made into HTML."""

    def shown(text: Any) -> Markup:
        content = str((text or {}).get("text", ""))
        if (text or {}).get("type") == "mrkdwn":
            return to_html(content, workspace.name_of)
        return plain(content)

    elements = [
        {"text": shown(e["text"] if e["type"] == "button" else e), "url": e.get("url")}
        | {"style": e.get("style", ""), "action_id": e.get("action_id", "")}
        for e in block.get("elements", ())
        if e["type"] in ("button", "mrkdwn", "plain_text")
    ]
    return {
        "type": block["type"],
        "text": shown(block.get("text")),
        "fields": [shown(field) for field in block.get("fields", ())],
        "elements": elements,
    }
