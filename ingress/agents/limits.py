"""How much of something one may take in a stretch of time."""

from collections import OrderedDict

from clients.kit.stretch import Stretch

MOST_PRINCIPALS = 10_000
"""Of an identity provider there may be any number: who was not seen for longest is forgotten."""


class CallsPerMinute:
    """Of each principal, in this process."""

    def __init__(self) -> None:
        self._of: OrderedDict[str, tuple[int, Stretch]] = OrderedDict()

    def take(self, principal: str, limit: int) -> float:
        """As Stretch.take. Another limit than the one before begins anew."""
        known = self._of.get(principal)
        if known is None or known[0] != limit:
            known = self._of[principal] = limit, Stretch(limit, 60)
        self._of.move_to_end(principal)
        if len(self._of) > MOST_PRINCIPALS:
            self._of.popitem(last=False)
        return known[1].take()
