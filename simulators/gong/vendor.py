"""Gong, simulated."""

from simulators.gong import api, control, pages
from simulators.gong.state import Gong
from simulators.kit.refusal import Refusal
from simulators.kit.vendor import Vendor

ERRORS = {
    400: "Malformed request",
    401: "Unauthorized: the access key or its secret is wrong",
    403: "Forbidden: the caller's IP address is not trusted",
    404: "Not found",
    409: "Event was already reported in the past",
    429: "API request limit exceeded",
}


def refusal(status: int) -> Refusal:
    return api.refused(
        status, ERRORS.get(status, "Failed to complete the operation due to an unexpected error")
    )


VENDOR = Vendor(
    name="gong",
    title="Gong",
    tone="#8039df",
    api="/v2/",
    state=Gong,
    routers=(api.router, control.router, pages.router),
    refusal=refusal,
)
