"""A vendor that answers as the test dictates, for what a simulator would never say."""

import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

HELD_BACK_SECONDS = 60


@dataclass(frozen=True)
class Reply:
    """`body` is sent as JSON unless it is text. `drop` closes the line instead of answering. It is held
    back until `waits_for` requests have been there at once."""

    body: Any = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    delay_seconds: float = 0.0
    waits_for: int = 0
    drop: bool = False

    @property
    def text(self) -> bytes:
        return (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: dict[str, str]
    body: str


class ScriptedServer(ThreadingHTTPServer):
    """Gives the replies in order, the last one again and again."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, *replies: Reply) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.seen: list[Seen] = []
        self.connections = 0
        self.most_at_once = 0
        self._at_once = 0
        self._replies = list(replies)
        self._lock = threading.Condition()

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening. Kept connections live on."""
        self.shutdown()
        self.server_close()

    def paths(self, ending: str = "") -> list[str]:
        return [request.path for request in self.seen if request.path.endswith(ending)]

    def reply_to(self, request: Seen) -> Reply:
        with self._lock:
            self.seen.append(request)
            reply = self._replies.pop(0) if len(self._replies) > 1 else self._replies[0]
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
            self._lock.notify_all()
            self._lock.wait_for(lambda: self.most_at_once >= reply.waits_for, HELD_BACK_SECONDS)
        time.sleep(reply.delay_seconds)
        with self._lock:
            self._at_once -= 1
        return reply


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ScriptedServer

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        reply = self.server.reply_to(Seen(self.command, self.path, dict(self.headers), body))
        if reply.drop:
            self.close_connection = True
        else:
            self._send(reply)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in {"Content-Type": reply.content_type, **reply.headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.text)))
        try:
            self.end_headers()
            self.wfile.write(reply.text)
        except OSError:  # the client did not wait
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass
