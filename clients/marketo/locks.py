"""One thing at a time for each key, within a process."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b


@dataclass
class _Lock:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    users: int = 0


class Locks:
    """As many as there are callers: a lock goes with the last of those that want it. No key is kept, only its
    digest."""

    def __init__(self) -> None:
        self._of: dict[bytes, _Lock] = {}

    def __len__(self) -> int:
        return len(self._of)

    @asynccontextmanager
    async def held(self, key: str) -> AsyncIterator[None]:
        digest = blake2b(key.encode(errors="replace"), digest_size=16).digest()
        mine = self._of.setdefault(digest, _Lock())
        mine.users += 1
        try:
            async with mine.lock:
                yield
        finally:
            mine.users -= 1
            if not mine.users:
                del self._of[digest]
