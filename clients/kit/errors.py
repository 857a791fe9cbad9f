"""What can go wrong with an outside system, grouped by what to do about it.

IntegrationError
├── Retryable                 try again; a keyed write may simply be repeated
│   ├── RateLimited           ... after `retry_after`
│   ├── Unavailable           nothing was done
│   ├── Paused                a person has paused it: nothing was done
│   └── OutcomeUnknown        it may have been done: look before writing again where there is no key
└── Permanent                 stop and tell a person
    ├── Rejected              the request is wrong, or a rule of the system forbids it
    ├── NotFound
    ├── Ambiguous             several records match where one must
    ├── Unauthorized          the credential, or its rights
    └── Outdated              what would be written was read too long ago: read again, then write
"""

from datetime import timedelta

TITLES = {
    "chartmogul": "ChartMogul",
    "hubspot": "HubSpot",
    "connector": "any REST API",
    "quickbooks": "QuickBooks",
}


def title(system: str) -> str:
    """How people write the system's name."""
    return TITLES.get(system, system.capitalize())


class IntegrationError(Exception):
    """`system` is the client's file name; the message says what failed and, for Permanent, what to do."""

    def __init__(self, system: str, message: str) -> None:
        super().__init__(message[:2000])
        self.system = system


class Retryable(IntegrationError):
    def __init__(self, system: str, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(system, message)
        self.retry_after = retry_after


class RateLimited(Retryable):
    """Refused for now. `retry_after` is what the vendor named, or None. `quota`: it says that a quota of
    the day or of the whole account is used up."""

    def __init__(
        self, system: str, message: str, retry_after: timedelta | None = None, *, quota: bool = False
    ) -> None:
        super().__init__(system, message, retry_after)
        self.quota = quota


class Unavailable(Retryable):
    """No answer, and nothing was done: a failed connection, an outage."""


class Paused(Retryable):
    """A person has paused the system, the template, or everything: it was not even tried."""


class OutcomeUnknown(Retryable):
    """The request left and no clear answer came back: the write may have been done."""


class Permanent(IntegrationError):
    """Trying again changes nothing. `code` is the vendor's own, `fields` are those that it names, `said` are
    its words, without values. `codes` are the vendor's by field, where it has one for each."""

    def __init__(self, system: str, message: str) -> None:
        super().__init__(system, message)
        self.code, self.said = "", ""
        self.fields: tuple[str, ...] = ()
        self.codes: dict[str, str] = {}


class Rejected(Permanent):
    """The system refused the request for what it says."""


class NotFound(Permanent):
    """The object is not there, or hidden from our credential."""


class Ambiguous(Permanent):
    """Several records match where one must."""


class Unauthorized(Permanent):
    """The credential was refused or lacks a right."""


class Outdated(Permanent):
    """The write was held up until what it says may be untrue. Nothing was written."""
