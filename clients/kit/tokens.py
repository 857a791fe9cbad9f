"""The latest refresh token of a connection, in a file for its owner alone. Several workers share it."""

import asyncio
import fcntl
import hashlib
import json
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class AccessToken:
    """`ends` in seconds since 1970."""

    text: str
    ends: float

    def lives(self, at_least: float) -> bool:
        return self.ends > time.time() + at_least


@dataclass
class Kept:
    """`of` says which first token the latest one comes from: a new one in the settings counts at once."""

    path: Path
    content: dict[str, Any]

    def latest_of(self, first: str) -> str:
        return str(self.content["latest"]) if self.content.get("of") == _digest(first) else first

    def access_of(self, first: str) -> AccessToken | None:
        """What another process was given last, so that it need not be asked for again."""
        text, ends = self.content.get("access"), self.content.get("ends")
        if self.content.get("of") != _digest(first) or not isinstance(text, str):
            return None
        return AccessToken(text, float(ends)) if isinstance(ends, int | float) else None

    def keep(self, first: str, latest: str, access: AccessToken | None = None) -> None:
        """Whole or not at all: the one before it is worth nothing any more."""
        content: dict[str, Any] = {"of": _digest(first), "latest": latest}
        if access:
            content |= {"access": access.text, "ends": access.ends}
        beside = self.path.with_suffix(".new")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
        self.content = content


class TokenFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[Kept]:
        """Nobody else renews within the block: a vendor may take the second of two for a theft."""
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with self._path.with_suffix(".lock").open("a") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield Kept(self._path, _read(self._path))


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) and "latest" in content else {}


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
