"""How a tally is shown, wherever it is."""

from models.events import MovementType
from models.movements import PAYMENT, Found, Tally


def kinds(tally: Tally) -> list[str]:
    """A row for each: the types of movement, and failed payments where it counts any."""
    return [*(each.value for each in MovementType), *([PAYMENT] if tally.payments(*Found) else [])]
