"""Which vendors are simulated: each package here that has a vendor.py, but for kit.

The product lists its parts by name. These are stand-ins for tests and the demo, and finding them by folder
lets a new one come with no file but its own.
"""

from importlib import import_module
from pathlib import Path

import simulators
from simulators.kit.vendor import Vendor

FIRST = ("chartmogul", "salesforce", "slack", "hubspot")
"""Pages show them in this order, and after them the others by name."""


def all_vendors() -> tuple[Vendor, ...]:
    """Raises ValueError where a vendor's name is not its package's."""
    found = {path.parent.name for place in simulators.__path__ for path in Path(place).glob("*/vendor.py")}
    first = [name for name in FIRST if name in found]
    others = sorted(found.difference(first, {"kit"}))
    return tuple(_vendor(name) for name in (*first, *others))


def _vendor(package: str) -> Vendor:
    vendor: Vendor = import_module(f"simulators.{package}.vendor").VENDOR
    if vendor.name != package:
        raise ValueError(f"the vendor in simulators/{package} is called {vendor.name}")
    return vendor
