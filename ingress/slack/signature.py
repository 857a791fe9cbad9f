"""Whether a request is Slack's: signed by a secret of the app, and not older than five minutes."""

from collections.abc import Mapping, Sequence

from pydantic import SecretStr
from slack_sdk.signature import SignatureVerifier


def is_signed(secrets: Sequence[SecretStr], headers: Mapping[str, str], body: bytes) -> bool:
    """By one of them: there are two while they change. `body` is as it came."""
    return any(_by(each.get_secret_value(), headers, body) for each in secrets)


def _by(secret: str, headers: Mapping[str, str], body: bytes) -> bool:
    """The library raises on a timestamp that is no number or too large, on a body that is no UTF-8, on a
    signature with other letters than ASCII, and on an empty secret."""
    try:
        return SignatureVerifier(secret).is_valid_request(body, dict(headers))
    except (ValueError, TypeError, OverflowError):
        return False
