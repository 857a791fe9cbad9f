"""What a system said that ends an operation, and what to do where it is away."""

from clients.kit.errors import IntegrationError, Unavailable
from operations.errors import Stopped
from systems import SYSTEMS

ADDRESSES = {each.name: each.address for each in SYSTEMS}
"""Settings that say where a system is; the warehouse's differ by engine."""


def stopped_by(error: IntegrationError, written: str = "Nothing was written.") -> Stopped:
    """What a system said, and what to do where it is away."""
    if not isinstance(error, Unavailable):
        return Stopped(str(error))
    said, address = str(error).rstrip("."), ADDRESSES.get(error.system, "WAREHOUSE__*")
    return Stopped(
        f"{said}. {written} Ask again later; if the address is wrong, correct {address}. `mogulflow doctor`"
        " looks at each connection."
    )
