"""One way of writing a value as JSON, and the digests of that: ids, plans and the audit depend on them."""

import hashlib
import json
from typing import Any


def canonical(value: Any) -> str:
    """Keys in order, no spaces, ASCII alone; what JSON does not know is its `str`."""
    return json.dumps(value, sort_keys=True, default=str, ensure_ascii=True, separators=(",", ":"))


def sha256_of(value: Any) -> str:
    """64 hex digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def digest_of(*parts: Any) -> str:
    """32 hex digits, as they stand in ids."""
    return sha256_of(parts)[:32]
