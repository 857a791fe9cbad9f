"""What tells a thing of ours from all others where a system has no field for a key: a mark in its text."""

import hashlib


def mark_of(key: str) -> str:
    """Short, and the same each time: `mogulflow:1f2e3d4c5b6a7988`."""
    return f"mogulflow:{hashlib.sha256(key.encode()).hexdigest()[:16]}"
