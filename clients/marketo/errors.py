"""What Marketo's refusals mean. Nearly all come with HTTP 200: of the whole call in `errors`, of one record
as `skipped` with `reasons`, and both by codes. Their texts quote what was sent, so that codes are told in
words of ours, and names of fields.

Source: Marketo's page "Error Codes". That codes from 600 to 699 mean that nothing was executed is its word;
604 and 611, and 713 and 719, are taken for an unknown outcome all the same: what ran into a time-out has run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from clients.kit.errors import (
    Ambiguous,
    IntegrationError,
    NotFound,
    Permanent,
    RateLimited,
    Rejected,
    Unauthorized,
)
from clients.kit.http import Call, rate_limited, refused, says_it_passes, unclear

SIGNED_OUT = {"600", "601", "602"}
EXPIRED = "602"

RATE_WAIT = timedelta(seconds=20)
"""The limit counts the calls of the last 20 seconds."""

QUOTA_WAIT = timedelta(hours=1)
"""The daily quota begins anew at midnight US Central time, and may be raised before: one looks each hour."""

NO_SUCH_FIELD = {"1006", "1011"}
ALREADY_THERE = {"1005", "1017"}
ALREADY_PAST = "1037"
NOT_IN_LIST, NOT_IN_PROGRAM = "1015", "1037"
"""Of who is taken out. A program's is the code that a status has, too."""

OF_A_FIELD = {"1001", "1002", "1003", "1006", "1011", "1018", "1021"}
"""Refusals of a record that one of its fields may be to blame for."""

COMPANY_FIELDS = frozenset(
    ("company", "site", "billingStreet", "billingCity", "billingState", "billingCountry", "billingPostalCode",
     "website", "mainPhone", "annualRevenue", "numberOfEmployees", "industry", "sicCode")
)  # fmt: skip
"""A lead's fields that are its company's, by Marketo's page "Standard Fields"."""

ROLE = (
    "In Admin, Users & Roles, give the role of the API-Only user the permission under Access API that the"
    " call needs; or let this service's IP address pass the allowlist for API access."
)
SERVICE = (
    "Check that MARKETO__BASE_URL is the REST API's endpoint in Admin, Integration, Web Services, of the same"
    " instance whose LaunchPoint service gave the Client ID."
)
MERGE = "Merge them in Marketo."
BY_ID = "Look whether it was deleted, or belongs to a workspace that the API-Only user does not see."

_PASSES = {"604": "it ran for too long", "611": "system error", "713": "transient error", "719": "lock wait"}
_NOT_DONE = {"608": "temporarily unavailable", "614": "the subscription cannot be reached"}

_SAID: dict[str, tuple[type[Permanent], str, str | None]] = {
    "600": (Unauthorized, "the access token is missing", SERVICE),
    "601": (Unauthorized, "the access token is not valid there, and neither is a new one", SERVICE),
    "602": (Unauthorized, "the access token has expired", SERVICE),
    "603": (Unauthorized, "access denied", ROLE),
    "610": (NotFound, "there is no such address in the API", None),
    "616": (Rejected, "the subscription's type does not allow it", None),
    "702": (NotFound, "nothing was found", BY_ID),
    "703": (Rejected, "the feature is not enabled for the subscription", None),
    "1001": (Rejected, "a value has the wrong type", None),
    "1002": (Rejected, "a required value is missing", None),
    "1003": (Rejected, "the data is not valid", None),
    "1004": (NotFound, "there is no such lead", BY_ID),
    "1005": (Rejected, "the lead is there already", None),
    "1006": (Rejected, "there is no such field", None),
    "1007": (Ambiguous, "several leads match", MERGE),
    "1008": (Unauthorized, "no access to the lead partition", ROLE),
    "1009": (Rejected, "a lead partition must be named", "Set MARKETO__PARTITION."),
    "1010": (Rejected, "the lead is in another lead partition", "Correct MARKETO__PARTITION."),
    "1011": (Rejected, "the field is not supported there", None),
    "1013": (NotFound, "there is no such object", BY_ID),
    "1017": (Rejected, "the record is there already", None),
    "1018": (Rejected, "the native CRM sync is on, and such records are the CRM's", "Write it in the CRM."),
    "1021": (Rejected, "company fields cannot be written with a lead", None),
    "1025": (Rejected, "the program's channel has no such status", "Correct the status in the route."),
    "1026": (Rejected, "custom objects are not enabled", None),
}


@dataclass(frozen=True)
class Said:
    """The first error of a call or of a record. `fields` are those of ours that it names, or whose value it
    quotes; its text is not kept."""

    code: str
    request_id: str = ""
    passes: bool = False
    fields: tuple[str, ...] = field(default=())

    @property
    def detail(self) -> str:
        about = f" ({', '.join(self.fields)})" if self.fields else ""
        request = f", request {self.request_id}" if self.request_id else ""
        return f"{self._words}{about} (code {self.code or 'none'}{request})"

    @property
    def _words(self) -> str:
        if self.code in _SAID:
            return _SAID[self.code][1]
        return _PASSES.get(self.code) or _NOT_DONE.get(self.code) or "refused"


def said_by(
    errors: Sequence[Mapping[str, Any]], request_id: object, sent: Mapping[str, object] | None = None
) -> Said:
    """`sent` are the values of the record that it is about."""
    first = errors[0] if errors else {}
    text = str(first.get("message") or "")
    blamed = tuple(_blamed(text, sent or {}))
    return Said(str(first.get("code") or ""), str(request_id or "")[:40], says_it_passes(text), blamed)


def error_of(call: Call, said: Said, retry_after: timedelta | None = None) -> IntegrationError:
    """By code; one that is not known is for good, unless its words ask to try again."""
    if limited := _limited(call, said, retry_after):
        return limited
    if said.code in _NOT_DONE:
        return unclear(call, said.detail, left=False, retry_after=retry_after)
    if said.code in _PASSES or (said.passes and said.code not in _SAID):
        return unclear(call, said.detail, retry_after=retry_after)
    kind, words, advice = _SAID.get(said.code, (Rejected, "refused", None))
    error = refused(call, kind, said.detail, advice)
    error.code, error.said, error.fields = said.code, words, said.fields
    return error


def _limited(call: Call, said: Said, wait: timedelta | None) -> RateLimited | None:
    if said.code == "606":
        return rate_limited(call, "more than Marketo takes in 20 seconds (code 606)", wait or RATE_WAIT)
    if said.code == "607":
        detail = "the daily quota of the instance is used up (code 607)"
        return rate_limited(call, detail, wait or QUOTA_WAIT, quota=True)
    if said.code == "615":
        return rate_limited(call, "more than Marketo takes at once (code 615)", wait)
    return None


def _blamed(text: str, sent: Mapping[str, object]) -> list[str]:
    """By name, else by the value that it quotes."""
    plain = text.replace("‘", "'").replace("’", "'").replace('"', "'")
    named = [name for name in sent if f"'{name}'" in plain]
    return named or [
        name for name, value in sent.items() if value != "" and f"'{_as_quoted(value)}'" in plain
    ]


def _as_quoted(value: object) -> str:
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.replace("‘", "'").replace("’", "'").replace('"', "'")
