"""ChartMogul's list of movements from memory, as fast as pages can be sent: what readers are measured by.

A process of its own on the standard library, so that nothing of it runs in a reader's time. It knows the
list's parameters of all readers: windows by date, the cursor, and the old `start-after`.
"""

import argparse
import json
import random
import time
from array import array
from collections import deque
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from urllib.parse import parse_qs, urlsplit

STEP = timedelta(minutes=1)
CUSTOMERS = 50_000
MOST = 200
SEED = 7

TYPES = ("new_biz", "expansion", "contraction", "churn", "reactivation")
ROW = (
    '{"uuid":"7d1f6a52-0c3e-4b8a-9e4d-%012x","date":"%s","type":"%s","description":"%s",'
    '"activity-mrr-movement":%d,"activity-mrr":%d,"activity-arr":%d,"currency":"USD",'
    '"customer-name":"Customer %d Ltd","customer-uuid":"cus_%032x","customer-external-id":"customer-%d",'
    '"subscription-external-id":"subscription-%d","subscription-set-external-id":"set-%d",'
    '"plan-external-id":"plan-%d","billing-connector-uuid":"ds_2f4b6c1e-9a7d-11ee-8c90-0242ac120002"}'
)
OTHERS = {
    "/v1/account": {"id": "acc_1", "name": "Benchmark", "currency": "USD", "time_zone": "Etc/UTC"},
    "/v1/metrics/all": {"entries": []},
    "/v1/metrics/mrr": {"entries": []},
    "/v1/plans": {"plans": [], "has_more": False, "cursor": None},
}
"""What an export asks beside movements."""


class Pages:
    """Rows rendered once, side by side; a page is a slice. One a minute, the last one at midnight."""

    def __init__(self, count: int) -> None:
        self.count = count
        midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self._first_date = midnight - (count - 1) * STEP
        rows = _rendered(count, self._first_date)
        self._ends = array("Q", [0])
        for row in rows:
            self._ends.append(self._ends[-1] + len(row) + 1)
        self._text = memoryview(",".join(rows).encode())

    def page(self, query: dict[str, str]) -> list[bytes | memoryview]:
        first = min(max(self._first(query), 0), self.count)
        end = self.count
        if "end-date" in query:  # inclusive
            end = min(end, (_instant(query["end-date"]) - self._first_date) // STEP + 1)
        last = max(min(first + int(query.get("per_page", MOST)), end), first)
        rows = self._text[self._ends[first] : max(self._ends[last] - 1, self._ends[first])]
        more = "true" if last < end else "false"
        return [b'{"entries":[', rows, f'],"has_more":{more},"cursor":"{last}"}}'.encode()]

    def _first(self, query: dict[str, str]) -> int:
        if cursor := query.get("cursor"):
            return int(cursor)
        if after := query.get("start-after"):
            return int(after[-12:], 16) + 1
        if "start-date" in query:
            return -((self._first_date - _instant(query["start-date"])) // STEP)
        return 0


class Ceiling:
    """Refuses what exceeds so many calls within any second, as ChartMogul does; 0 is none."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._begun: deque[float] = deque()
        self._lock = Lock()
        self.calls = self.refused = 0

    def refuses(self) -> bool:
        with self._lock:
            now = time.monotonic()
            self.calls += 1
            self._begun.append(now)
            while self._begun[0] <= now - 1:
                self._begun.popleft()
            over = 0 < self._per_second < len(self._begun)
            self.refused += over
            return over


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, port: int, pages: Pages, ceiling: Ceiling, delay_seconds: float) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.pages, self.ceiling, self.delay_seconds = pages, ceiling, delay_seconds


class Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 20
    """Headers and body leave together."""

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/v1/activities":
            self._list({name: values[-1] for name, values in parse_qs(url.query).items()})
        elif url.path == "/calls":
            told = {"calls": self.server.ceiling.calls, "refused": self.server.ceiling.refused}
            self._answer(200, [json.dumps(told).encode()])
        elif url.path in OTHERS:
            self._answer(200, [json.dumps(OTHERS[url.path]).encode()])
        else:
            self._answer(404, [b'{"message":"not here"}'])

    def _list(self, query: dict[str, str]) -> None:
        if self.server.ceiling.refuses():
            self._answer(429, [b'{"message":"too many requests"}'])
            return
        time.sleep(self.server.delay_seconds)
        self._answer(200, self.server.pages.page(query))

    def _answer(self, status: int, parts: list[bytes | memoryview]) -> None:
        self.send_response_only(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(sum(map(len, parts))))
        self.end_headers()
        for part in parts:
            self.wfile.write(part)


def _rendered(count: int, first: datetime) -> list[str]:
    chance = random.Random(SEED)
    return [_row(number, first + number * STEP, chance.randrange(1_000, 50_000)) for number in range(count)]


def _row(number: int, at: datetime, cents: int) -> str:
    customer, kind = number % CUSTOMERS, TYPES[number % len(TYPES)]
    moved = -cents if kind in ("churn", "contraction") else cents
    after = 0 if kind == "churn" else cents
    said = f"purchased the Team Monthly plan, quantity {cents % 90 + 10}"
    return ROW % (
        *(number, at.isoformat(), kind, said, moved, after, after * 12),
        *(customer, customer, customer, customer, customer, cents % 12),
    )


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--rows", type=int, required=True)
    parser.add_argument("--delay-ms", type=float, default=0)
    parser.add_argument("--per-second", type=int, default=0)
    given = parser.parse_args()
    pages, ceiling = Pages(given.rows), Ceiling(given.per_second)
    Server(given.port, pages, ceiling, given.delay_ms / 1000).serve_forever()
