"""Where long steps keep what they read, for no other user to see: rows hold names and e-mail addresses."""

import asyncio
import os
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path

KEPT = timedelta(days=1)
"""How long that stays whose process was killed; longer than any run takes."""


async def private_folder(name: str) -> Path:
    """This user's, without what has been left in it for long."""
    folder = Path(tempfile.gettempdir()) / f"mogulflow-{name}-{os.getuid()}"
    await asyncio.to_thread(_remove_old, folder)
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@asynccontextmanager
async def own_folder(name: str, prefix: str) -> AsyncIterator[Path]:
    """One within it that is nobody else's, until the block ends: another attempt or installation may be at
    work beside this one."""
    own = Path(tempfile.mkdtemp(prefix=prefix, dir=await private_folder(name)))
    try:
        yield own
    finally:
        await asyncio.to_thread(shutil.rmtree, own, ignore_errors=True)


def _remove_old(folder: Path) -> None:
    """Several steps begin at once, and each may find what another removes."""
    for each in folder.glob("*"):
        with suppress(FileNotFoundError):
            if each.stat().st_mtime < time.time() - KEPT.total_seconds():
                shutil.rmtree(each, ignore_errors=True)
