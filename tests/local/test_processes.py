import os
import signal
import socket
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from local.processes import Child, ChildFailed, free_ports
from tests.waiting import until, until_blocking

PARENT = """
import asyncio, signal, sys
from pathlib import Path
from local.processes import Child

async def ready():
    pass

async def main(log):
    child = Child("child", ["sh", "-c", "sleep 600 & wait"], Path(log), ready)
    await child.start()
    print(child.pid, flush=True)
    await asyncio.sleep(600)

signal.signal(signal.SIGINT, signal.default_int_handler)  # who runs tests in the background ignores it
asyncio.run(main(sys.argv[1]))
"""

pytestmark = pytest.mark.slow


async def at_once() -> None:
    pass


async def never() -> None:
    raise ConnectionError("nobody there")


def group_lives(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def until_gone(group: int) -> None:
    """Who inherits an orphan may take its time to reap it."""
    until_blocking(lambda: not group_lives(group))


class TestPorts:
    def test_a_busy_port_gives_way_to_the_next(self) -> None:
        [wish] = free_ports(0)
        with closing(socket.create_server(("127.0.0.1", wish))):
            [port] = free_ports(wish)
        assert wish < port < wish + 100

    def test_a_listener_on_all_addresses_counts_as_busy(self) -> None:
        [wish] = free_ports(0)
        with closing(socket.create_server(("0.0.0.0", wish))):
            assert free_ports(wish) != [wish]

    def test_two_that_look_at_once_are_given_two_ports(self) -> None:
        """Before either has a server there."""
        [wish] = free_ports(0)
        looks = f"from local.processes import free_ports; print(*free_ports({wish}), flush=True); input()"
        with subprocess.Popen(
            [sys.executable, "-c", looks], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout
            assert wish < int(other.stdout.readline()) < wish + 100
            other.communicate("\n")
        assert free_ports(wish) == [wish]

    def test_the_same_wish_twice_gives_two_ports(self) -> None:
        [wish] = free_ports(0)
        assert len(set(free_ports(wish, wish))) == 2


class TestChild:
    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_it_ends_with_its_parent_however_that_dies(self, tmp_path: Path, number: signal.Signals) -> None:
        command = [sys.executable, "-c", PARENT, str(tmp_path / "log")]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as parent:
            assert parent.stdout
            group = int(parent.stdout.readline())
            assert group_lives(group)
            parent.send_signal(number)
        until_gone(group)

    async def test_one_that_ignores_a_polite_request_is_killed(self, tmp_path: Path) -> None:
        command = ["sh", "-c", "trap '' TERM; echo deaf; sleep 600 & wait; sleep 600"]
        child = Child("deaf", command, tmp_path / "log", at_once, grace_seconds=0.3)
        await child.start()
        group = child.pid
        await until(lambda: "deaf" in child.log.read_text())
        await child.stop()
        until_gone(group)

    async def test_one_that_ends_at_once_is_reported_with_its_last_words(self, tmp_path: Path) -> None:
        command = ["sh", "-c", "echo no such file; exit 3"]
        with pytest.raises(ChildFailed, match=r"broken ended at once(.|\n)*no such file"):
            await Child("broken", command, tmp_path / "log", never).start()

    async def test_one_that_ended_is_not_ready_though_somebody_else_answers(self, tmp_path: Path) -> None:
        async def another() -> None:
            await until(lambda: not child.running)

        child = Child("late", ["sh", "-c", "echo port taken; exit 1"], tmp_path / "log", another)
        with pytest.raises(ChildFailed, match=r"late ended at once(.|\n)*port taken"):
            await child.start()

    async def test_one_that_does_not_become_ready_is_ended(self, tmp_path: Path) -> None:
        child = Child("slow", ["sleep", "600"], tmp_path / "log", never, ready_within_seconds=0.2)
        with pytest.raises(ChildFailed, match="nobody there"):
            await child.start()
        assert not child.running


class TestLeaving:
    @pytest.mark.parametrize(
        ("program", "code", "says"),
        [
            ("pass", 0, ""),
            ("raise SystemExit(3)", 3, ""),
            ("raise SystemExit('no such file')", 1, "no such file"),
            ("raise KeyboardInterrupt", 130, ""),
            ("raise ValueError('a fault')", 1, "ValueError: a fault"),
        ],
    )
    def test_the_exit_code_is_what_the_program_says(self, program: str, code: int, says: str) -> None:
        script = f"""
from temporal import leave_after
def main():
    print("said before", end="")
    {program}
leave_after(main)
"""
        ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
        assert ran.returncode == code
        assert ran.stdout == "said before"
        assert says in ran.stderr
