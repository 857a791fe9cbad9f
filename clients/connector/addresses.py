"""Which addresses a connector may reach: those of the public internet, and what the settings allow by name.

A connector's file is written by people who may not read this network, and parts of an address may come from a
vendor's answer. So each name is resolved once, each address that it has is looked at, and the connection goes
to those that were looked at: a name that answers otherwise the next time (DNS rebinding) is looked at again.
"""

import asyncio
import socket
from collections.abc import Collection, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address

NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
"""The last four bytes are an address of IPv4."""

METADATA = (ip_address("168.63.129.16"), ip_address("fd00:ec2::254"), ip_address("100.100.100.200"))
"""Of clouds, beside 169.254.169.254: the first is of the public range."""

RESERVED = tuple(
    map(
        ip_network,
        ("192.0.0.0/24", "192.88.99.0/24", "fec0::/10", "5f00::/16", "3fff::/20", "2001::/23", "2002::/16"),
    )
)
"""For documentation, tunnels and routing, where Python counts them as global."""


class Forbidden(Exception):
    """The message names the host, and not what it has resolved to: that would map a network for who writes
    connectors."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"{host} is not on the public internet. If a connector is meant to reach it, name it in"
            " CONNECTOR__ALLOWED_HOSTS"
        )


def is_public(address: Address) -> bool:
    """Also by the address of IPv4 that one of IPv6 stands for."""
    if inner := _embedded(address):
        return is_public(inner)
    if address in METADATA or any(
        address in network for network in RESERVED if network.version == address.version
    ):
        return False
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )


def _embedded(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if any(address in network for network in NAT64):
        return IPv4Address(address.packed[-4:])
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour


def literal(host: str) -> Address | None:
    """The address that a host is, written in the one usual way; None for a name. Raises Forbidden for other
    ways to write one, such as `0x7f.1`, `2130706433` and `0177.0.0.1`, which libraries read differently, and
    for this machine's own name."""
    bare = host.strip("[]").partition("%")[0]
    try:
        return ip_address(bare)
    except ValueError:
        pass
    last = host.rstrip(".").rpartition(".")[2].lower()
    is_number = last.isdigit() or last.startswith("0x")
    if ":" in host or is_number or last == "localhost" or not host.isascii():
        raise Forbidden(host)
    return None


class Gate:
    """`allowed` are hosts that may be reached wherever they are: names, or addresses as they stand in the
    connector's file."""

    def __init__(self, allowed: Collection[str] = ()) -> None:
        self._allowed = {each.lower().strip("[]") for each in allowed}
        self._let_in: set[str] = set()
        """What allowed names have resolved to."""

    def is_allowed(self, host: str) -> bool:
        return host.lower().rstrip(".").strip("[]") in self._allowed

    def check(self, host: str, addresses: Sequence[str]) -> None:
        """Raises Forbidden where any of them is not public: a name with one of each kind is not meant."""
        if self.is_allowed(host):
            self._let_in.update(addresses)
        elif not all(is_public(ip_address(_bare(each))) for each in addresses):
            raise Forbidden(host)

    def check_host(self, host: str) -> None:
        """Of an address that is written as one; a name is looked at when it is resolved. Raises Forbidden."""
        if not self.is_allowed(host) and (address := literal(host)) and not is_public(address):
            raise Forbidden(host)

    def is_reachable(self, address: str) -> bool:
        """Of the very address of a connection."""
        return address in self._let_in or self.is_allowed(address) or is_public(ip_address(_bare(address)))


def _bare(address: str) -> str:
    """Without the zone of a link: `fe80::1%eth0`."""
    return address.partition("%")[0]


class CheckedResolver(AbstractResolver):
    """aiohttp connects to what this returns, and asks nobody else."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Raises OSError where the name is not known, and Forbidden."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, family=family, type=socket.SOCK_STREAM)
        addresses: list[Any] = [(kind, proto, place[0]) for kind, _, proto, _, place in found]
        self._gate.check(host, [address for *_, address in addresses])
        return [
            ResolveResult(
                hostname=host, host=address, port=port, family=kind, proto=proto, flags=socket.AI_NUMERICHOST
            )
            for kind, proto, address in addresses
        ]

    async def close(self) -> None:
        """Nothing is held."""
