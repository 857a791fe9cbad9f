"""What may be written of a customer, and what ChartMogul makes of it: some of it refused, some ignored."""

import re
from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any

from simulators.chartmogul.requests import invalid, refused

TEXTS = ("name", "email", "company", "country", "state", "city", "zip", "owner", "website_url")
DATES = ("lead_created_at", "free_trial_started_at")
LEADS = ("New Lead", "Working Lead", "Qualified Lead", "Unqualified Lead")
FIELDS = (*TEXTS, *DATES, "status")
REST = ("attributes", "primary_contact")
IDENTITY = ("data_source_uuid", "external_id")

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def taken(
    body: Mapping[str, Any], country: str | None, members: Collection[str], identity: Collection[str] = ()
) -> dict[str, Any]:
    """Fields as they are kept. An owner who is no member, and a state that does not fit the country, are
    ignored in silence: so it was recorded. UNVERIFIED: that unknown fields are refused, and the words."""
    if unknown := body.keys() - {*FIELDS, *REST, *identity}:
        raise refused(400, f'Parameter "{min(unknown)}" is unknown', min(unknown))
    kept = {name: _text(name, body[name]) for name in TEXTS if name in body}
    kept |= {name: _date(name, body[name]) for name in DATES if name in body}
    if "status" in body:
        kept["status"] = _lead(body["status"])
    if kept.get("owner") and kept["owner"] not in members:
        del kept["owner"]
    if state := kept.get("state"):
        kept |= {"state": state.removeprefix("US-")}
        if not _fits(state, kept.get("country", country)):
            del kept["state"]
    return kept


def _fits(state: str, country: str | None) -> bool:
    return country == "US" and re.fullmatch(r"US-[A-Z]{2}", state) is not None


def _text(name: str, value: Any) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > 255:
        raise invalid(name, "is invalid")
    if name == "email" and value and not _EMAIL.fullmatch(value):
        raise invalid(name, "is not a valid email address")
    if name == "country" and value and not re.fullmatch(r"[A-Z]{2}", value):
        raise invalid(name, "is not a valid country code")
    return value.strip()


def _date(name: str, value: Any) -> str | None:
    """As `….000Z`."""
    if value is None:
        return None
    try:
        return zulu(value)
    except (TypeError, ValueError):
        raise invalid(name, "is not a valid date") from None


def zulu(value: Any) -> str:
    """Raises TypeError and ValueError."""
    found = datetime.fromisoformat(value)
    found = found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    return f"{found.isoformat(timespec='seconds')[:19]}.000Z"


def _lead(value: Any) -> str:
    status = str(value).replace("_", " ")
    if status not in LEADS:
        raise invalid("status", "is not a valid lead status")
    return status
