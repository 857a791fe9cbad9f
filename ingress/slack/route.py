"""POST /slack/interactivity: where Slack sends clicks on buttons."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from urllib.parse import parse_qs

from fastapi import FastAPI, Request, Response
from pydantic import SecretStr
from temporalio.client import Client

from clients.kit.http import json_object
from clients.slack.client import SlackClient
from clients.slack.settings import Slack
from ingress.slack.deciding import Deciding, TooMany
from ingress.slack.signature import is_signed
from ingress.webhooks.body import Refused, read_body
from models.agents import Agents

PATH = "/slack/interactivity"
ANSWER_SECONDS = 2.5
"""Slack waits three, and then tells who clicked that it did not work. A decision goes on after that."""

MOST_FIELDS = 10


def add_interactivity(
    app: FastAPI,
    settings: Slack | None,
    temporal: Callable[[], Client | None],
    agents: Callable[[], Agents],
    closing: AsyncExitStack,
) -> None:
    """The route, where Slack is connected. `closing` ends what is under way."""
    if settings is None:
        return
    secrets, deciding = settings.signing_secrets, Deciding(SlackClient(settings), temporal, agents)
    closing.push_async_callback(deciding.aclose)

    @app.post(PATH)
    async def interactivity(request: Request) -> Response:
        payload = await _payload(request, secrets)
        try:
            task = deciding.begin(payload)
        except TooMany:
            raise Refused(503, "Too many clicks at once.") from None
        await asyncio.wait({task}, timeout=ANSWER_SECONDS)
        return Response()


async def _payload(request: Request, secrets: Sequence[SecretStr]) -> dict[str, object]:
    """Raises Refused. The signature is of the body as it came."""
    if not secrets:
        raise Refused(404, "Clicks are not taken here: SLACK__SIGNING_SECRETS is not set.")
    body = await read_body(request)
    if not is_signed(secrets, request.headers, body):
        raise Refused(
            401,
            "This is not signed by Slack, or by another secret, or too old. Check SLACK__SIGNING_SECRETS.",
        )
    try:
        fields = parse_qs(body.decode(), max_num_fields=MOST_FIELDS)
    except ValueError:
        fields = {}
    payload = json_object(fields.get("payload", [""])[0])
    if not payload:
        raise Refused(400, "The body holds no payload.")
    return payload
