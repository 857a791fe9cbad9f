"""Slack, simulated."""

from simulators.kit.refusal import Refusal
from simulators.kit.vendor import Vendor
from simulators.slack import api, control, pages
from simulators.slack.state import Slack

ERRORS = {
    401: "invalid_auth",
    404: "unknown_method",
    429: "ratelimited",
    500: "internal_error",
    503: "service_unavailable",
}


def refusal(status: int) -> Refusal:
    return Refusal(status, {"ok": False, "error": ERRORS.get(status, "fatal_error")})


VENDOR = Vendor(
    name="slack",
    title="Slack",
    tone="#4a154b",
    api="/api/",
    state=Slack,
    routers=(api.router, control.router, pages.router),
    refusal=refusal,
    expired=api.refused("token_expired"),
)
