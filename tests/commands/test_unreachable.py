"""Commands that ask a system themselves, of one that does not answer: they say where, and what then."""

import gc
import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from typer.testing import CliRunner

from cli import app
from commands.terminal import NOT_ASKED
from local.processes import free_ports
from local.stack import EXAMPLE_CONFIG
from tests.contracts.scripted import Reply, ScriptedServer

ADDRESSES = {
    "CHARTMOGUL__DEFAULT__BASE_URL": "{url}/v1",
    "HUBSPOT__BASE_URL": "{url}",
    "SALESFORCE__INSTANCE_URL": "{url}",
    "SLACK__BASE_URL": "{url}/api/",
    "INGRESS_URL": "{url}",
}
COMMANDS = {
    "preview warehouse": "CHARTMOGUL__<ACCOUNT>__BASE_URL",
    "preview crm hubspot": "CHARTMOGUL__<ACCOUNT>__BASE_URL",
    "preview crm salesforce --customer cus_1": "CHARTMOGUL__<ACCOUNT>__BASE_URL",
    "crm prepare hubspot": "HUBSPOT__BASE_URL",
    "crm prepare salesforce": "SALESFORCE__INSTANCE_URL",
    "send {file}": "INGRESS_URL",
}
CLASS_NAME = re.compile(r"\b[A-Z]\w+(Error|Exception|Timeout)\b|\b(NotFound|Unauthorized|Traceback)\b")
POSTGRES = {"WAREHOUSE__ENGINE": "postgres", "WAREHOUSE__DSN": "postgresql://{host}:{port}/d"}
REDSHIFT = {"WAREHOUSE__ENGINE": "redshift", "WAREHOUSE__DSN": "postgresql://{host}:{port}/d"}


PLANS = "  - stream: plans\n"


def one_stream() -> str:
    """Of the mapping that ships, whose twenty streams take longer to read than the command does all else."""
    whole = (EXAMPLE_CONFIG / "warehouse.yaml").read_text(encoding="utf-8")
    return f"streams:\n{PLANS}{whole.split(PLANS)[1].partition('  - stream:')[0]}"


