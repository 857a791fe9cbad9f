"""Slack: does it answer, and may the app post to the channels that are named?"""

from collections.abc import AsyncIterator, Iterator

from clients.kit.errors import IntegrationError
from clients.kit.findings import failed
from clients.slack.client import SlackClient
from clients.slack.scopes import OF_CLICKS, PRIVATE, TO_CHANNELS, TO_PEOPLE
from clients.slack.settings import Slack
from models.findings import Finding, State
from models.routes import Routes
from models.templates.template import Names

BUTTONS = "Slack buttons"
NO_SECRET = (
    "Basic Information, App Credentials, Signing Secret: set SLACK__SIGNING_SECRETS, and name"
    " https://<ingress>/slack/interactivity under Interactivity & Shortcuts, Request URL; or, without a"
    " public address, turn Socket Mode on and set SLACK__APP_TOKEN."
)


async def slack_findings(connection: Slack | None, routes: Routes) -> AsyncIterator[Finding]:
    if connection is None:
        yield Finding("Slack", State.OFF, "its steps are skipped", "Set SLACK__BOT_TOKEN.")
        return
    client = SlackClient(connection)
    try:
        identity = await client.identity()
        yield Finding("Slack", State.OK, f"{identity.get('team')}, as {identity.get('user')}")
        for finding in _scopes(client.scopes, routes):
            yield finding
        named = routes.named(Names.SLACK_CHANNEL) | {connection.ops_channel or ""}
        for channel in sorted(named - {""}):
            yield await _channel(client, channel)
    except IntegrationError as error:
        yield failed("Slack", error, "Set SLACK__BOT_TOKEN to the app's bot token.")
    finally:
        await client.aclose()


async def approval_findings(connection: Slack | None, channel: str) -> AsyncIterator[Finding]:
    """Where decisions are asked for in that channel."""
    if connection is None:
        yield Finding(
            BUTTONS, State.FAULT, "approvers are asked in Slack, which is off", "Set SLACK__BOT_TOKEN."
        )
        return
    client = SlackClient(connection)
    try:
        await client.identity()
        for finding in _buttons(connection, client.scopes):
            yield finding
        yield await _channel(client, channel)
    except IntegrationError as error:
        yield failed(BUTTONS, error, "Set SLACK__BOT_TOKEN to the app's bot token.")
    finally:
        await client.aclose()


def _scopes(scopes: frozenset[str] | None, routes: Routes) -> Iterator[Finding]:
    """Nothing where Slack does not tell of them."""
    told = routes.named(Names.SLACK_TELL) & {"person", "both"}
    missing = (TO_CHANNELS | (TO_PEOPLE if told else set())) - scopes if scopes else set()
    if not missing:
        return
    state = State.WARNING if missing <= PRIVATE else State.FAULT
    why = " A route tells people by direct message." if missing & TO_PEOPLE else ""
    advice = f"OAuth & Permissions, Bot Token Scopes: add them, and install the app again.{why}"
    yield Finding("Slack scopes", state, f"missing: {', '.join(sorted(missing))}", advice)


def _buttons(connection: Slack, scopes: frozenset[str] | None) -> Iterator[Finding]:
    """Clicks must reach us, and Slack must say whose they are."""
    if missing := OF_CLICKS - scopes if scopes else frozenset():
        said = f"nobody can decide in Slack without {', '.join(sorted(missing))}"
        advice = "OAuth & Permissions, Bot Token Scopes: add them, and install the app again."
        yield Finding(BUTTONS, State.FAULT, said, advice)
    if connection.app_token is not None:
        yield Finding(BUTTONS, State.OK, "by Socket Mode")
    elif connection.signing_secrets:
        yield Finding(BUTTONS, State.OK, "by the request URL, signed")
    else:
        yield Finding(
            BUTTONS, State.FAULT, "clicks reach nobody: neither signing secret nor app token", NO_SECRET
        )


async def _channel(client: SlackClient, channel: str) -> Finding:
    try:
        await client.check_channel(channel)
    except IntegrationError as error:
        advice = "Invite the app to the channel; it needs chat:write, channels:history and users:read.email."
        return failed(f"channel {channel}", error, advice)
    return Finding(f"channel {channel}", State.OK)
