"""Clicks without a public address: we connect to Slack, and it sends them down that line."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient
from temporalio.client import Client

from clients.slack.client import SlackClient
from clients.slack.settings import Slack
from ingress.slack.deciding import Deciding, TooMany
from models.agents import Agents

log = logging.getLogger("mogulflow.ingress")

QUIET = logging.getLogger("ingress.slack.socket_mode.sdk")
QUIET.setLevel(logging.CRITICAL)
"""Its errors quote the address with its ticket, and come every five seconds while Slack is away."""


class _Connection(SocketModeClient):
    """The library tries again by itself, for ever, and connects anew when Slack asks for it."""

    async def issue_new_wss_url(self) -> str:
        try:
            url = await super().issue_new_wss_url()
        except SlackApiError as error:
            log.warning("Socket Mode is refused", extra={"reason": str(error.response.get("error"))})
            raise
        except Exception as error:
            log.warning("Socket Mode has no connection", extra={"reason": type(error).__name__})
            raise
        log.info("Socket Mode connects")
        return url


@asynccontextmanager
async def connected(
    settings: Slack, app_token: SecretStr, client: Client, agents: Callable[[], Agents]
) -> AsyncIterator[None]:
    """For as long as the block lasts, which does not wait for the connection."""
    deciding = Deciding(SlackClient(settings), lambda: client, agents)
    connection = _connection(settings, app_token)

    async def take(_: Any, request: SocketModeRequest) -> None:
        """Acknowledged at once, for Slack waits three seconds; decided after that."""
        await connection.send_socket_mode_response(SocketModeResponse(envelope_id=request.envelope_id))
        if request.type != "interactive":
            return
        try:
            deciding.begin(request.payload)
        except TooMany:
            log.warning("too many clicks at once: one is left out")

    connection.socket_mode_request_listeners.append(take)
    library: Any = connection  # these two have no types
    connecting = asyncio.create_task(library.connect())
    try:
        yield
    finally:
        connecting.cancel()
        await asyncio.wait({connecting})
        await library.close()
        await deciding.aclose()


def _connection(settings: Slack, app_token: SecretStr) -> _Connection:
    web = AsyncWebClient(base_url=settings.base_url, retry_handlers=[], logger=QUIET)
    found = _Connection(app_token.get_secret_value(), logger=QUIET, web_client=web)
    if proxy_bypass(urlsplit(settings.base_url).hostname or ""):  # it knows HTTPS_PROXY, but not NO_PROXY
        web.proxy = found.proxy = None
    return found
