"""Intercom, simulated."""

from simulators.intercom import api, control, pages
from simulators.intercom.answers import refused
from simulators.intercom.state import Intercom
from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor

ERRORS = {
    401: ("unauthorized", "Access Token Invalid"),
    403: ("api_plan_restricted", "Active subscription needed."),
    404: ("not_found", "Resource Not Found"),
    409: ("conflict", "A contact matching those details already exists"),
    422: ("unprocessable_entity", "The data was well-formed but invalid"),
    429: ("rate_limit_exceeded", "Exceeded rate limit of 1667 in 10_seconds"),
}


def refusal(status: int) -> Refusal:
    if status >= 500:
        return out_of_service(status)
    return refused(status, *ERRORS.get(status, ("parameter_invalid", "The parameter is invalid")))


VENDOR = Vendor(
    name="intercom",
    title="Intercom",
    tone="#0057d9",
    api="/api/",
    state=Intercom,
    routers=(api.router, control.router, pages.router),
    refusal=refusal,
)
