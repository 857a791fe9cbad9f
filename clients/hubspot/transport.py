"""hubspot-api-client made safe: bounded threads, our rate limiter, date-based paths, and each fault of the
library that we meet guarded here (tests/contracts/test_hubspot_library.py shows both side by side)."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import certifi
import urllib3
from hubspot.client import Client as Library
from hubspot.crm.objects import ApiClient, Configuration
from pydantic import BaseModel
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError, ProxyError

from clients.hubspot.errors import error_of
from clients.hubspot.settings import HubSpot
from clients.kit.cooldown import Cooldown, through
from clients.kit.http import CONNECT_SECONDS, Call, parsed, proxy_for, strict_json, unclear
from clients.kit.pages import pages
from clients.kit.rate_limiter import Rank, RateLimiter
from clients.kit.unanswered import unanswered
from models.base import Record

# At DEBUG it logs paths with their queries, which may hold e-mail addresses.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

M = TypeVar("M", bound=BaseModel)
Work = Callable[[Any], Any]
"""One call of a method of the library, which it is given."""

LIBRARYS_PATH = re.compile(r"/crm/v\d/([a-z]+)/?(.*)")


class Paged(Record):
    """What says where it goes on."""

    class _Paging(Record):
        class _Next(Record):
            after: str

        next: _Next | None = None

    paging: _Paging | None = None

    @property
    def after(self) -> str | None:
        return self.paging.next.after if self.paging and self.paging.next else None


class Page(Paged, Generic[M]):
    results: list[M]


class _Refused(Exception):
    def __init__(self, response: urllib3.BaseHTTPResponse) -> None:
        super().__init__(response.status)
        self.response = response


class _NoJson(Exception):
    pass


class GuardedApi(ApiClient):  # type: ignore[misc]  # the library has no types
    """The one ApiClient of all the library's packages. Each would make a pool of connections for every
    attribute walk, and has exception classes of its own, without a common base."""

    def __init__(self, settings: HubSpot, timeout_seconds: float) -> None:
        super().__init__(_configuration(settings))
        self._version = settings.api_version
        self.calls_left: int | None = None
        """Of the app's limit, as the last answer told; a search's does not."""
        # The library sets no time-out where it is not given one at each call.
        self._timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout_seconds), read=timeout_seconds)

    def call_api(self, resource_path: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """`_preload_content=False` hands `request`'s answer through as it is: the library's models lose
        `errors` of an answer with status 200, as date-based paths give it, and take any text for one."""
        kwargs["_preload_content"] = False
        return super().call_api(self._path(resource_path), method, *args, **kwargs)

    def request(
        self,
        method: str,
        url: str,
        query_params: Any = None,
        headers: Any = None,
        body: Any = None,
        **_: Any,
    ) -> Any:
        """In the place of the library's own, which turns a failed TLS handshake into an AttributeError,
        sends GET, PUT and DELETE again by itself, sleeps as long as Retry-After says, follows redirects."""
        response = self.rest_client.pool_manager.request(
            method,
            f"{url}?{urlencode(query_params)}" if query_params else url,
            body=None if body is None else json.dumps(body),
            headers={"Content-Type": "application/json", **(headers or {})},
            timeout=self._timeout,
            retries=False,
            redirect=False,
        )
        left = response.headers.get("X-HubSpot-RateLimit-Remaining", "")
        self.calls_left = int(left) if left.isdecimal() else None
        if not 200 <= response.status < 300:
            raise _Refused(response)
        try:
            return strict_json(response.data) if response.data else None
        except ValueError:
            raise _NoJson from None

    def _path(self, librarys: str) -> str:
        """The library knows /crm/v3/objects/…; HubSpot's own form is now /crm/objects/2026-09/…"""
        if self._version == "v3":
            return librarys
        return LIBRARYS_PATH.sub(rf"/crm/\1/{self._version}/\2", librarys).rstrip("/")


