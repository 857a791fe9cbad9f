"""One test that fails stays one."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.slow

TESTS = """
import asyncio

LET_GO = []


async def test_that_hangs(simulators, cooldowns):
    cooldowns.of("slack").hold("maintenance")
    simulators.fault("slack", "status", status=503, times=None)
    try:
        await asyncio.Event().wait()
    finally:
        LET_GO.append(True)


async def test_after_it(simulators, cooldowns):
    assert LET_GO == [True]
    assert cooldowns.of("slack").closed is None
    assert simulators.faults() == []
"""


def test_a_test_that_hangs_is_cancelled_and_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    file = tmp_path / "test_two.py"
    file.write_text(TESTS)
    words = [
        "-p",
        "tests.conftest",
        "-p",
        "no:cacheprovider",
        f"--rootdir={ROOT}",
        "--timeout=5",
        "-o",
        "timeout_func_only=true",
    ]
    command = [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), *words, str(file)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert "1 failed, 1 passed" in done.stdout, done.stdout + done.stderr
    assert "await asyncio.Event().wait()" in done.stdout
