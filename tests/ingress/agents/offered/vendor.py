"""ChartMogul, whose every text is somebody's: a text of the list in each row, and in each field of it that
strangers write. The simulator refuses most of them, as ChartMogul does today; older rows have them."""

import json
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Row = dict[str, Any]
DATE = "2026-03-%02dT10:00:%02d+00:00"


def uuid_of(number: int) -> str:
    return f"cus_00000000-0000-4000-a000-{number:012d}"


class Vendor:
    """Customer n has the n-th text, and so has all that is theirs."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = texts

    def answer(self, path: str, query: dict[str, str]) -> Row:
        if (of := re.fullmatch(r"/customers/cus_[0-9a-f-]+(\d{12})(/\w+)?", path)) is not None:
            return self._of_customer(int(of[1]), of[2])
        lists = {
            "/customers": self._customers,
            "/activities": self._activities,
            "/invoices": self._invoices,
            "/subscription_events": self._events,
        }
        if path in lists:
            return lists[path](query)
        if path == "/account":
            return {"name": "Acme", "currency": "USD", "time_zone": "Europe/Berlin"}
        return {"entries": [{"date": "2026-03-31", "mrr": 1, "arr": 12}], "summary": {"current": 1}}

    def _of_customer(self, number: int, what: str | None) -> Row:
        if what is None:
            return self.customer(number)
        return _list([self.subscription(number) if what == "/subscriptions" else self.movement(number)])

    def _activities(self, query: dict[str, str]) -> Row:
        kind = {"type": query.get("type", "churn")}
        return _list([self.movement(number) | kind for number in range(len(self._texts))])

    def _invoices(self, query: dict[str, str]) -> Row:
        return {"invoices": [self.invoice(int(query["customer_uuid"][-12:]))], "has_more": False}

    def _events(self, query: dict[str, str]) -> Row:
        planned = query["event_type"] == "subscription_cancellation_scheduled"
        numbers = range(len(self._texts)) if planned else ()
        return {"subscription_events": [self.event(number) for number in numbers], "has_more": False}

    def _customers(self, query: dict[str, str]) -> Row:
        size, start = int(query.get("per_page", "200")), int(query.get("cursor", "0"))
        if query.get("status", "Active") != "Active":
            return _list([])
        numbers = range(len(self._texts))[start : start + size]
        more = start + size < len(self._texts)
        return _list([self.customer(each) for each in numbers]) | {
            "has_more": more,
            "cursor": str(start + size),
        }

    def customer(self, number: int) -> Row:
        text = self._texts[number]
        named = ("name", "company", "email", "owner", "city", "external_id")
        return dict.fromkeys(named, text) | {
            "uuid": uuid_of(number),
            "external_ids": [text],
            "status": "Active",
            "mrr": 100,
            "customer-since": DATE % (1, 0),
            "attributes": {"tags": [text, f"{text} too"], "custom": {"reason": text, text: text, "seats": 3}},
        }

    def subscription(self, number: int) -> Row:
        text = self._texts[number]
        return {"uuid": f"s{number}", "external_id": text, "plan": text, "status": "active", "mrr": 100,
                "billing-cycle": "month", "start-date": DATE % (1, 0)}  # fmt: skip

    def movement(self, number: int) -> Row:
        named = ("description", "customer-name", "customer-external-id", "subscription-external-id",
                 "plan-external-id")  # fmt: skip
        return dict.fromkeys(named, self._texts[number]) | {
            "date": DATE % (2 + number // 60, number % 60),
            "type": "churn",
            "activity-mrr-movement": -100 - number,
            "activity-mrr": 0,
            "currency": "USD",
            "customer-uuid": uuid_of(number),
            "uuid": f"m{number}",
        }

    def invoice(self, number: int) -> Row:
        return {"uuid": f"inv_{number}", "external_id": self._texts[number], "date": DATE % (1, 0),
                "currency": "USD", "status": "paid", "line_items": [{"amount_in_cents": 100}]}  # fmt: skip

    def event(self, number: int) -> Row:
        named = ("customer_external_id", "subscription_external_id", "event_type")
        dates = {"event_date": DATE % (1, 0), "effective_date": "2199-01-01T00:00:00Z"}
        return {"id": number} | dict.fromkeys(named, self._texts[number]) | dates


def _list(rows: list[Row]) -> Row:
    return {"entries": rows, "has_more": False, "cursor": None}


@contextmanager
def serving(texts: Sequence[str]) -> Iterator[str]:
    """Its URL."""
    vendor = Vendor(texts)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # headers and body in one packet: the second would wait for the first's receipt

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            body = json.dumps(vendor.answer(parts.path, query)).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
