"""Slack's Web API: posting, reading back, people, channels. Failures come with status 200 and ok: false."""

import base64
import binascii
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from simulators.kit.refusal import Refusal
from simulators.kit.shapes import SLACK_APP_TOKEN, SLACK_TOKEN
from simulators.slack.blocks import Invalid, check_message
from simulators.slack.state import slack_of, workspace_of
from simulators.slack.workspace import BOT_ID, BOT_USER, TEAM_ID, Channel, Message, Workspace

Arguments = dict[str, Any]
Method = Callable[[Workspace, Arguments], dict[str, Any]]

PAGE, LARGEST_PAGE = 100, 999
TRUE = (True, 1, "1", "true", "True")
CHANGED = ("text", "blocks", "attachments", "metadata")
KEPT = ("text", "blocks", "attachments", "metadata", "thread_ts", "username", "client_msg_id")

router = APIRouter(prefix="/slack/api")


@router.post("/apps.connections.open")
async def open_connection(request: Request) -> Response:
    """With an app-level token, of which a bot token is none."""
    token = await _token(request)
    if token == SLACK_TOKEN:
        raise refused("not_allowed_token_type")
    if token != SLACK_APP_TOKEN:
        raise refused("invalid_auth")
    return JSONResponse({"ok": True, "url": await slack_of(request).sockets.open(request.url.hostname or "")})


@router.api_route("/{method}", methods=["GET", "POST"])
async def call(request: Request, method: str) -> Response:
    arguments = await _arguments(request)
    if await _token(request) != SLACK_TOKEN:
        raise refused("invalid_auth")
    slack_of(request).answers.url = str(request.base_url).rstrip("/")
    if method not in METHODS:
        raise refused("unknown_method")
    if wait := workspace_of(request).seconds_to_wait(method):
        raise Refusal(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)})
    workspace = workspace_of(request)
    check_scope(workspace, method, str(arguments.get("channel", "")))
    headers = {"X-OAuth-Scopes": ",".join(workspace.scopes)}
    return JSONResponse({"ok": True, **METHODS[method](workspace, arguments)}, headers=headers)


def check_scope(workspace: Workspace, method: str, channel: str) -> None:
    """As Slack's page of each method names it for a bot token."""
    kind = next((c.kind for c in workspace.channels if c.id == channel), "channels")
    needed = {
        "chat.postMessage": "chat:write",
        "chat.update": "chat:write",
        "users.info": "users:read",
        "conversations.history": f"{kind}:history",
        "conversations.replies": f"{kind}:history",
        "conversations.open": "im:write",
        "users.lookupByEmail": "users:read.email",
    }.get(method)
    if needed and needed not in workspace.scopes:
        raise refused("missing_scope", needed=needed, provided=",".join(workspace.scopes))


def refused(error: str, details: list[str] | None = None, **more: Any) -> Refusal:
    messages = {"response_metadata": {"messages": details}} if details else {}
    return Refusal(200, {"ok": False, "error": error, **more, **messages})


async def _arguments(request: Request) -> Arguments:
    """Query, form and JSON alike; nested values of a form are JSON text."""
    arguments: Arguments = dict(request.query_params)
    body = (await request.body()).decode()
    if "json" in request.headers.get("content-type", ""):
        try:
            arguments |= json.loads(body)
        except (ValueError, TypeError):
            raise refused("invalid_json") from None
    else:
        arguments |= dict(parse_qsl(body, keep_blank_values=True))
    for name in ("blocks", "metadata", "attachments"):
        if isinstance(arguments.get(name), str):
            arguments[name] = _nested(name, arguments[name])
    return arguments


