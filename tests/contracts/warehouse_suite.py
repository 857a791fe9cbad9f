"""What a load must come to on every engine. One subclass per engine, against an engine we did not write."""

from tests.contracts.warehouse_automation import WithAutomation
from tests.contracts.warehouse_customers import WithCustomers
from tests.contracts.warehouse_nights import Nightly
from tests.contracts.warehouse_once import OnceInEffect
from tests.contracts.warehouse_shapes import Shapes


class WarehouseContract(Nightly, OnceInEffect, WithCustomers, WithAutomation, Shapes):
    """Give `engine`, with an empty schema of each test's own."""
