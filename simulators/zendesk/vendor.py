"""Zendesk, simulated."""

from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor
from simulators.zendesk import api, control, pages
from simulators.zendesk.state import Zendesk

ERRORS = {
    400: ("BadRequest", "Invalid request"),
    401: ("Couldn't authenticate you", None),
    403: (api.FORBIDDEN, None),
    404: ("RecordNotFound", "Not found"),
    409: ("DatabaseConflict", "Database collision"),
    422: ("RecordInvalid", "Record validation errors"),
}


def refusal(status: int) -> Refusal:
    if status >= 500:
        return out_of_service(status)
    if status == 429:
        return Refusal(429, api.LIMITED, {"X-Rate-Limit": "200", "X-Rate-Limit-Remaining": "0"})
    return api.refused(status, *ERRORS.get(status, ERRORS[400]))


VENDOR = Vendor(
    name="zendesk",
    title="Zendesk",
    tone="#03363d",
    api="/api/v2/",
    state=Zendesk,
    routers=(api.router, control.router, pages.router),
    refusal=refusal,
)
