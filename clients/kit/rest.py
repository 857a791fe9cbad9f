"""JSON over HTTP by httpx: a request is sent once, redirects are not followed, an answer has an end, and each
error is one of ours."""

import asyncio
import logging
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx

from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import IntegrationError, Rejected
from clients.kit.http import CONNECT_SECONDS, Call, exact_json, json_object, refused, strict_json, unclear
from clients.kit.rate_limiter import Rank, RateLimiter
from clients.kit.unanswered import unanswered

# At INFO, and the second at DEBUG, they log whole addresses, which may hold e-mail addresses and secrets.
logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

TIMEOUT_SECONDS = 10.0

KEEP_SECONDS = 4
"""How long an idle connection is kept: shorter than servers do, often 5, or the next call is lost."""

MOST_BYTES = 2_000_000
"""Of one answer, as it is after decompression."""

NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class TooLong(Exception):
    """An answer that is needed goes on and on."""


NO_ANSWERS = (TooLong, httpx.RequestError, OSError)
"""What `answer_to` raises, and `told` translates."""


@dataclass(frozen=True)
class Reply:
    """What came back. `content` may be cut where nobody needs its end: of an error, and of a write."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def fields(self) -> dict[str, Any]:
        """Of a JSON object; of anything else none."""
        return json_object(self.content)

    def json(self, call: Call) -> Any:
        """Raises Retryable where it is no JSON."""
        try:
            return strict_json(self.content)
        except ValueError:
            raise unclear(call, "the answer is no JSON") from None

    def exact(self, call: Call) -> Any:
        """The same, with each number that has decimals as a Decimal."""
        try:
            return exact_json(self.content)
        except ValueError:
            raise unclear(call, "the answer is no JSON") from None

    def object(self, call: Call) -> dict[str, Any]:
        """Raises Retryable where it is no JSON object, or one of nothing."""
        if not (fields := self.fields):
            raise unclear(call, "the answer is no JSON object")
        return fields


@cache
def tls() -> ssl.SSLContext:
    """One for all: reading the authorities takes longer than most calls."""
    return httpx.create_ssl_context()


def http_client(timeout_seconds: float, **options: Any) -> httpx.AsyncClient:
    """Without retries of its own, as httpx is."""
    return httpx.AsyncClient(
        timeout=httpx.Timeout(timeout_seconds, connect=min(CONNECT_SECONDS, timeout_seconds)),
        limits=httpx.Limits(keepalive_expiry=KEEP_SECONDS),
        verify=tls(),
        follow_redirects=False,
        **options,
    )


async def answer_to(
    http: httpx.AsyncClient,
    method: str,
    url: str,
    *,
    seconds: float,
    most_bytes: int,
    writes: bool = False,
    **request: Any,
) -> Reply:
    """All of it within so many seconds. Raises NO_ANSWERS."""
    content = bytearray()
    async with asyncio.timeout(seconds), http.stream(method, url, **request) as response:
        async for chunk in response.aiter_bytes():
            content += chunk
            if len(content) > most_bytes:
                if response.is_success and not writes:
                    raise TooLong(f"its answer is longer than {most_bytes:,} bytes")
                break
    return Reply(response.status_code, response.headers, bytes(content))


@contextmanager
def told(call: Call, url: str) -> Iterator[None]:
    """No answer, or none that could be read, as an error of ours."""
    try:
        yield
    except TooLong as error:
        advice = "Look whether the address in the settings is right."
        raise refused(call, Rejected, str(error), advice) from None
    except NEVER_LEFT as error:
        raise unclear(call, unanswered(error, url), left=False) from None
    except httpx.DecodingError:
        raise unclear(call, "its answer cannot be decoded") from None
    except (httpx.RequestError, OSError) as error:  # a time-out is an OSError
        raise unclear(call, unanswered(error, url)) from None


ErrorOf = Callable[[Call, Reply], IntegrationError | None]
"""What an answer means whose status is none of success; None where it is a good one all the same."""

Doubts = Callable[[Reply], bool]
"""Whether an answer whose status is one of success may be an error by what it says."""


class Rest:
    """`base_url` has the paths of all calls below it. `limiter` is for all of them."""

    def __init__(
        self,
        base_url: str,
        error_of: ErrorOf,
        *,
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        timeout_seconds: float = TIMEOUT_SECONDS,
        most_bytes: int = MOST_BYTES,
        limiter: RateLimiter | None = None,
        cooldown: Cooldown | None = None,
        doubts: Doubts | None = None,
    ) -> None:
        self._base_url, self._error_of, self._doubts = base_url.rstrip("/"), error_of, doubts
        self._seconds, self._most_bytes = timeout_seconds, most_bytes
        self._limiter, self._cooldown = limiter, cooldown
        accept = {"Accept": "application/json"}
        self._http = http_client(timeout_seconds, auth=auth, headers={**accept, **(headers or {})})

    async def aclose(self) -> None:
        await self._http.aclose()

    async def ask(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Reply:
        """One call; `path` is quoted. Raises IntegrationError."""
        return await through(self._cooldown, lambda: self._ask(call, method, path, query, body))

    async def fields(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: object = None,
    ) -> dict[str, Any]:
        """The same where a JSON object is all that it may answer: who answers anything else is not well."""

        async def answered() -> dict[str, Any]:
            return (await self._ask(call, method, path, query, body)).object(call)

        return await through(self._cooldown, answered)

    async def _ask(
        self, call: Call, method: str, path: str, query: Mapping[str, str] | None, body: object
    ) -> Reply:
        if self._limiter is not None:
            await self._limiter.acquire(Rank.LIVE)
        url = f"{self._base_url}/{path.lstrip('/')}"
        with told(call, url):
            reply = await answer_to(
                self._http,
                method,
                url,
                seconds=self._seconds,
                most_bytes=self._most_bytes,
                writes=call.writes,
                params=query or None,  # none at all would take away what the path has
                json=body,
            )
        doubtful = not reply.is_good or (self._doubts is not None and self._doubts(reply))
        if doubtful and (error := self._error_of(call, reply)):
            raise error
        return reply
