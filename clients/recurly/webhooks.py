"""Recurly's own proof of a webhook: a signature of the body and of when it was sent. Of JSON alone: what is
sent as XML is not signed, and so never proven.

https://docs.recurly.com/recurly-subscriptions/docs/signature-verification
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime

from clients.kit.webhooks import Signed, is_recent, proof_in

HEADER = "recurly-signature"
_PROOF = re.compile(r"([0-9]{9,14})((?:,[0-9a-f]{64})+)")

SECONDS = 11
"""Digits of a time in seconds at most. Recurly says it is in milliseconds, and its example is in seconds."""


def proven(account: Signed, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether one of the signing secrets has signed the body, just now. Without one nothing is proven."""
    proof = _PROOF.fullmatch(proof_in(headers, HEADER))
    if proof is None:
        return False
    stamp, signatures = proof[1], proof[2][1:].split(",")
    seconds = int(stamp) if len(stamp) <= SECONDS else int(stamp) / 1000
    if not is_recent(seconds, now, account.tolerance_seconds):
        return False
    right = [_signature(each.get_secret_value(), stamp, body) for each in account.signing_secrets]
    return any([hmac.compare_digest(ours, theirs) for ours in right for theirs in signatures])


def _signature(secret: str, stamp: str, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{stamp}.".encode() + body, hashlib.sha256).hexdigest()
