"""All that Xero's simulator holds."""

from fastapi import Request

from simulators.accounting.state import Accounting
from simulators.world import world_of

TENANT = "7c0e5b1e-0000-4000-a000-000000000001"


class Xero(Accounting):
    refresh_token = "xero-demo-refresh"
    client = ("xero-demo-client", "xero-demo-secret")


def xero_of(request: Request) -> Xero:
    return world_of(request).of(Xero)
