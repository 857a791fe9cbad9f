"""A plain HTTP client for the vendors' APIs, and a receiver of webhooks that answers as told."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import httpx
import pytest

from simulators.kit.control import NO_CERTIFICATES, Control
from simulators.kit.shapes import (
    CHARTMOGUL_KEY,
    HUBSPOT_TOKEN,
    SALESFORCE_CLIENT_ID,
    SALESFORCE_CLIENT_SECRET,
    SLACK_TOKEN,
)


@pytest.fixture
def simulators(simulators: Control) -> Control:
    """With the customers that these tests know by name."""
    simulators.reset(seed=7)
    return simulators


@pytest.fixture
def http(simulators: Control) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulators.url, trust_env=False, timeout=60, verify=NO_CERTIFICATES) as client:
        yield client


@pytest.fixture
def chartmogul(simulators: Control) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=simulators.chartmogul_url,
        auth=(CHARTMOGUL_KEY, ""),
        trust_env=False,
        timeout=60,
        verify=NO_CERTIFICATES,
    ) as client:
        yield client


@pytest.fixture
def salesforce(simulators: Control, http: httpx.Client) -> Iterator[httpx.Client]:
    answer = http.post(
        "/salesforce/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(SALESFORCE_CLIENT_ID, SALESFORCE_CLIENT_SECRET),
    ).json()
    with httpx.Client(
        base_url=f"{answer['instance_url']}/services/data/v62.0",
        headers={"authorization": f"Bearer {answer['access_token']}"},
        trust_env=False,
        timeout=60,
        verify=NO_CERTIFICATES,
    ) as client:
        yield client


@pytest.fixture
def slack(simulators: Control) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {SLACK_TOKEN}"}
    with httpx.Client(
        base_url=simulators.slack_url, headers=headers, trust_env=False, timeout=60, verify=NO_CERTIFICATES
    ) as client:
        yield client


@pytest.fixture
def hubspot(simulators: Control) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {HUBSPOT_TOKEN}"}
    base_url = f"{simulators.hubspot_url}/crm"
    with httpx.Client(
        base_url=base_url, headers=headers, trust_env=False, timeout=60, verify=NO_CERTIFICATES
    ) as client:
        yield client


class Receiver:
    """Keeps what it is sent. `statuses` are its next answers; after them it says 200."""

    def __init__(self) -> None:
        self.bodies: list[Any] = []
        self.statuses: list[int] = []
        self.url = ""

    def take(self, body: bytes) -> int:
        self.bodies.append(json.loads(body))
        return self.statuses.pop(0) if self.statuses else 200


@pytest.fixture
def receiver(simulators: Control) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(receiver.take(body))
            self.send_header("content-length", "15")
            self.end_headers()
            self.wfile.write(b'{"taken": true}')

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        simulators.webhook(url=receiver.url, retry_base_seconds=0.0)
        yield receiver
        server.shutdown()
    simulators.webhook(url=None)


def entries(chartmogul: httpx.Client, path: str, **query: Any) -> list[dict[str, Any]]:
    """All pages."""
    found: list[dict[str, Any]] = []
    while True:
        page = chartmogul.get(path, params=query).json()
        found += page["entries"]
        if not page["has_more"]:
            return found
        query["cursor"] = page["cursor"]
