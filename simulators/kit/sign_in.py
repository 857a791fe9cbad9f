"""Who calls, as basic authentication says it."""

import base64
import binascii


def basic(header: str) -> tuple[str, str] | None:
    """User and password of an Authorization header; None of any other."""
    scheme, _, encoded = header.partition(" ")
    try:
        user, colon, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (user, password) if scheme.lower() == "basic" and colon else None


def key_in(header: str) -> str:
    """A key that is the user, without a password; nothing where there is none."""
    user, password = basic(header) or ("", "")
    return "" if password else user
