"""What steps read is private, and nobody else's."""

import os
import tempfile
import time
from pathlib import Path

import pytest

from activities.private_files import KEPT, own_folder


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


async def test_only_their_user_can_read_them(tmp_path: Path) -> None:
    async with own_folder("exports", "customers-") as folder:
        assert folder.is_relative_to(tmp_path)
        assert [each.stat().st_mode & 0o777 for each in (folder, folder.parent)] == [0o700, 0o700]


async def test_an_attempt_leaves_those_of_another_alone() -> None:
    """Of the same stream and run: one that was given up, and its successor."""
    async with own_folder("exports", "customers-") as successor:
        async with own_folder("exports", "customers-") as given_up:
            (given_up / "customers-0.parquet").touch()
        assert (given_up.exists(), successor.exists()) == (False, True)


async def test_those_of_a_killed_process_go_in_a_day() -> None:
    async with own_folder("exports", "customers-") as folder:
        killed, lately = folder.with_name("killed"), folder.with_name("lately")
    killed.mkdir()
    lately.mkdir()
    ago = time.time() - KEPT.total_seconds() - 60
    os.utime(killed, (ago, ago))
    async with own_folder("exports", "customers-"):
        assert (killed.exists(), lately.exists()) == (False, True)
