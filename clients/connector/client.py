"""One connector's calls, over the network. Redirects are not followed, an answer has an end, and the
connection goes to an address that was looked at."""

import asyncio
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from clients.connector.addresses import CheckedResolver, Forbidden, Gate
from clients.connector.answers import judge
from clients.connector.auth import SignIn
from clients.connector.requests import Request
from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import Rejected
from clients.kit.http import CONNECT_SECONDS, Call, refused, strict_json, unclear
from clients.kit.rate_limiter import RateLimiter
from clients.kit.unanswered import unanswered
from models.connectors import Answer, Connector, Operation

ADVICE = "Look at the connector's file."


class ConnectorClient:
    """`variables` is the environment: a connector's file names those that hold its secrets."""

    def __init__(
        self,
        name: str,
        connector: Connector,
        variables: Mapping[str, str],
        gate: Gate,
        state_dir: Path,
        cooldown: Cooldown | None = None,
    ) -> None:
        self.name, self._connector, self._gate, self._cooldown = name, connector, gate, cooldown
        self._sign_in = SignIn(name, connector.auth, variables, self._send_alone, state_dir)
        self._limiter = RateLimiter(connector.rate.calls, connector.rate.seconds)
        self._at_once = asyncio.Semaphore(connector.calls_at_once)
        self._session: aiohttp.ClientSession | None = None
        self._under_way = 0

    @property
    def is_idle(self) -> bool:
        return not self._under_way

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def ask(self, call: Call, operation: Operation, request: Request) -> tuple[Answer, bool]:
        """The answer, and whether it was done now and not before. Raises IntegrationError."""
        self._under_way += 1
        try:
            return await through(self._cooldown, lambda: self._ask(call, operation, request))
        finally:
            self._under_way -= 1

    async def _ask(self, call: Call, operation: Operation, request: Request) -> tuple[Answer, bool]:
        answer, headers = await self._sent(call, await self._sign_in.signed(request))
        if answer.status == 401 and self._sign_in.renews:  # nothing was done
            self._sign_in.forget()
            answer, headers = await self._sent(call, await self._sign_in.signed(request))
        return answer, judge(call, operation, answer, headers)

    async def _send_alone(self, call: Call, request: Request) -> Answer:
        answer, _ = await self._sent(call, request)
        if answer.status == 429 or answer.status >= 500:
            raise unclear(call, f"HTTP {answer.status}")
        return answer

    async def _sent(self, call: Call, request: Request) -> tuple[Answer, Mapping[str, str]]:
        self._check(call, request.url)
        async with self._at_once:
            await self._limiter.acquire()
            try:
                async with self._opened().request(
                    request.method,
                    URL(request.url, encoded=True),
                    headers=request.headers,
                    data=request.body,
                    allow_redirects=False,
                ) as response:
                    return await self._read(call, response), response.headers
            except Forbidden as error:
                raise refused(call, Rejected, str(error), ADVICE) from None
            except (aiohttp.ClientPayloadError, aiohttp.ClientResponseError):
                raise unclear(call, "its answer broke off, or cannot be decoded") from None
            except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
                raise unclear(call, unanswered(error, request.url), left=False) from None
            except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
                raise unclear(call, unanswered(error, request.url)) from None

    def _check(self, call: Call, url: str) -> None:
        """Before anything is sent. Names are looked at when they are resolved."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        try:
            self._gate.check_host(host)
        except Forbidden as error:
            raise refused(call, Rejected, str(error), ADVICE) from None
        if parts.username is not None or parts.password is not None or not host:
            raise refused(call, Rejected, "its address holds a user, or no host", ADVICE)
        if parts.scheme != "https" and not self._gate.is_allowed(host):
            raise refused(call, Rejected, f"{host} would be reached without TLS", ADVICE)

    async def _read(self, call: Call, response: aiohttp.ClientResponse) -> Answer:
        """Not beyond what the file allows: an answer may have no end. That of a write is not needed."""
        most, content = self._connector.most_bytes, bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            content += chunk
            if len(content) > most:
                response.close()
                if call.writes:
                    return Answer(status=response.status)
                detail = f"its answer is longer than {most:,} bytes"
                raise refused(call, Rejected, detail, "Raise most_bytes in its file, or ask for less.")
        return Answer(status=response.status, body=_parsed(bytes(content)))

    def _opened(self) -> aiohttp.ClientSession:
        """Made here, within the running loop."""
        if self._session is None:
            seconds = self._connector.timeout_seconds
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=seconds, sock_connect=min(CONNECT_SECONDS, seconds)),
                connector=aiohttp.TCPConnector(
                    resolver=CheckedResolver(self._gate),
                    use_dns_cache=False,  # what was looked at is what is connected to
                    socket_factory=self._socket,
                ),
                trust_env=False,  # a proxy would resolve names by itself
                cookie_jar=aiohttp.DummyCookieJar(),
            )
            # Else it sends a PUT or DELETE again by itself where a kept connection closes, done or not.
            self._session._retry_connection = False
        return self._session

    def _socket(self, address: Any) -> socket.socket:
        """The last look, at the very address: of a host that aiohttp takes for one it asks no resolver."""
        kind, type_, proto, _, place = address
        if not self._gate.is_reachable(place[0]):
            raise Forbidden(str(place[0]))
        return socket.socket(kind, type_, proto)


def _parsed(content: bytes) -> Any:
    """JSON, else the text; None where there is nothing."""
    if not content.strip():
        return None
    try:
        return strict_json(content)
    except ValueError:
        return content.decode(errors="replace")
