"""QuickBooks Online, simulated."""

from simulators.accounting import control, pages, tokens
from simulators.accounting.shapes import DocumentKind
from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor
from simulators.quickbooks import api
from simulators.quickbooks.state import QuickBooks

KINDS: tuple[DocumentKind, ...] = ("invoice", "credit_note", "sales_receipt", "refund_receipt", "journal")


def refusal(status: int) -> Refusal:
    match status:
        case 401:
            return api.not_signed_in()
        case 403:
            return api.fault(403, "AUTHORIZATION", 3100, "ApplicationAuthorizationFailed")
        case 429:
            return api.throttled()
        case 500:
            return api.fault(500, "SystemFault", 10000, "An application error has occurred")
    if status > 500:
        return out_of_service(status)
    return api.fault(status, "ValidationFault", 2010, "Request has invalid or unsupported property")


VENDOR = Vendor(
    name="quickbooks",
    title="QuickBooks",
    tone="#2ca01c",
    api="/api/",
    state=QuickBooks,
    routers=(
        tokens.router_of("/quickbooks/api/oauth2/v1/tokens/bearer", QuickBooks),
        api.router,
        control.router_of("quickbooks", QuickBooks, KINDS),
        pages.router_of("quickbooks", QuickBooks),
    ),
    refusal=refusal,
)
