"""Why no answer came, in words. Each library wraps the operating system's errors in classes of its own: what
is looked for are the standard library's, wherever they are in the chain."""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from clients.kit.http import proxy_for

HUNG_UP = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
TLS_ENDED = (ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""The other side ended it: as passing as a connection that is reset."""

DEEPEST = 20
"""Errors of one chain that are looked at."""

THE_PROXY = "the proxy"
UNREADABLE = "the address, or the proxy's, has a host or a port that cannot be read"

_REFUSED_TUNNEL = re.compile(r"Tunnel connection failed: (\d{3})\b")
_STATUS = re.compile(r"(\d{3})\b")


def unanswered(error: BaseException, url: str) -> str:
    """`nothing answers at http://127.0.0.1:9`. `url` is what was called: of it scheme, host and port are
    told, and where a proxy is used, its host and port instead. Nothing of the library's own text, which may
    quote what was sent."""
    try:
        where, host, tls = _place(url)
    except ValueError:
        return UNREADABLE
    for each in _chain(error):
        if said := _words(each, where, host):
            return said
    if any("SSL" in type(each).__name__ or "Certificate" in type(each).__name__ for each in _chain(error)):
        return f"{where} does not speak TLS as it should: check https or http, and the port"
    if any("InvalidU" in type(each).__name__ for each in _chain(error)):
        return UNREADABLE
    if any("Timeout" in type(each).__name__ for each in _chain(error)):
        return f"{where} did not answer in time"
    return f"{where} hung up without an answer" + (": does it speak TLS?" if tls else "")


def _words(error: BaseException, where: str, host: str) -> str | None:
    if status := _status_of_proxy(error):
        return _refused(status, where)
    if isinstance(error, socket.gaierror):
        return f"there is no host {host}, or no network to ask: nothing answers at {where}"
    return _of_tls(error, where) if isinstance(error, ssl.SSLError) else _of_network(error, where)


def _of_tls(error: ssl.SSLError, where: str) -> str:
    if isinstance(error, TLS_ENDED):
        return f"{where} hung up without an answer"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {where} is not trusted ({error.verify_message})"
    return f"{where} does not speak TLS as it should: check https or http, and the port"


def _of_network(error: BaseException, where: str) -> str | None:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.ECONNREFUSED:
        return f"nothing answers at {where}"
    if number in NO_WAY:
        return f"no network leads to {where}: nothing answers"
    if number in HUNG_UP:
        return f"{where} hung up without an answer"
    return f"{where} did not answer in time" if isinstance(error, TimeoutError) else None


def _status_of_proxy(error: BaseException) -> int | None:
    """What a proxy answered that was asked for a tunnel: aiohttp has it in `status`, httpx begins its text
    with it, and of the standard library's error the text alone tells."""
    named = "ProxyError" in type(error).__name__
    if named and isinstance(status := getattr(error, "status", None), int):
        return status
    text = next((each for each in error.args if isinstance(each, str)), "")
    found = (_STATUS if named else _REFUSED_TUNNEL).match(text)
    return int(found[1]) if found else None


def _refused(status: int, where: str) -> str:
    proxy = where if where.startswith(THE_PROXY) else THE_PROXY
    if status >= 500:
        return f"{proxy} gets no connection ({status})"
    check = "user and password" if status == 407 else "rules"
    return f"{proxy} refused ({status}): check its {check}"


def _place(url: str) -> tuple[str, str, bool]:
    """Without path, query and credentials. Raises ValueError."""
    proxy = proxy_for(url)
    parts = urlsplit(proxy or url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    port = f":{parts.port}" if parts.port else ""
    place = f"{parts.scheme}://{host}{port}"
    return f"{THE_PROXY} {place}" if proxy else place, host, parts.scheme == "https"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came of, the outermost first, as far as DEEPEST; urllib3 and requests keep it in
    `reason` and in `args`."""
    seen: list[BaseException] = [error]
    for each in seen:
        yield each
        for inner in (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args):
            if len(seen) < DEEPEST and isinstance(inner, BaseException) and inner not in seen:
                seen.append(inner)
