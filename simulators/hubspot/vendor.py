"""HubSpot, simulated."""

from simulators.hubspot import control, more, pages
from simulators.hubspot.state import HubSpot
from simulators.kit.refusal import Refusal, out_of_service
from simulators.kit.vendor import Vendor

ERRORS = {
    400: ("VALIDATION_ERROR", "Invalid input JSON"),
    401: ("INVALID_AUTHENTICATION", "Authentication credentials not found."),
    403: ("MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call."),
    404: ("OBJECT_NOT_FOUND", "resource not found"),
    409: ("CONFLICT", "Contact already exists. Existing ID: 10000000001"),
    423: ("LOCKED", "The record is locked."),
    429: ("RATE_LIMITS", "You have reached your ten_secondly_rolling limit."),
    477: ("MIGRATION_IN_PROGRESS", "The account is being moved."),
}


def refusal(status: int) -> Refusal:
    if status >= 500:
        return out_of_service(status)
    category, message = ERRORS.get(status, ERRORS[400])
    policy = {"policyName": "TEN_SECONDLY_ROLLING"} if status == 429 else {}
    return Refusal(status, {"status": "error", "category": category, "message": message} | policy)


VENDOR = Vendor(
    name="hubspot",
    title="HubSpot",
    tone="#b8402a",
    api="/crm/",
    state=HubSpot,
    routers=(more.router, control.router, pages.router),
    refusal=refusal,
)