def _configuration(settings: HubSpot) -> Any:
    configuration = Configuration(host=settings.base_url.rstrip("/"))
    configuration.access_token = settings.token.get_secret_value()
    configuration.connection_pool_maxsize = settings.threads + for_bulk(settings.threads)
    # Not every Python on macOS finds the system's roots; and the library does not know HTTPS_PROXY.
    configuration.ssl_ca_cert = certifi.where()
    configuration.proxy = proxy_for(settings.base_url)
    return configuration


def for_bulk(threads: int) -> int:
    """Calls of bulk work at once, where so many live ones may be."""
    return max(1, threads * 3 // 4)


class HubSpotTransport:
    def __init__(self, settings: HubSpot, timeout_seconds: float, cooldown: Cooldown | None = None) -> None:
        self._cooldown = cooldown
        self._api = GuardedApi(settings, timeout_seconds)
        self._library = Library(api_factory=self._leaf)
        self._threads = ThreadPoolExecutor(for_bulk(settings.threads), thread_name_prefix="hubspot-bulk")
        self._live_threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="hubspot")
        self._calls = RateLimiter(settings.requests_per_10_seconds, seconds=10)
        self._searches = RateLimiter(settings.searches_per_second, seconds=1)

    async def aclose(self) -> None:
        for threads in (self._threads, self._live_threads):
            await asyncio.to_thread(threads.shutdown, cancel_futures=True)
        self._api.rest_client.pool_manager.clear()

    async def run(self, call: Call, work: Work, rank: Rank, *, searches: bool = False) -> Any:
        """Do `work` in a thread, when the rate limiter lets it go; the answer's JSON as it came. Bulk work
        has its own waits, and must not be what live events wait for."""
        cooldown = self._cooldown if rank is Rank.LIVE else None
        return await through(cooldown, lambda: self._when_allowed(call, work, rank, searches))

    async def _when_allowed(self, call: Call, work: Work, rank: Rank, searches: bool) -> Any:
        if searches:
            await self._searches.acquire(rank)
        await self._calls.acquire(rank)
        loop = asyncio.get_running_loop()
        threads = self._live_threads if rank is Rank.LIVE else self._threads
        try:
            return await loop.run_in_executor(threads, self._run, call, work)
        finally:
            left = self._api.calls_left  # perhaps of another call that has just ended, which serves as well
            if left is not None:
                self._calls.heed(left)

    def _run(self, call: Call, work: Work) -> Any:
        with _errors_of(call, self._api.configuration.host):
            return work(self._library)

    def _leaf(self, package: Any, name: str, _: Any) -> Any:
        return getattr(package, name)(api_client=self._api)


@dataclass(frozen=True)
class Calls:
    """Calls as typed answers, all of one rank."""

    transport: HubSpotTransport
    rank: Rank = Rank.BULK

    async def one(self, call: Call, model: type[M], work: Work) -> M:
        return parsed(call, model, await self.transport.run(call, work, self.rank))

    async def done(self, call: Call, work: Work) -> None:
        """One that is answered by nothing."""
        await self.transport.run(call, work, self.rank)

    async def search(
        self, call: Call, model: type[M], page_from: Callable[[str | None], Work]
    ) -> AsyncIterator[list[M]]:
        """Page after page of a search; `page_from` gives the call for what follows a cursor."""

        async def ask(after: str | None) -> Page[M]:
            answer = await self.transport.run(call, page_from(after), self.rank, searches=True)
            return parsed(call, Page[model], answer)  # type: ignore[valid-type]  # made at run time

        async for page in pages(call, ask, lambda page: page.after):
            yield page.results


@contextmanager
def _errors_of(call: Call, url: str) -> Iterator[None]:
    # `from None`: the library's texts hold whole answers, and urllib3's hold URLs.
    try:
        yield
    except _Refused as refusal:
        response = refusal.response
        raise error_of(call, response.status, response.data, response.headers.get("Retry-After")) from None
    except _NoJson:
        raise unclear(call, "the answer is no JSON") from None
    except HTTPError as error:
        raise unclear(call, unanswered(error, url), left=_left(error)) from None


def _left(error: HTTPError) -> bool:
    """Whether the request may have reached HubSpot."""
    return not isinstance(error, (NewConnectionError, ConnectTimeoutError, ProxyError))
