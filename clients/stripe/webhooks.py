"""Stripe's own proof of a webhook: a signature of the body and of when it was sent."""

import re
from collections.abc import Mapping
from datetime import datetime

from clients.kit.webhooks import Signed, is_recent, proof_in

HEADER = "stripe-signature"
_STAMP = re.compile(r"t=([0-9]{1,12})(?:,|$)")


def proven(account: Signed, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Whether one of the signing secrets has signed the body, just now. Without a secret nothing is proven.

    `t` comes first, as Stripe sends it, so that the library reads the one that was looked at here: it looks
    back alone, and by a clock of its own.
    """
    proof = proof_in(headers, HEADER)
    stamp = _STAMP.match(proof)
    if stamp is None or proof.count("t=") > 1:
        return False
    if not is_recent(int(stamp[1]), now, account.tolerance_seconds):
        return False
    from clients.stripe.library import has_signed  # takes a while, and few have Stripe

    signed = [has_signed(each.get_secret_value(), proof, body) for each in account.signing_secrets]
    return any(signed)
