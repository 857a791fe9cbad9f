"""Why no answer came, in words. Each library wraps the operating system's errors in classes of its own: what
is looked for are the standard library's, wherever they are in the chain."""

import errno
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from clients.http import proxy_for

HUNG_UP = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}
NO_WAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}
DEEPEST = 20


def unanswered(error: BaseException, url: str) -> str:
    """`nothing answers at http://127.0.0.1:9`. `url` is what was called: of it scheme, host and port are
    told, and where a proxy is used, its host and port instead. Nothing of the library's own text, which may
    quote what was sent."""
    where, host, tls = _place(url)
    for each in _chain(error):
        if said := _words(each, where, host):
            return said
    if any("SSL" in type(each).__name__ or "Certificate" in type(each).__name__ for each in _chain(error)):
        return f"{where} does not speak TLS as it should: check https or http, and the port"
    if any("Timeout" in type(each).__name__ for each in _chain(error)):
        return f"{where} did not answer in time"
    return f"{where} hung up without an answer" + (": does it speak TLS?" if tls else "")


def _words(error: BaseException, where: str, host: str) -> str | None:
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, socket.gaierror):
        return f"there is no host {host}, or no network to ask: nothing answers at {where}"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate of {where} is not trusted ({error.verify_message})"
    if isinstance(error, ssl.SSLError):
        return f"{where} does not speak TLS as it should: check https or http, and the port"
    if number == errno.ECONNREFUSED:
        return f"nothing answers at {where}"
    if number in NO_WAY:
        return f"no network leads to {where}: nothing answers"
    if number in HUNG_UP:
        return f"{where} hung up without an answer"
    return f"{where} did not answer in time" if isinstance(error, TimeoutError) else None


def _place(url: str) -> tuple[str, str, bool]:
    """Without path, query and credentials."""
    proxy = proxy_for(url)
    parts = urlsplit(proxy or url)
    name = parts.hostname or ""
    host = f"[{name}]" if ":" in name else name
    port = f":{parts.port}" if parts.port else ""
    place = f"{parts.scheme}://{host}{port}"
    return f"the proxy {place}" if proxy else place, host, parts.scheme == "https"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and all that it came of, the outermost first; urllib3 and requests keep it in `reason` and
    in `args`."""
    seen: list[BaseException] = [error]
    for each in seen:
        yield each
        inner = (each.__cause__, each.__context__, getattr(each, "reason", None), *each.args)
        seen += [one for one in inner if isinstance(one, BaseException) and one not in seen][:DEEPEST]
