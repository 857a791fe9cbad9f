"""What Chargebee's refusals mean: judged by its own codes, where the answer has its own form.

https://apidocs.chargebee.com/docs/api/error-handling
"""

from clients.kit.errors import IntegrationError, NotFound, Permanent, Rejected, Unauthorized
from clients.kit.http import Call, brief, error_for, refused
from clients.kit.rest import Reply

PASSES = {
    "lock_timeout",
    "internal_error",
    "internal_temporary_error",
    "db_connection_failure",
    "site_not_ready",
    "site_read_only_mode",
}

KEYS = "Settings, Configure Chargebee, API Keys and Webhooks, API Keys"
RIGHTS = f"In Chargebee, {KEYS}, make a read-only key of the type All."
PERMANENT: dict[str, tuple[type[Permanent], str | None]] = {
    "api_authentication_failed": (Unauthorized, None),
    "api_authorization_failed": (Unauthorized, RIGHTS),
    "request_blocked": (Unauthorized, RIGHTS),
    "site_not_found": (Rejected, "Correct the site's name in the settings: a test site has its own."),
    "resource_not_found": (NotFound, None),
}
"""By code: `site_not_found` has the status of an invoice that is not there."""


def error_of(call: Call, reply: Reply) -> IntegrationError:
    said = reply.fields
    code, text = str(said.get("api_error_code") or ""), str(said.get("message") or "")
    if code in PERMANENT:
        kind, advice = PERMANENT[code]
        detail = f"{code}: {brief(text)} (HTTP {reply.status})"
        return refused(call, kind, detail, advice)
    words = f"{code}: {text}" if code else text
    wait = reply.headers.get("Retry-After")
    return error_for(call, reply.status, words, wait, explained=bool(code), passes=code in PASSES)
