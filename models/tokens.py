"""Tokens of ours: only their SHA-256 is kept, which is enough of 256 bits that nobody can guess."""

import hashlib
import secrets

PREFIX = "mflow_"


def new_token() -> str:
    return f"{PREFIX}{secrets.token_urlsafe(32)}"


def digest_of(token: str) -> str:
    """64 hex digits."""
    return hashlib.sha256(token.encode()).hexdigest()
