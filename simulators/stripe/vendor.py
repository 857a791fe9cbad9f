"""Stripe, simulated."""

from simulators.billing.declared import billing_vendor
from simulators.kit.refusal import Refusal, out_of_service
from simulators.stripe import api
from simulators.stripe.state import Stripe

ERRORS: dict[int, tuple[str, str | None]] = {
    401: ("Invalid API Key provided: rk_test_********demo", None),
    404: ("No such object", "resource_missing"),
    409: ("This object cannot be accessed right now", "lock_timeout"),
    429: ("Request rate limit exceeded.", "rate_limit"),
}


def refusal(status: int) -> Refusal:
    if status == 500:
        return api.refused(500, "An unknown error occurred", type="api_error")
    if status > 500:
        return out_of_service(status)
    message, code = ERRORS.get(status, ("Invalid request", "parameter_invalid_empty"))
    return api.refused(status, message, code)


VENDOR = billing_vendor(
    "Stripe",
    "#533afd",
    "/v1/",
    Stripe,
    api.router,
    refusal,
    links=("/test/invoices/{id}", "/i/{id}"),
    expired=api.refused(401, "Expired API Key provided: rk_test_********demo", "api_key_expired"),
)
