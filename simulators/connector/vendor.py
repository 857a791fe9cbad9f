"""A product of the user's own, simulated."""

from simulators.connector import api, control, pages
from simulators.connector.state import OwnProduct
from simulators.kit.refusal import Refusal
from simulators.kit.vendor import Vendor


def refusal(status: int) -> Refusal:
    return api.refused(status, "unavailable" if status >= 500 else "refused", f"Status {status}.")


VENDOR = Vendor(
    name="connector",
    title="Your product",
    tone="#0b6e4f",
    api="/api/",
    state=OwnProduct,
    routers=(api.router, control.router, pages.router),
    refusal=refusal,
)
