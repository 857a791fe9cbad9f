"""Child processes: each with a log of its own, awaited until ready, and gone when we are gone."""

import asyncio
import fcntl
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Protocol

GRACE_SECONDS = 25.0
"""Between asking a child to end and ending it."""


class ChildFailed(RuntimeError):
    """A child ended or did not become ready; the text has the last lines of its log."""


class Popen(Protocol):
    """Of a `subprocess.Popen`, as little as a child needs."""

    pid: int

    def poll(self) -> int | None: ...


@dataclass
class Child:
    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], Awaitable[object]]
    """Raises until the child answers."""
    environment: Mapping[str, str] | None = field(default=None, repr=False)
    directory: Path | None = None
    lock: Path | None = None
    """Held as long as the process lives, for state that only one may open."""
    ready_within_seconds: float = 30.0
    asked_every_seconds: float = 0.05
    """Until it is ready."""
    grace_seconds: float = GRACE_SECONDS
    _process: Popen | None = field(default=None, init=False, repr=False)

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        if self._process is None:
            raise ChildFailed(f"{self.name} was not started")
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative where a signal ended it."""
        return self._process.poll() if self._process else None

    async def start(self) -> None:
        if self.running:
            return
        with ExitStack() as held:
            locks = [held.enter_context(locked(self.lock))] if self.lock else []
            self._process = self._spawn(locks)
        try:
            await self._until_ready()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        if self._process is not None:
            await end(self._process, self.grace_seconds)
            self._process = None

    async def kill(self) -> None:
        """As a crash would: SIGKILL, no chance to tidy up."""
        if self._process is not None:
            await end(self._process, grace_seconds=0)
            self._process = None

    async def restart(self) -> None:
        await self.stop()
        await self.start()

    def _spawn(self, locks: Sequence[int]) -> Popen:
        return spawn(self.command, self.log, self.environment, self.directory, pass_fds=locks)

    async def _until_ready(self) -> None:
        problem: Exception | None = None
        deadline = time.monotonic() + self.ready_within_seconds
        while time.monotonic() < deadline:
            if not self.running:
                raise ChildFailed(f"{self.name} ended at once.{_last_words(self.log)}")
            try:
                async with asyncio.timeout(10):  # wait_for of Python 3.11 can swallow a Ctrl-C
                    await self.ready()
            except Exception as not_yet:
                problem = not_yet
                await asyncio.sleep(self.asked_every_seconds)
            else:
                if self.running:  # else somebody else answered in its place
                    return
        seconds = f"{self.ready_within_seconds:g} s"
        raise ChildFailed(f"{self.name} was not ready within {seconds}: {problem!r}.{_last_words(self.log)}")


async def run(
    name: str,
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> None:
    """A child that does one thing and ends; ChildFailed where it fails."""
    process = spawn(command, log, environment, directory)
    try:
        while process.poll() is None:
            await asyncio.sleep(0.02)
    finally:
        await end(process)
    if process.returncode:
        raise ChildFailed(f"{name} failed.{_last_words(log)}")


def _last_words(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:]
    return "\n".join([f" Its log, {log}, ends with:", *lines])


def spawn(
    command: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> subprocess.Popen[bytes]:
    """Start in a process group of its own, so that Ctrl-C reaches us alone and we end it in order."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=directory,
            pass_fds=pass_fds,
            start_new_session=True,
        )
    end_with_us(process.pid)
    return process


def end_with_us(group: int) -> None:
    """Should this process be killed, the process group ends as well."""
    _tell_guard(f"+{group}")


async def end(process: Popen, grace_seconds: float = GRACE_SECONDS) -> None:
    for number, seconds in ((signal.SIGTERM, grace_seconds), (signal.SIGKILL, 60.0)):
        if process.poll() is None and seconds:
            _signal_group(process.pid, number)
            await _until_ended(process, seconds)
    _signal_group(process.pid, signal.SIGKILL)  # what it started and left behind
    _tell_guard(f"-{process.pid}")


async def _until_ended(process: Popen, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        await asyncio.sleep(0.02)


def _signal_group(group: int, number: int) -> None:
    # macOS answers EPERM for a group of which only a zombie is left
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def free_ports(*preferred: int) -> list[int]:
    """A port for each wish: itself or the next that nobody uses; for 0 any. It stays ours.

    Any means one below those that systems lend to outgoing connections: such a port could be
    taken while its server is down for a moment; and one that was not given out before.
    """
    ports: list[int] = []
    for wish in preferred:
        first = wish or random.randrange(20_000, 30_000)
        taken = ports if wish else _ours
        candidates = (port for port in range(first, first + 100) if port not in taken)
        free = next((port for port in candidates if _is_free(port) and _reserve(port)), None)
        if free is None:
            raise OSError(f"no free port from {first} to {first + 99}")
        ports.append(free)
    return ports


_ours: set[int] = set()


def _reserve(port: int) -> bool:
    """As long as this process lives none like it is given the port: of two that begin at once, one would
    take the other's servers for its own. An UDP socket of the same number says so, which no server of
    ours needs."""
    if port in _ours:
        return True
    with socket.socket(type=socket.SOCK_DGRAM) as mark:
        try:
            mark.bind(("127.0.0.1", port))
        except OSError:
            return False
        mark.detach()  # never closed
    _ours.add(port)
    return True


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # as servers do: a port that only waits for old packets counts as free
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return not _answers(port)


def _answers(port: int) -> bool:
    """Binding alone does not see a listener on all addresses on macOS."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def locked(path: Path) -> Iterator[int]:
    """Hold a lock file; BlockingIOError when another process holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield file.fileno()


def _tell_guard(line: str) -> None:
    os.write(_guard(), f"{line}\n".encode())


@cache
def _guard() -> int:
    """A pipe to a process that outlives us, however we die, and then ends our children."""
    reader, writer = os.pipe()
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", __file__],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, reader, 0)],
    )
    os.close(reader)
    return writer


def _guard_main() -> None:
    os.setsid()
    groups: set[int] = set()
    for line in sys.stdin:
        (groups.add if line[0] == "+" else groups.discard)(int(line[1:]))
    for number, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, 0.0)):
        for group in groups:
            _signal_group(group, number)
        deadline = time.monotonic() + seconds
        while any(map(_group_lives, groups)) and time.monotonic() < deadline:
            time.sleep(0.05)


def _group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


if __name__ == "__main__":
    _guard_main()
