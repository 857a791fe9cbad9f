"""How many calls HubSpot takes: of an app in ten seconds and a day, of searches in a second."""

import time
from collections import deque

from simulators.hubspot.schema import refused
from simulators.kit.refusal import Refusal
from simulators.kit.shapes import HubSpotRules

BURST, DAILY = 100, 250_000
"""What the headers tell where no limit is set: those of the smallest subscription, and nothing used."""


class HubSpotLimits:
    def __init__(self) -> None:
        self._calls: deque[float] = deque()
        self._searches: deque[float] = deque()
        self._today = 0

    def count(self, rules: HubSpotRules, *, search: bool) -> dict[str, str]:
        """The headers of the answer; raises where there was a call too many, which counts, too."""
        now = time.monotonic()
        self._today += 1
        called = _in_the_last(self._calls, 10, now)
        headers = _headers(rules, called, self._today)
        searched = _in_the_last(self._searches, 1, now) if search else 0
        if rules.searches_per_second and searched > rules.searches_per_second:
            raise _limited("secondly", "SECONDLY", {})
        if rules.requests_per_day and self._today > rules.requests_per_day:
            raise _limited("daily", "DAILY", headers)
        if rules.requests_per_10_seconds and called > rules.requests_per_10_seconds:
            raise _limited("ten_secondly_rolling", "TEN_SECONDLY_ROLLING", headers)
        return {} if search else headers


def _in_the_last(begun: deque[float], seconds: float, now: float) -> int:
    begun.append(now)
    while begun[0] <= now - seconds:
        begun.popleft()
    return len(begun)


def _headers(rules: HubSpotRules, called: int, today: int) -> dict[str, str]:
    burst, daily = rules.requests_per_10_seconds or BURST, rules.requests_per_day or DAILY
    left = max(0, burst - called) if rules.requests_per_10_seconds else burst
    return {
        "X-HubSpot-RateLimit-Max": str(burst),
        "X-HubSpot-RateLimit-Remaining": str(left),
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": str(daily),
        "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, daily - today)),
    }


def _limited(name: str, policy: str, headers: dict[str, str]) -> Refusal:
    """Retry-After is not promised, and not sent."""
    refusal = refused(f"You have reached your {name} limit.", "RATE_LIMITS", 429, policyName=policy)
    refusal.headers = headers
    return refusal
