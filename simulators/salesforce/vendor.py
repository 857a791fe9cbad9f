"""Salesforce, simulated."""

from simulators.kit.refusal import Refusal
from simulators.kit.vendor import Vendor
from simulators.salesforce import api, collections, control, pages
from simulators.salesforce.state import Salesforce

CODES = {
    400: ("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record"),
    401: ("INVALID_SESSION_ID", "Session expired or invalid"),
    403: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    404: ("NOT_FOUND", "The requested resource does not exist"),
    429: ("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
    500: ("UNKNOWN_EXCEPTION", "An unexpected error occurred."),
    503: ("SERVER_UNAVAILABLE", "The server is temporarily unavailable."),
}
CROWDED = ("REQUEST_LIMIT_EXCEEDED", "ConcurrentRequests (Concurrent API Requests) Limit exceeded.")
"""Long calls are counted: 25 at once, and 5 in a developer's org."""


def refusal(status: int) -> Refusal:
    return _refused(status, *CODES.get(status, CODES[500]))


def _refused(status: int, code: str, message: str) -> Refusal:
    return Refusal(status, [{"message": message, "errorCode": code}])


VENDOR = Vendor(
    name="salesforce",
    title="Salesforce",
    tone="#0b6cbf",
    api="/services/",
    state=Salesforce,
    routers=(api.token_router, collections.router, api.router, control.router, pages.router),
    refusal=refusal,
    crowded=_refused(403, *CROWDED),
)
