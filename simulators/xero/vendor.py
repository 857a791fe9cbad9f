"""Xero, simulated."""

from simulators.accounting import control, pages, tokens
from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor
from simulators.xero import api
from simulators.xero.state import Xero


def refusal(status: int) -> Refusal:
    match status:
        case 401:
            return api.refused(401, "Unauthorized")
        case 403:
            return api.refused(403, "Forbidden")
        case 404:
            return Refusal(404, "The resource you're looking for cannot be found")
        case 429:
            return Refusal(429, "The limit was reached", {"X-Rate-Limit-Problem": "minute"})
    return (
        out_of_service(status) if status >= 500 else api.invalid("ValidationException", 10, "Invalid", status)
    )


VENDOR = Vendor(
    name="xero",
    title="Xero",
    tone="#0b8fb5",
    api="/api.xro/",
    state=Xero,
    routers=(
        tokens.router_of("/xero/api.xro/connect/token", Xero, own_credential=True),
        api.router,
        control.router_of("xero", Xero, ("invoice", "credit_note")),
        pages.router_of("xero", Xero),
    ),
    refusal=refusal,
)
