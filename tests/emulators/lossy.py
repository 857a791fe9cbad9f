"""A line that loses an answer: the request arrives and is carried out, and the client hears nothing."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

PIECE = 65_536

HTTP2 = b"PRI * HTTP/2.0"
"""How a client begins. By it a server acknowledges a request before it answers, and stops its work where the
line to it is cut: it is left to itself."""

SERVERS_TIME = 60.0
"""Seconds without a word from it."""


class LossyLine:
    """Passes bytes on to a port of 127.0.0.1, until `lose` names words: a request that has them is passed
    on as well, and once the server answers, the line is cut in the place of the answer; or stays open and
    silent, where the line is to hold. Where it was the `last` one, nobody answers there any more."""

    def __init__(self, port: int) -> None:
        self.lost = 0
        self._server_port = port
        self._words: bytes | None = None
        self.holds = self._last = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

    def lose(self, words: str, *, hold: bool = False, last: bool = False) -> None:
        self._words, self.holds, self._last = words.encode(), hold, last

    def serve(self) -> None:
        with suppress(OSError):  # closed
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._server_port))
                _Connection(self, client, server).start()

    def close(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def loses(self, sent: bytes) -> bool:
        if self._words is None or self._words not in sent:
            return False
        self._words, self.lost = None, self.lost + 1
        if self._last:
            self.close()
        return True


class _Connection:
    def __init__(self, line: LossyLine, client: socket.socket, server: socket.socket) -> None:
        self._line, self._client, self._server = line, client, server
        self._cut = self._http2 = False

    def start(self) -> None:
        for work in (self._requests, self._answers):
            threading.Thread(target=work, daemon=True).start()

    def _requests(self) -> None:
        before = b""
        with suppress(OSError):
            while piece := self._client.recv(PIECE):
                self._http2 = self._http2 or piece.startswith(HTTP2)
                # marked before it is passed on, so that no answer can slip through
                self._cut = self._cut or self._line.loses(before + piece)
                self._server.sendall(piece)
                before = piece[-100:]
        if not (self._cut and self._http2):
            self._end()

    def _answers(self) -> None:
        with suppress(OSError):
            while piece := self._server.recv(PIECE):
                if not self._cut:
                    self._client.sendall(piece)
                elif self._line.holds:
                    continue
                elif self._http2:
                    _shut(self._client)
                    self._server.settimeout(SERVERS_TIME)
                else:
                    break
        self._end()

    def _end(self) -> None:
        for side in (self._client, self._server):
            _shut(side)


def _shut(side: socket.socket) -> None:
    with suppress(OSError):
        side.shutdown(socket.SHUT_RDWR)
    side.close()


@contextmanager
def lossy_line(port: int) -> Iterator[LossyLine]:
    line = LossyLine(port)
    threading.Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        line.close()