class _Quiet(ScriptedServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that hangs up is not told on the terminal, where the command's words are looked at."""


class _Says(socketserver.BaseRequestHandler):
    """`answer` to whatever comes first, and no more."""

    answer: ClassVar[bytes] = b""

    def handle(self) -> None:
        self.request.recv(65_536)
        self.request.sendall(self.answer)


@contextmanager
def saying(words: bytes) -> Iterator[int]:
    """The port."""
    handler = type("Says", (_Says,), {"answer": words})
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield int(server.server_address[1])
        server.shutdown()
    gc.collect()  # where a caller's library leaves its end open, this test lets go of it, and no other


@pytest.fixture(autouse=True)
def connected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # where no `.env` of a user's lies
    (tmp_path / "event.json").write_text("{}")
    (tmp_path / "warehouse.yaml").write_text(one_stream())
    settings = {
        "COLUMNS": "400",
        "WAREHOUSE_FILE": "warehouse.yaml",
        "CHARTMOGUL__DEFAULT__API_KEY": "key",
        "CHARTMOGUL__DEFAULT__WEBHOOK_SECRETS": "a-secret-of-the-tests",
        "HUBSPOT__TOKEN": "token",
        "SALESFORCE__CLIENT_ID": "id",
        "SALESFORCE__CLIENT_SECRET": "secret",
        "SLACK__BOT_TOKEN": "xoxb-1",
        "WAREHOUSE__ENGINE": "duckdb",
        "WAREHOUSE__PATH": str(tmp_path / "warehouse.duckdb"),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def closed() -> int:
    return free_ports(0)[0]


@pytest.fixture
def plain() -> Iterator[ScriptedServer]:
    """Speaks HTTP without TLS, and takes no credential."""
    with _Quiet(Reply({"error": "no"}, 401)) as server:
        yield server


def said_of(command: str, monkeypatch: pytest.MonkeyPatch, url: str) -> str:
    for name, value in ADDRESSES.items():
        monkeypatch.setenv(name, value.format(url=url))
    return said(command)


def said(command: str, code: int = 1) -> str:
    result = CliRunner().invoke(app, command.format(file="event.json").split())
    assert result.exit_code == code, result.output
    assert isinstance(result.exception, SystemExit)
    text = f"{result.stdout}{result.stderr}"
    assert not CLASS_NAME.search(text), text
    return text


@pytest.mark.parametrize("command", COMMANDS)
def test_where_nothing_answers(command: str, monkeypatch: pytest.MonkeyPatch, closed: int) -> None:
    url = f"http://127.0.0.1:{closed}"
    text = said_of(command, monkeypatch, url)
    assert f"othing answers at {url}" in text
    assert COMMANDS[command] in text


@pytest.mark.parametrize("command", COMMANDS)
def test_where_there_is_no_such_host(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = said_of(command, monkeypatch, "http://no-such-host.invalid")
    assert "here is no host no-such-host.invalid" in text
    assert COMMANDS[command] in text


@pytest.mark.parametrize("command", COMMANDS)
def test_where_a_plain_port_is_asked_for_tls(
    command: str, monkeypatch: pytest.MonkeyPatch, plain: ScriptedServer
) -> None:
    url = plain.url.replace("http:", "https:")
    text = said_of(command, monkeypatch, url)
    assert f"{url} does not speak TLS as it should: check https or http, and the port" in text


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("command", COMMANDS)
def test_where_the_other_side_ends_tls(command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with saying(b"") as port:
        text = said_of(command, monkeypatch, f"https://127.0.0.1:{port}")
    assert f"https://127.0.0.1:{port} hung up without an answer" in text
    assert "as it should" not in text


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("407 Proxy Authentication Required", "refused (407): check its user and password"),
        ("403 Forbidden", "refused (403): check its rules"),
        ("502 Bad Gateway", "gets no connection (502)"),
    ],
)
def test_where_the_proxy_refuses(
    command: str, monkeypatch: pytest.MonkeyPatch, status: str, words: str
) -> None:
    answer = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with saying(answer.encode()) as port:
        for name in ("HTTPS_PROXY", "https_proxy"):
            monkeypatch.setenv(name, f"http://me:secret@127.0.0.1:{port}")
        text = said_of(command, monkeypatch, "https://api.example.invalid")
    assert f"the proxy http://127.0.0.1:{port} {words}" in text
    assert "secret" not in text


@pytest.mark.parametrize("port", ["abc", "99999", "0"])
def test_where_an_address_has_no_port_that_can_be(monkeypatch: pytest.MonkeyPatch, port: str) -> None:
    for name in ADDRESSES:
        monkeypatch.setenv(name, f"http://localhost:{port}")
    text = said("send event.json", NOT_ASKED)
    for name in ADDRESSES:
        assert f"{name}: must name a host, and a port from 1 to 65535 or none" in text


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("proxy", ["http://proxy:abc", "http://proxy:99999", "proxy:abc", "http://[::1"])
def test_where_a_proxy_has_no_port_that_can_be(
    command: str, monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("SALESFORCE__INSTANCE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    text = said(command, NOT_ASKED)
    assert "HTTPS_PROXY: must name a host, and a port from 1 to 65535 or none" in text
    assert proxy not in text


def test_where_the_ingress_listens_at_what_is_no_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE__INSTANCE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("INGRESS_HOST", "lo:cal")
    assert "a host or a port that cannot be read" in said("send event.json")


@pytest.mark.parametrize("command", COMMANDS)
def test_where_the_credential_is_refused(
    command: str, monkeypatch: pytest.MonkeyPatch, plain: ScriptedServer
) -> None:
    text = said_of(command, monkeypatch, plain.url)
    assert "401" in text


@pytest.mark.parametrize("tls", ["true", "false"])
def test_where_no_temporal_answers(
    monkeypatch: pytest.MonkeyPatch, plain: ScriptedServer, closed: int, tls: str
) -> None:
    monkeypatch.setenv("SALESFORCE__INSTANCE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("TEMPORAL_TLS", tls)
    for address, words in {
        f"127.0.0.1:{closed}": "Connection refused",
        "no-such-host.invalid:7233": "there is no such host",
        plain.url.removeprefix("http://"): "does not speak TLS" if tls == "true" else "is no Temporal",
    }.items():
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        text = said("runs", NOT_ASKED)
        assert f"Nothing answers at {address} (" in text
        assert words in text


@pytest.mark.parametrize("engine", [POSTGRES, REDSHIFT], ids=["postgres", "redshift"])
@pytest.mark.parametrize("host", ["127.0.0.1", "no-such-host.invalid"])
def test_where_the_warehouse_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, closed: int, engine: dict[str, str], host: str
) -> None:
    monkeypatch.delenv("WAREHOUSE__PATH")
    monkeypatch.setenv("SALESFORCE__INSTANCE_URL", "http://127.0.0.1:1")
    for name, value in engine.items():
        monkeypatch.setenv(name, value.format(host=host, port=closed))
    text = said("export history")
    place = f"nothing answers at {host}:{closed}" if host == "127.0.0.1" else f"there is no host {host}"
    assert place in text
    assert "correct WAREHOUSE__*" in text
