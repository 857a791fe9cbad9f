"""Recurly, simulated."""

from simulators.billing.declared import billing_vendor
from simulators.kit.refusal import Refusal, out_of_service
from simulators.recurly import api
from simulators.recurly.state import Recurly

TYPES = {
    400: "bad_request",
    401: "unauthorized",
    403: "invalid_permissions",
    404: "not_found",
    409: "simultaneous_request",
    422: "validation",
    429: "rate_limited",
    500: "internal_server_error",
    503: "service_not_available",
}


def refusal(status: int) -> Refusal:
    if status not in TYPES and status >= 500:
        return out_of_service(status)
    type = TYPES.get(status, "bad_request")
    return api.refused(status, type, f"This was refused: {type.replace('_', ' ')}.")


VENDOR = billing_vendor("Recurly", "#6d28b8", "/v3/", Recurly, api.router, refusal)
