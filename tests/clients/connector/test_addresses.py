"""No connector reaches this network, however an address is written, and whatever a name answers."""

import os
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from clients.connector.addresses import CheckedResolver, Forbidden, Gate
from clients.connector.client import ConnectorClient
from clients.connector.requests import Request
from clients.kit.errors import IntegrationError, Rejected
from clients.kit.http import Call
from models.connectors import Connector, Operation
from tests.contracts.scripted import Reply, ScriptedServer

GET = Operation.model_validate({"method": "GET", "path": "/"})

HOSTS = [
    # this machine
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "localhost", "LOCALHOST", "localhost.",
    "a.localhost", "0.0.0.0", "0",
    # the same in other spellings
    "2130706433", "017700000001", "0x7f000001", "0x7f.0.0.1", "0x7f.1", "0177.0.0.1", "0177.0.0.01",
    "127.0.0.01", "127.0.0.1.", "００.0.0.1", "①②⑦.⓪.⓪.①",
    # private networks, carriers' and benchmarks'
    "10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1", "198.18.0.1",
    # links, clouds' metadata, in other spellings, too
    "169.254.0.1", "169.254.169.254", "2852039166", "0xa9fea9fe", "0xa9.0xfe.0xa9.0xfe",
    "0251.0376.0251.0376", "168.63.129.16", "100.100.100.200", "192.0.0.192",
    # nobody's, everybody's
    "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.51.100.7",
    "203.0.113.9", "192.88.99.1",
    # IPv6
    "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[fe80::1]", "[fe80::1%25lo]", "[fc00::1]", "[fd00:ec2::254]",
    "[fec0::1]", "[ff02::1]", "[2001:db8::1]", "[100::1]", "[3fff::1]",
    # IPv4 within IPv6
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:a9fe:a9fe]", "[::127.0.0.1]", "[::7f00:1]",
    "[64:ff9b::7f00:1]", "[64:ff9b::169.254.169.254]", "[64:ff9b:1::a00:1]", "[2002:7f00:1::]",
    "[2001:0:7f00:1::]",
]  # fmt: skip

URLS = [
    # who is meant by such an address differs from library to library
    "http://api.example.com@127.0.0.1:{port}/",
    "http://127.0.0.1:{port}#@api.example.com/",
    "http://127.0.0.1:{port}\\@api.example.com/",
    "http://api.example.com\\@127.0.0.1:{port}/",
    "http://user:secret@127.0.0.1:{port}/",
    "http://%31%32%37.0.0.1:{port}/",
    "http://127.0.0.1%00.example.com:{port}/",
    "http://127.0.0.1:{port}/",
    "http:///127.0.0.1:{port}/",
    "//127.0.0.1:{port}/",
    "ftp://127.0.0.1:{port}/",
    "file:///etc/passwd",
    "gopher://127.0.0.1:{port}/_",
    "unix:///var/run/docker.sock",
    "https://127.0.0.1:{port}/",
]


def connector(tmp_path: Path, base_url: str, *allowed: str) -> ConnectorClient:
    given = Connector.model_validate(
        {"base_url": base_url, "operations": {"get": GET.model_dump(by_alias=True)}}
    )
    return ConnectorClient("probe", given, os.environ, Gate(allowed), tmp_path)


async def refused(client: ConnectorClient, url: str) -> IntegrationError:
    try:
        with pytest.raises(IntegrationError) as caught:
            await client.ask(Call("probe", "look"), GET, Request("GET", url, {}))
        return caught.value
    finally:
        await client.aclose()


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_no_spelling_of_an_address_leads_inside(tmp_path: Path, host: str, scheme: str) -> None:
    with ScriptedServer() as server:
        error = await refused(
            connector(tmp_path, "https://api.example.com"), f"{scheme}://{host}:{server.server_port}/"
        )
        assert isinstance(error, Rejected), error
        assert server.connections == 0


@pytest.mark.parametrize("url", URLS)
async def test_no_trick_with_an_address_leads_inside(tmp_path: Path, url: str) -> None:
    with ScriptedServer() as server:
        client = connector(tmp_path, "https://api.example.com")
        error = await refused(client, url.format(port=server.server_port))
        assert isinstance(error, Rejected), error
        assert server.connections == 0


def names(monkeypatch: pytest.MonkeyPatch, *answers: Sequence[str]) -> list[str]:
    """What the system's resolver says of any name, one time after the other; the last one for ever."""
    left: list[Sequence[str]] = list(answers)
    asked: list[str] = []

    def getaddrinfo(host: Any, port: Any, *_: Any, **__: Any) -> list[Any]:
        asked.append(str(host))
        found = left.pop(0) if len(left) > 1 else left[0]
        kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in found]
        return [
            (kind, socket.SOCK_STREAM, 6, "", (each, port)) for kind, each in zip(kinds, found, strict=True)
        ]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "found",
    [
        ["127.0.0.1"], ["10.1.2.3"], ["169.254.169.254"], ["::1"], ["::ffff:127.0.0.1"],
        ["8.8.8.8", "127.0.0.1"], ["127.0.0.1", "8.8.8.8"], ["2606:4700::1111", "fd00::1"],
    ],
)  # fmt: skip
async def test_a_name_of_any_inner_address_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, found: list[str]
) -> None:
    names(monkeypatch, found)
    error = await refused(connector(tmp_path, "https://api.example.com"), "https://api.example.com/")
    assert isinstance(error, Rejected)
    assert "not on the public internet" in str(error)
    assert found[0] not in str(error)


async def test_a_name_is_asked_once_for_each_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS rebinding: what it answers when it is looked at, and what it would answer right after."""
    asked = names(monkeypatch, ["127.0.0.1"], ["8.8.8.8"])
    resolver = CheckedResolver(Gate())
    with pytest.raises(Forbidden):
        await resolver.resolve("rebinds.example.com", 443)
    names(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    [found] = await resolver.resolve("rebinds.example.com", 443)
    assert found["host"] == "8.8.8.8"  # what is connected to, without another question
    assert asked == ["rebinds.example.com"]
    with pytest.raises(Forbidden):
        await resolver.resolve("rebinds.example.com", 443)


async def test_a_kept_name_that_came_to_mean_this_machine_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ScriptedServer() as server:
        url = f"http://tools.example.com:{server.server_port}/"
        names(monkeypatch, ["127.0.0.1"])
        client = connector(tmp_path, url, "other.example.com")
        assert isinstance(await refused(client, url), Rejected)
        assert server.connections == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
async def test_what_the_settings_allow_is_reached_and_nothing_beside_it(tmp_path: Path, host: str) -> None:
    with ScriptedServer(Reply()) as server:
        url = f"http://{host}:{server.server_port}/"
        client = connector(tmp_path, url, host)
        answer, now = await client.ask(Call("probe", "look"), GET, Request("GET", url, {}))
        assert (answer.status, now) == (200, True)
        assert server.connections == 1
        other = {"127.0.0.1": "localhost", "localhost": "127.0.0.2"}[host]
        error = await refused(client, f"http://{other}:{server.server_port}/")
        assert isinstance(error, Rejected)
        assert server.connections == 1


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    with ScriptedServer() as inner:
        away = Reply({}, 302, {"Location": f"{inner.url}/secret"})
        with ScriptedServer(away) as server:
            client = connector(tmp_path, server.url, "127.0.0.1")
            await refused(client, f"{server.url}/")
        assert inner.connections == 0
