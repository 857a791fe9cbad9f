"""slack_sdk made safe: our time-outs, no retries, and each fault of the async library that we meet
guarded here (tests/contracts/test_slack.py shows fault and guard side by side)."""

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from urllib.request import proxy_bypass

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import IntegrationError, NotFound, Permanent, Rejected, Unauthorized
from clients.kit.http import (
    CONNECT_SECONDS,
    REDIRECTS,
    Call,
    brief,
    error_for,
    rate_limited,
    refused,
    unclear,
    wait_named_by,
)
from clients.kit.unanswered import unanswered
from clients.slack.settings import Slack

RATE_LIMITED = {"ratelimited", "rate_limited", "message_limit_exceeded"}
UNCLEAR = {
    "internal_error", "fatal_error", "request_timeout", "service_unavailable", "external_channel_migrating",
    "duplicate_message_not_found", "duplicate_channel_not_found",
}  # fmt: skip
MOVING = {"team_added_to_org", "org_login_required"}
MOVING_WAIT = timedelta(minutes=10)
"""While a workspace moves into an organisation nothing works, for long."""

PERMANENT: dict[str, type[Permanent]] = dict.fromkeys(
    (
        "not_authed", "invalid_auth", "account_inactive", "token_revoked", "token_expired",
        "missing_scope", "not_allowed_token_type", "ekm_access_denied", "access_denied",
        "team_access_not_granted", "no_permission",
    ),
    Unauthorized,
) | dict.fromkeys(
    ("channel_not_found", "thread_not_found", "message_not_found", "users_not_found", "user_not_found"),
    NotFound,
)  # fmt: skip

INVITE = "Invite the bot to the channel, or correct the channel in the route."
ADVICE = {
    "channel_not_found": INVITE,
    "thread_not_found": "The message it would answer was deleted.",
    "not_in_channel": INVITE,
    "is_archived": "Unarchive the channel, or name another one in the route.",
    "messages_tab_disabled": "In the Slack app's settings, App Home, Show Tabs, turn the Messages Tab on.",
    "message_not_found": "It was deleted.",
    "cant_update_message": "It is another app's, or a person's.",
    "edit_window_closed": "The workspace lets nobody change a message so late.",
    "missing_scope": "Add the scope to the Slack app and install it again.",
}

HOOKS = "https://hooks.slack.com/"
"""Where clicks are answered."""

QUIET = logging.getLogger("clients.slack.sdk")
QUIET.setLevel(logging.INFO)  # at DEBUG the library logs whole messages


class SlackTransport:
    def __init__(self, settings: Slack, timeout_seconds: float, cooldown: Cooldown | None = None) -> None:
        self._settings, self._cooldown = settings, cooldown
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds, sock_connect=min(CONNECT_SECONDS, timeout_seconds)
        )
        self._library: AsyncWebClient | None = None
        self._session: aiohttp.ClientSession | None = None
        self.scopes: frozenset[str] | None = None
        """Those of the token, as the last answer told; None where none has."""

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(
        self,
        call: Call,
        method: str,
        *,
        form: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """One API call. Always POST: the library's methods read by GET, which puts e-mail addresses
        in URLs, and aiohttp sends a GET again by itself where a kept connection was dropped."""
        return await through(self._cooldown, lambda: self._ask(call, method, form, body))

    async def _ask(
        self, call: Call, method: str, form: dict[str, str] | None, body: dict[str, Any] | None
    ) -> dict[str, Any]:
        try:
            answer = await self._signed_in().api_call(method, data=form, json=body)
        except SlackApiError as error:
            raise _error_for(call, error) from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise unclear(call, self._unanswered(error), left=False) from None
        except _SentAway as error:
            raise error_for(call, error.status, explained=False) from None
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
            raise unclear(call, self._unanswered(error)) from None
        except (AttributeError, ValueError):
            # The library takes for granted that an answer is a JSON object in UTF-8.
            raise unclear(call, "the answer is no JSON object") from None
        self.scopes = _scopes(answer.headers) or self.scopes
        return dict(answer.data) if isinstance(answer.data, dict) else {}

    async def answer(self, call: Call, url: str, body: dict[str, Any]) -> None:
        """To an address that a click came with; only to one of Slack's."""
        base = urlsplit(self._settings.base_url)
        if not url.startswith((HOOKS, f"{base.scheme}://{base.netloc}/")):
            raise refused(call, Rejected, "the address to answer to is not Slack's")
        proxy = self._signed_in().proxy
        assert self._session is not None
        try:
            async with self._session.post(url, json=body, proxy=proxy) as response:
                if response.status != 200:
                    raise error_for(call, response.status, explained=False)
        except _SentAway as error:
            raise error_for(call, error.status, explained=False) from None
        except (aiohttp.ClientError, OSError) as error:
            raise unclear(call, self._unanswered(error)) from None

    def _unanswered(self, error: Exception) -> str:
        return unanswered(error, self._settings.base_url)

    def _signed_in(self) -> AsyncWebClient:
        if self._library is None:
            # Made here, within the running loop. With a session the library ignores its own time-out,
            # without one it opens a connection for each call.
            self._session = aiohttp.ClientSession(timeout=self._timeout, middlewares=[_stay])
            self._library = AsyncWebClient(
                token=self._settings.bot_token.get_secret_value(),
                base_url=self._settings.base_url,
                session=self._session,
                retry_handlers=[],  # by default it sends again, messages too, after a dropped line
                logger=QUIET,
            )
            if proxy_bypass(urlsplit(self._settings.base_url).hostname or ""):
                self._library.proxy = None  # it knows HTTPS_PROXY, but not NO_PROXY
        return self._library


def _scopes(headers: Mapping[str, str]) -> frozenset[str]:
    said = {name.lower(): value for name, value in headers.items()}.get("x-oauth-scopes", "")
    return frozenset(filter(None, (each.strip() for each in said.split(","))))


class _SentAway(aiohttp.ClientError):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def _stay(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """The library lets aiohttp follow redirects, as GET and with the token."""
    response = await send(request)
    if response.status in REDIRECTS:
        response.close()
        raise _SentAway(response.status)
    return response


def _error_for(call: Call, error: SlackApiError) -> IntegrationError:
    response: Any = error.response  # of aiohttp itself where a JSON answer is broken
    status = getattr(response, "status_code", 0) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    answer = data if isinstance(data, dict) else {}
    header = response.headers.get("Retry-After")
    code = str(answer.get("error") or "")
    if status != 200 and code not in PERMANENT:
        return error_for(call, status, code, header, explained=bool(code), passes=code in UNCLEAR)
    if code in RATE_LIMITED:
        return rate_limited(call, code, wait_named_by(header))
    if code in UNCLEAR or not code:
        return unclear(call, code or "the answer is no JSON object")
    if code in MOVING:
        return unclear(call, code, left=False, retry_after=MOVING_WAIT)
    refusal = refused(call, PERMANENT.get(code, Rejected), _details(code, answer), ADVICE.get(code))
    refusal.code = code
    return refusal


def _details(code: str, answer: dict[str, Any]) -> str:
    """`needed` names a missing scope, `messages` the places in wrong blocks."""
    metadata = answer.get("response_metadata")
    messages = metadata.get("messages") if isinstance(metadata, dict) else None
    parts = [code, answer.get("needed"), *(messages or [])]
    return brief("; ".join(str(part) for part in parts if part))
