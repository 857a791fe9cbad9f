"""The command: one line that says where, what its options do, and a quiet end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

from simulators.kit.control import Control

ROOT = Path(__file__).parents[2]


def test_command_says_where_and_ends_quietly() -> None:
    command = [sys.executable, "-m", "simulators", "--port", "0", "--customers", "3"]
    options = ["--seed", "9", "--latency-ms", "100", "--webhook", "http://127.0.0.1:9/hook"]
    with subprocess.Popen(
        [*command, *options], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        with Control(json.loads(process.stdout.readline())["url"]) as control:
            assert len(control.customers()) == 3
            assert control.webhook().url == "http://127.0.0.1:9/hook"
            started = time.perf_counter()
            control.add_note(control.customers(limit=1)[0].uuid, "a note")
            assert time.perf_counter() - started >= 0.1
            process.send_signal(signal.SIGINT)
            rest, complaints = process.communicate(timeout=60)
    assert (process.returncode, rest, complaints) == (0, "", "")
