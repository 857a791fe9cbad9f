"""Addresses that can be called."""

from urllib.parse import urlsplit

HOST_AND_PORT = "must name a host, and a port from 1 to 65535 or none, as in http://127.0.0.1:8080"


def has_host_and_port(url: str) -> bool:
    """No library can call another, and each raises an error of its own for it."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
