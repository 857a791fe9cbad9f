"""All that QuickBooks' simulator holds."""

from fastapi import Request

from simulators.accounting.state import Accounting
from simulators.world import world_of

COMPANY = "4620816365000000001"


class QuickBooks(Accounting):
    refresh_token = "qb-demo-refresh"
    client = ("qb-demo-client", "qb-demo-secret")


def quickbooks_of(request: Request) -> QuickBooks:
    return world_of(request).of(QuickBooks)
