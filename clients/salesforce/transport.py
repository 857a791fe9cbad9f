"""simple-salesforce made safe: bounded threads, a token of our own, and each fault of the library
that we meet guarded here (tests/contracts/test_salesforce.py shows fault and guard side by side)."""

import asyncio
import logging
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import Field
from requests.adapters import HTTPAdapter
from simple_salesforce.api import Salesforce as Library
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from clients.kit.cooldown import Cooldown, through
from clients.kit.errors import IntegrationError, Rejected
from clients.kit.http import CONNECT_SECONDS, STRICT, Call, parsed, unclear
from clients.kit.unanswered import unanswered
from clients.salesforce.errors import Said, error_of, said_by, sign_in_error
from clients.salesforce.settings import Salesforce
from models.base import Record

NAME = re.compile(r"[A-Za-z]\w*(\.[A-Za-z]\w*)*", re.ASCII)

# At DEBUG it logs whole URLs: a query's holds SOQL, and so e-mail addresses.
logging.getLogger("urllib3.connectionpool").setLevel(logging.INFO)

T = TypeVar("T")


class _Refused(Exception):
    def __init__(self, response: requests.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


class _Token(Record):
    access_token: str


class _Rows(Record):
    records: list[dict[str, Any]]
    done: bool
    next_url: str | None = Field(default=None, alias="nextRecordsUrl")


@dataclass(frozen=True)
class Org:
    """The library, signed in, for the length of one call."""

    library: Any
    call: Call
    judge: Callable[[Call, requests.Response], IntegrationError]

    def query(self, soql: str) -> list[dict[str, Any]]:
        """All rows. `soql` comes from format_soql, which quotes; quick_search does not."""
        try:
            return self._query(soql)
        except _Refused as refusal:
            if refusal.response.status_code == requests.codes.unauthorized:
                raise  # signs in anew
            raise self.judge(self.call, refusal.response) from None

    def _query(self, soql: str) -> list[dict[str, Any]]:
        page = parsed(self.call, _Rows, self.library.query(soql))
        records = page.records
        while not page.done and page.next_url:
            more = self.library.query_more(page.next_url, identifier_is_url=True)
            page = parsed(self.call, _Rows, more)
            records = records + page.records
        return [{k: v for k, v in record.items() if k != "attributes"} for record in records]


def _strict(response: requests.Response) -> requests.Response:
    """The library reads a good answer by its `json`, and gives that a `parse_float` of None."""
    read = response.json
    response.json = lambda **given: read(**(given | STRICT))  # type: ignore[method-assign]
    return response


class GuardedSession(requests.Session):
    """The session that simple-salesforce is made to use."""

    def __init__(self, instance_url: str, connections: int, timeout_seconds: float) -> None:
        super().__init__()
        self.base_url = instance_url.rstrip("/")
        # The library sets no time-out anywhere, and its writes do not take one.
        self._timeout = (min(CONNECT_SECONDS, timeout_seconds), timeout_seconds)
        # requests puts a ~/.netrc entry for the host in the place of our token, unless told how to sign in.
        self.auth = _unchanged
        adapter = HTTPAdapter(pool_maxsize=connections, max_retries=0)
        self.mount("https://", adapter)
        self.mount("http://", adapter)

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> Any:
        kwargs.setdefault("timeout", self._timeout)
        kwargs["allow_redirects"] = False
        response = super().request(method, self._ours(str(url)), *args, **kwargs)
        if response.status_code >= 300:
            # The library's own errors lose Retry-After, and a 401 with another body than it expects
            # becomes KeyError or JSONDecodeError. So its error handling is never reached.
            raise _Refused(response)
        return _strict(response)

    def _ours(self, url: str) -> str:
        """The library keeps only host and port of the instance URL and forces https."""
        if url.startswith(f"{self.base_url}/"):
            return url
        parts = urlsplit(url)
        return self.base_url + parts.path + (f"?{parts.query}" if parts.query else "")


class SalesforceTransport:
    def __init__(
        self, settings: Salesforce, timeout_seconds: float, cooldown: Cooldown | None = None
    ) -> None:
        self._settings, self._cooldown = settings, cooldown
        self._session = GuardedSession(settings.instance_url, settings.threads, timeout_seconds)
        self._threads = ThreadPoolExecutor(settings.threads, thread_name_prefix="salesforce")
        self._token: str | None = None
        self._signing_in = threading.Lock()

    async def aclose(self) -> None:
        await asyncio.to_thread(self._threads.shutdown, cancel_futures=True)
        self._session.close()

    async def run(self, call: Call, work: Callable[[Org], T]) -> T:
        """Do `work` in a thread. It is done again once where the token has expired."""
        loop = asyncio.get_running_loop()
        return await through(
            self._cooldown, lambda: loop.run_in_executor(self._threads, self._run, call, work)
        )

    def _run(self, call: Call, work: Callable[[Org], T]) -> T:
        token = self._sign_in(stale=None)
        with self._errors_of(call):
            try:
                return work(self._org(token, call))
            except _Refused as refusal:
                if refusal.response.status_code != requests.codes.unauthorized:
                    raise
        token = self._sign_in(stale=token)
        with self._errors_of(call):
            return work(self._org(token, call))

    def _org(self, token: str, call: Call) -> Org:
        return Org(self._library(token), call, self._error_for)

    def _library(self, token: str) -> Library:
        """With a token given, the library never signs in by itself: it would do so without end
        where a new token is refused, too, and would drop headers from the repeated request."""
        return Library(
            session_id=token,
            instance_url=self._session.base_url,
            version=self._settings.api_version,
            session=self._session,
        )

    def _sign_in(self, stale: str | None) -> str:
        """The token at hand, or a new one in the place of `stale`. One thread fetches, others wait."""
        with self._signing_in:
            if self._token == stale:
                self._token = None  # also where no new one is had now
            if self._token is None:
                self._token = self._fetch_token()
            return self._token

    def _fetch_token(self) -> str:
        call = Call("salesforce", "sign in to Salesforce")
        secret = self._settings.client_secret.get_secret_value()
        with self._errors_of(call, signing_in=True):
            response = self._session.post(
                f"{self._session.base_url}/services/oauth2/token",
                data={"grant_type": "client_credentials"},
                auth=(self._settings.client_id, secret),
            )
            return parsed(call, _Token, response.json()).access_token

    @contextmanager
    def _errors_of(self, call: Call, *, signing_in: bool = False) -> Iterator[None]:
        # `from None`: the library's texts hold URLs with SOQL, and so e-mail addresses.
        try:
            yield
        except _Refused as refusal:
            raise self._error_for(call, refusal.response, signing_in) from None
        except (requests.exceptions.JSONDecodeError, RecursionError):
            raise unclear(call, "the answer is no JSON") from None
        except requests.RequestException as error:
            said = unanswered(error, self._session.base_url)
            raise unclear(call, said, left=_left(error)) from None

    def _error_for(
        self, call: Call, response: requests.Response, signing_in: bool = False
    ) -> IntegrationError:
        said = said_by(response)
        if signing_in:
            return sign_in_error(call, said)
        if self._lost_a_race(said):
            return unclear(call, said.detail, left=False)
        return error_of(call, said)

    def _lost_a_race(self, said: Said) -> bool:
        """Of two simultaneous upserts of a new key one gets this; the next try updates."""
        keys = (self._settings.task_key_field, self._settings.opportunity_key_field)
        return said.code == "DUPLICATE_VALUE" and any(key in said.text for key in keys)


def _unchanged(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _left(error: requests.RequestException) -> bool:
    """Whether the request may have reached Salesforce."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return not isinstance(reason, (NewConnectionError, ConnectTimeoutError))


def api_name(text: str) -> str:
    """Names of fields and objects cannot be quoted in SOQL."""
    if not NAME.fullmatch(text):
        raise Rejected("salesforce", f"{text!r} is no API name of a Salesforce field or object.")
    return text


def json_value(value: Any) -> Any:
    """The library takes neither Decimal nor dates."""
    if isinstance(value, Decimal):
        return float(value)  # Salesforce keeps every number as a double, too
    return value.isoformat() if isinstance(value, date) else value
