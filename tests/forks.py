"""pytest's processes: each forked from one that has imported all tests, which takes five seconds of a core.

`python -m tests.forks LISTENER PATHS...` is that one. It forks for `as_python.py` until its input ends."""

import gc
import os
import selectors
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing import forkserver
from pathlib import Path
from subprocess import DEVNULL, PIPE
from types import ModuleType
from typing import Any

import pytest

HERE = Path(__file__).parent
THREADS = Path("/proc/self/task")
WITH_THREADS = (
    "contracts/test_snowflake.py", "domains/warehouse/test_sql.py", "emulators/test_snowflake.py",
)  # fmt: skip
"""Snowflake's library starts threads when it is imported, and waits for them for ever in a forked process."""

FORKED_WELL = {"python", "jemalloc_bg_thd"}
"""Threads of the process that forks: Arrow's allocator starts its own anew in each."""


@contextmanager
def forking(paths: Sequence[str]) -> Iterator[str]:
    """The Python, as execnet takes it, whose processes are forked from one that has imported these tests."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(folder, "forks"))
        listener.bind(path)
        listener.listen(64)
        command = [sys.executable, "-m", "tests.forks", str(listener.fileno()), *paths]
        with subprocess.Popen(
            command, stdin=PIPE, stdout=DEVNULL, pass_fds=[listener.fileno()], cwd=HERE.parent
        ):
            listener.close()  # where the process ends early, nobody waits for it
            yield shlex.join([sys.executable, "-S", str(HERE / "as_python.py"), path])


def main() -> None:
    listener = socket.socket(fileno=int(sys.argv[1]))
    ignored = [f"--ignore={HERE / each}" for each in WITH_THREADS]
    # what cannot be imported, the others tell
    pytest.main(["--collect-only", "--capture=no", *ignored, *sys.argv[2:]])
    if strange := {(each / "comm").read_text().strip() for each in THREADS.iterdir()} - FORKED_WELL:
        sys.exit(f"Not forked, as what a test imports has started threads: {', '.join(sorted(strange))}")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the others
    if "tests.imported" in sys.modules:
        forkserver.ensure_running()
    gc.collect()
    gc.freeze()
    if code := _wanted(listener):
        _become_python(code)


def _wanted(listener: socket.socket) -> str:
    """What is to be run, in each process that was forked. Nothing in this one, in the end."""
    forked = []
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ)
        selector.register(0, selectors.EVENT_READ)
        while all(key.fileobj is listener for key, _ in selector.select()):
            connection, _ = listener.accept()
            with connection:
                code, files, _, _ = socket.recv_fds(connection, 10_000, 3)
                if (pid := os.fork()) == 0:
                    listener.close()
                    _take_over(connection.dup(), files)
                    return code.decode()
            forked.append(pid)
            for file in files:
                os.close(file)
    for pid in forked:
        os.waitpid(pid, 0)
    return ""


def _take_over(connection: socket.socket, files: Sequence[int]) -> None:
    connection.send(b"1")
    threading.Thread(target=_end_with, args=(connection,), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)


def _end_with(connection: socket.socket) -> None:
    """Should the other end be killed, so is this process."""
    connection.recv(1)
    os._exit(1)


def _become_python(code: str) -> None:
    shared: Any = forkserver._forkserver
    if shared._forkserver_pid is not None:
        shared.ensure_running = lambda: None  # it is the parent's child, for which only that one can wait
    sys.argv = ["-c"]
    module = sys.modules["__main__"] = ModuleType("__main__")
    exec(code, module.__dict__)


if __name__ == "__main__":
    main()
