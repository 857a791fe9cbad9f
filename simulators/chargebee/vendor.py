"""Chargebee, simulated."""

from simulators.billing.declared import billing_vendor
from simulators.chargebee import api
from simulators.chargebee.state import Chargebee
from simulators.kit.refusal import Refusal, out_of_service

CODES = {
    400: "param_wrong_value",
    401: "api_authentication_failed",
    403: "api_authorization_failed",
    404: "resource_not_found",
    409: "lock_timeout",
    429: "api_request_limit_exceeded",
    500: "internal_error",
    503: "internal_temporary_error",
}


def refusal(status: int) -> Refusal:
    if status not in CODES and status >= 500:
        return out_of_service(status)
    code = CODES.get(status, "invalid_request")
    return api.refused(status, code, f"Sorry, {code.replace('_', ' ')}")


VENDOR = billing_vendor(
    "Chargebee", "#c8321f", "/api/", Chargebee, api.router, refusal, links=("/d/invoices/{id}",)
)
