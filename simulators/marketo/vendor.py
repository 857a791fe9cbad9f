"""Marketo, simulated."""

from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor
from simulators.marketo import api, assets, control, pages
from simulators.marketo.answers import failure
from simulators.marketo.state import TOO_MANY_AT_ONCE, Marketo

CODES = {
    401: ("601", "Access token invalid"),
    403: ("603", "Access denied"),
    404: ("610", "Requested resource not found"),
    429: ("606", "Max rate limit '100' exceeded with in '20' secs"),
    TOO_MANY_AT_ONCE: ("615", "Concurrent access limit reached"),
}


def refusal(status: int) -> Refusal:
    return failure(*CODES[status]) if status in CODES else out_of_service(status)


VENDOR = Vendor(
    name="marketo",
    title="Marketo",
    tone="#5c4c9f",
    api="/api/",
    state=Marketo,
    routers=(
        api.identity,
        assets.router,
        api.rest,
        api.objects,
        api.unknown_paths,
        control.router,
        pages.router,
    ),
    refusal=refusal,
    expired=failure("602", "Access token expired"),
)
