"""What happens when a person clicks on a button, and what the app may say to that."""

import asyncio
import hashlib
import hmac
import json
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import httpx

from simulators.kit.shapes import Click, Clicked, Told
from simulators.slack.workspace import APP_ID, TEAM_ID, Member, Message, Workspace

if TYPE_CHECKING:
    from simulators.slack.state import Slack

ANSWER_SECONDS = 3
MOST_ANSWERS, ANSWERED_WITHIN_SECONDS = 5, 30 * 60


class NoSuchButton(Exception):
    pass


@dataclass
class _Open:
    """A response_url, as long as it is good."""

    user: str
    channel: str
    until: float
    left: int = MOST_ANSWERS


@dataclass
class Answers:
    url: str
    """Of the simulators, as the app calls them."""
    told: list[Told] = field(default_factory=list)
    _open: dict[str, _Open] = field(default_factory=dict)

    def open(self, user: str, channel: str) -> str:
        name = secrets.token_hex(12)
        self._open[name] = _Open(user, channel, time.monotonic() + ANSWERED_WITHIN_SECONDS)
        return f"{self.url}/slack/actions/{TEAM_ID}/{name}"

    def take(self, name: str, body: dict[str, Any]) -> str | None:
        """Why not, or None."""
        known = self._open.get(name)
        if known is None or time.monotonic() > known.until:
            return "expired_url"
        if known.left == 0:
            return "used_url"
        known.left -= 1
        if body.get("response_type") == "ephemeral" and not body.get("replace_original"):
            self.told.append(Told(user=known.user, channel=known.channel, text=str(body.get("text", ""))))
        return None


async def click(slack: "Slack", wish: Click) -> list[Clicked]:
    """To the app that is connected, else to its request URL. Raises NoSuchButton."""
    payload = payload_of(slack, wish)
    if len(slack.sockets):
        sent = await asyncio.gather(*(slack.sockets.send(payload) for _ in range(wish.times)))
        return [Clicked(way="socket", acknowledged=each) for each in sent]
    if slack.interactivity.url is None:
        return [Clicked(way="nowhere")]
    body = urlencode({"payload": json.dumps(payload)}).encode()
    headers = signed(body, slack.interactivity.signing_secret, int(time.time()))
    return await asyncio.gather(*(_post(slack.interactivity.url, body, headers) for _ in range(wish.times)))


def signed(body: bytes, secret: str, timestamp: int) -> dict[str, str]:
    """The headers of a delivery."""
    text = f"v0:{timestamp}:".encode() + body
    signature = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Slack-Request-Timestamp": str(timestamp),
        "X-Slack-Signature": f"v0={signature}",
    }


def payload_of(slack: "Slack", wish: Click) -> dict[str, Any]:
    workspace = slack.workspace
    channel = next((c for c in workspace.channels if wish.channel in (c.id, c.name, f"#{c.name}")), None)
    message = workspace.find(channel.id, wish.ts) if channel else None
    member = _member(workspace, wish.user)
    action = _action(message, wish.action_id) if message else None
    if channel is None or message is None or action is None or member is None:
        raise NoSuchButton(f"no button {wish.action_id} on {wish.ts} in {wish.channel}, or no {wish.user}")
    now = f"{time.time():.6f}"
    row = member.row()
    return {
        "type": "block_actions",
        "user": {"id": member.id, "username": row["name"], "name": row["name"], "team_id": row["team_id"]},
        "api_app_id": APP_ID,
        "team": {"id": TEAM_ID, "domain": "demo"},
        "trigger_id": f"{time.time_ns()}.{secrets.token_hex(8)}",
        "container": {"type": "message", "message_ts": message["ts"], "channel_id": channel.id},
        "channel": {"id": channel.id, "name": channel.name},
        "message": message,
        "response_url": slack.answers.open(member.id, channel.id),
        "actions": [{**action, "type": "button", "action_ts": now}],
    }


def _member(workspace: Workspace, user: str) -> Member | None:
    return next(
        (each for each in workspace.members if user.casefold() in (each.id.casefold(), each.email)), None
    )


def _action(message: Message, action_id: str) -> dict[str, Any] | None:
    for number, block in enumerate(message.get("blocks") or ()):
        for element in block.get("elements", ()):
            if element.get("action_id") == action_id:
                return {"block_id": f"b{number}", **element}
    return None


async def _post(url: str, body: bytes, headers: dict[str, str]) -> Clicked:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=ANSWER_SECONDS, verify=False) as http:
            answer = await http.post(url, content=body, headers=headers)
    except httpx.HTTPError:
        return Clicked(way="url")
    return Clicked(way="url", status=answer.status_code, body=answer.text[:1000])