def _nested(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        raise refused(f"invalid_{name}_format") from None


async def _token(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token if scheme.lower() == "bearer" else str((await _arguments(request)).get("token", ""))
    if not token:
        raise refused("not_authed")
    return token


def auth_test(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    return {
        "url": f"{workspace.url}/slack/",
        "team": "Demo Workspace",
        "user": "mogulflow",
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def post_message(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    name = str(arguments.get("channel", ""))
    channel = workspace.channel(name) or workspace.channel_named(name)
    if channel is None:
        raise refused("channel_not_found")
    if channel.is_archived:
        raise refused("is_archived")
    if not channel.is_member:
        raise refused("not_in_channel")
    try:
        check_message(arguments)
    except Invalid as error:
        raise refused(error.error, error.details) from None
    if (parent := arguments.get("thread_ts")) and not workspace.find(channel.id, parent):
        raise refused("thread_not_found")
    content = {name: arguments[name] for name in KEPT if arguments.get(name) is not None}
    message = workspace.post(channel.id, {"text": "", **content})
    return {"channel": channel.id, "ts": message["ts"], "message": message}


def update_message(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Takes ids of channels alone. What is left out of blocks and metadata stays as it was."""
    channel = workspace.channel(str(arguments.get("channel", "")))
    if channel is None:
        raise refused("channel_not_found")
    message = workspace.find(channel.id, str(arguments.get("ts", "")))
    if message is None:
        raise refused("message_not_found")
    if message.get("bot_id") != BOT_ID:
        raise refused("cant_update_message")
    if workspace.rules.edit_window_closed:
        raise refused("edit_window_closed")
    try:
        check_message(arguments)
    except Invalid as error:
        raise refused(error.error, error.details) from None
    content = {name: arguments[name] for name in CHANGED if arguments.get(name) is not None}
    changed = workspace.change(channel.id, message, content)
    return {"channel": channel.id, "ts": changed["ts"], "text": changed["text"], "message": changed}


def history(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Newest first, without the replies of threads."""
    channel = _readable(workspace, arguments)
    found = [m for m in workspace.visible(channel.id) if m.get("thread_ts") in (None, m["ts"])]
    answers = workspace.replies(channel.id)
    shown = [_with_thread(m, answers.get(m["ts"], [])) for m in _within(found, arguments)]
    return _page(shown[::-1], arguments)


def replies(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """The parent, then its replies, oldest first."""
    channel = _readable(workspace, arguments)
    ts = str(arguments.get("ts", ""))
    parent = next((m for m in workspace.visible(channel.id) if m["ts"] == ts), None)
    if parent is None:
        raise refused("thread_not_found")
    answers = workspace.replies(channel.id).get(ts, [])
    return _page([_with_thread(parent, answers), *_within(answers, arguments)], arguments)


def open_conversation(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """With one person. That nobody is found where none may be made is a guess of ours."""
    users = [each for each in str(arguments.get("users") or "").split(",") if each]
    if not users:
        raise refused("users_list_not_supplied")
    if len(users) > 1:
        raise refused("too_many_users")
    if not any(member.id == users[0] for member in workspace.members):
        raise refused("user_not_found")
    known = workspace.conversation_with(users[0])
    if known is None and arguments.get("prevent_creation") in TRUE:
        raise refused("channel_not_found")
    opened = known or workspace.open_conversation(users[0])
    more = {"no_op": True, "already_open": True} if known else {}
    return {"channel": opened.row() if arguments.get("return_im") in TRUE else {"id": opened.id}, **more}


def channel_info(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    channel = workspace.channel(str(arguments.get("channel", "")))
    if channel is None:
        raise refused("channel_not_found")
    return {"channel": channel.row()}


def channel_list(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    return _channels(workspace.all_channels(), arguments)


def own_channels(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Those that the bot is in."""
    return _channels([c for c in workspace.channels if c.is_member], arguments)


def _channels(channels: list[Channel], arguments: Arguments) -> dict[str, Any]:
    types = str(arguments.get("types") or "public_channel").split(",")
    rows = [
        c.row()
        for c in channels
        if (c.is_member or not c.is_private)
        and {"im": "im", "groups": "private_channel", "channels": "public_channel"}[c.kind] in types
    ]
    if arguments.get("exclude_archived") in TRUE:
        rows = [row for row in rows if not row["is_archived"]]
    page = _page(rows, arguments)
    return {"channels": page.pop("messages"), **page}


def lookup_by_email(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    member = workspace.member(str(arguments.get("email", "")))
    if member is None:
        raise refused("users_not_found")
    return {"user": member.row()}


def user_info(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    """Without the scope for it, the e-mail address is left out."""
    member = next((each for each in workspace.members if each.id == arguments.get("user")), None)
    if member is None:
        raise refused("user_not_found")
    row = member.row()
    if "users:read.email" not in workspace.scopes:
        row["profile"] = {name: value for name, value in row["profile"].items() if name != "email"}
    return {"user": row}


def permalink(workspace: Workspace, arguments: Arguments) -> dict[str, Any]:
    channel = _readable(workspace, arguments)
    message = workspace.find(channel.id, str(arguments.get("message_ts", "")))
    if message is None:
        raise refused("message_not_found")
    return {"channel": channel.id, "permalink": workspace.permalink(channel.id, message)}


METHODS: dict[str, Method] = {
    "auth.test": auth_test,
    "chat.postMessage": post_message,
    "chat.update": update_message,
    "chat.getPermalink": permalink,
    "conversations.history": history,
    "conversations.replies": replies,
    "conversations.info": channel_info,
    "conversations.list": channel_list,
    "conversations.open": open_conversation,
    "users.conversations": own_channels,
    "users.info": user_info,
    "users.lookupByEmail": lookup_by_email,
}


def _readable(workspace: Workspace, arguments: Arguments) -> Channel:
    channel = workspace.channel(str(arguments.get("channel", "")))
    if channel is None:
        raise refused("channel_not_found")
    if not channel.is_member:
        raise refused("not_in_channel")
    return channel


def _within(messages: list[Message], arguments: Arguments) -> list[Message]:
    try:
        oldest = float(arguments.get("oldest") or 0)
        latest = float(arguments.get("latest") or "inf")
    except ValueError:
        raise refused("invalid_ts_oldest") from None
    if arguments.get("inclusive") in TRUE:
        return [m for m in messages if oldest <= float(m["ts"]) <= latest]
    return [m for m in messages if oldest < float(m["ts"]) < latest]


def _with_thread(message: Message, answers: list[Message]) -> Message:
    if not answers:
        return message
    return message | {
        "thread_ts": message["ts"],
        "reply_count": len(answers),
        "latest_reply": answers[-1]["ts"],
    }


def _page(rows: list[dict[str, Any]], arguments: Arguments) -> dict[str, Any]:
    limit, start = _limit(arguments), _start(arguments)
    page, more = rows[start : start + limit], len(rows) > start + limit
    cursor = base64.b64encode(f"next:{start + limit}".encode()).decode() if more else ""
    return {
        "messages": [_shown(row, arguments) for row in page],
        "has_more": more,
        "response_metadata": {"next_cursor": cursor},
    }


def _limit(arguments: Arguments) -> int:
    text = str(arguments.get("limit") or PAGE)
    if not text.isdecimal() or int(text) > LARGEST_PAGE:
        raise refused("invalid_limit")
    return int(text)


def _start(arguments: Arguments) -> int:
    cursor = str(arguments.get("cursor") or "")
    if not cursor:
        return 0
    try:
        return int(base64.b64decode(cursor, validate=True).decode().removeprefix("next:"))
    except (binascii.Error, ValueError):
        raise refused("invalid_cursor") from None


def _shown(row: dict[str, Any], arguments: Arguments) -> dict[str, Any]:
    """Slack leaves out a message's metadata payload unless it is asked for."""
    if "metadata" not in row or arguments.get("include_all_metadata") in TRUE:
        return row
    return row | {"metadata": {"event_type": row["metadata"]["event_type"]}}
