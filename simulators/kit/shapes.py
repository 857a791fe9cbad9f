"""What the control API takes and gives; shared by the server and its client."""

import re
from datetime import datetime
from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, field_validator

System = str
"""A vendor's name. The control API refuses one that is not simulated."""

FaultKind = Literal[
    "status", "drop_before", "drop_after", "slow", "malformed", "expired_token", "list_ends", "page_again"
]
"""`list_ends`: a page says that nothing follows. `page_again`: it has the rows of the page before it."""

Case = Literal["account", "contact_only", "several", "none", "inactive_owner"]
"""What Salesforce knows of a customer: an account with ChartMogul's uuid, only a contact with the
e-mail, two contacts on different accounts, nothing, or an account whose owner has left."""

HubSpotCase = Literal[
    "contact_and_company", "secondary_email", "two_companies", "contact_only", "company_only", "missing"
]
"""What HubSpot knows of a customer: a contact with the e-mail and its company; the same, with the e-mail
as a secondary one; two companies with the domain; only one of the two; or nothing."""

MovementType = Literal["new_biz", "reactivation", "expansion", "contraction", "churn"]

CHARTMOGUL_KEY = "cm-demo-key"
CHARTMOGUL_READ_ONLY_KEY = "cm-demo-read-only-key"
SALESFORCE_CLIENT_ID = "sf-demo-client"
SALESFORCE_CLIENT_SECRET = "sf-demo-secret"
SLACK_TOKEN = "xoxb-demo"
SLACK_APP_TOKEN = "xapp-demo"
SLACK_SIGNING_SECRET = "slack-demo-secret"
HUBSPOT_TOKEN = "pat-demo"
PRODUCT_TOKEN = "product-demo"


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class FaultRule(_Shape):
    """`path` is a regular expression, searched in the path below the system's prefix; `text` one that is
    searched in all that is said: path, query and body, without their percent signs."""

    id: int = 0
    system: System
    method: str | None = None
    path: str | None = None
    text: str | None = None
    kind: FaultKind
    status: int = Field(default=429, ge=200, le=599)
    retry_after: int | None = None
    delay_seconds: float = Field(default=0.5, ge=0)
    times: int | None = Field(default=1, ge=1, description="None: for ever")
    skip: int = Field(default=0, ge=0, description="Matching calls to let pass first")
    probability: float = Field(default=1.0, ge=0, le=1)
    at_once: int | None = Field(
        default=None, ge=1, description="Strikes only while so many calls of the system are under way"
    )
    body: Any = Field(default=None, description="Replaces the typical body of kind `status`")
    hits: int = Field(default=0, description="Calls it was applied to")

    @field_validator("path", "text")
    @classmethod
    def _is_a_pattern(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value or None

    @field_validator("method")
    @classmethod
    def _upper(cls, value: str | None) -> str | None:
        return value.upper() if value else None


class WebhookRules(_Shape):
    """`loss`, `duplicate` and `late` are probabilities per delivery; `reorder` swaps neighbours."""

    url: str | None = None
    loss: float = Field(default=0.0, ge=0, le=1)
    delay_seconds: float = Field(default=0.0, ge=0)
    duplicate: float = Field(default=0.0, ge=0, le=1)
    late: float = Field(default=0.0, ge=0, le=1)
    late_seconds: float = Field(default=0.0, ge=0, description="How long such a delivery waits")
    reorder: bool = False
    retry_base_seconds: float = Field(default=1.0, ge=0)


class Delivery(_Shape):
    """One attempt to deliver a webhook. `status_code` is None where no answer came."""

    movement: int = Field(description="Which movement, counted from 0 since the last reset")
    delivery: int = Field(description="Which delivery; a re-send is a new one")
    attempt: int = Field(description="1, then up to 17 retries")
    status_code: int | None = None
    response: Any = None
    error: str | None = None
    at: datetime
    took_ms: float = 0.0


class Call(_Shape):
    """One call of a vendor's API. `status` is None where the line was dropped."""

    system: System
    method: str
    path: str
    query: str = ""
    status: int | None = None
    fault: FaultKind | None = None
    at: datetime
    took_ms: float = 0.0


class CustomerRow(_Shape):
    number: int
    uuid: str
    external_id: str
    company: str
    name: str
    email: str
    plan: str
    mrr: int
    status: str
    case: Case
    owner_email: str | None = Field(description="Owner of the account(s) in Salesforce, if one")


class Reset(_Shape):
    customers: int = Field(default=200, ge=1, le=1_000_000)
    seed: int = 7
    movements: int | None = Field(
        default=None, ge=2, le=1000, description="How many each has had; by default a few"
    )
    invoices: int = Field(default=3, ge=0, le=100, description="How many each has, at most")


class _Happening(_Shape):
    at: AwareDatetime | None = None
    send: bool = True
    known_after_seconds: float = Field(default=0.0, ge=0, description="ChartMogul computes it this late")


class Cancellation(_Happening):
    reason: str | None = None


class Movement(_Happening):
    """For reactivate, expand and contract; `cents` is the change's size, in account currency."""

    cents: int | None = Field(default=None, gt=0)


class Payment(_Shape):
    """Of the last invoice."""

    failed: bool


class Cancellations(_Shape):
    count: int = Field(ge=1)
    case: Case | None = None
    send: bool = True
    over_seconds: float = Field(default=0.0, ge=0, description="Webhooks are spread over this time")


class Withdrawal(_Shape):
    index: int = Field(default=-1, description="Of the customer's movements since the last reset, as made")
    whole_history: bool = Field(default=False, description="Count all the customer has, oldest first")


class Restatement(Withdrawal):
    """What is not named stays; the amount's sign follows the type."""

    cents: int | None = Field(default=None, gt=0)
    type: MovementType | None = None
    at: AwareDatetime | None = None
    new_ids: bool = Field(default=True, description="As a recalculation does, for all of the customer's")


class Merger(_Shape):
    into: str = Field(description="Uuid of the customer that stays")


class Attribute(_Shape):
    """A custom attribute as people, and imports of long ago, may have named and filled it: nothing is
    refused."""

    key: str
    value: Any


class Resend(_Shape):
    index: int | None = None


class SlackRules(_Shape):
    """Slack's tiers are 20 calls a minute for conversations.list, 50 for history and users.conversations."""

    history_lag_seconds: float = Field(default=0.0, ge=0, description="Reads find a message this late")
    more_channels: int = Field(default=0, ge=0, description="Public ones that the bot is not in")
    per_minute: dict[str, int] = Field(default={}, description="Calls a minute, by method; above: 429")
    missing_scopes: list[str] = Field(default=[], description="Scopes that the app was not given")
    edit_window_closed: bool = Field(default=False, description="Messages can be changed no more")


class Interactivity(_Shape):
    """Where clicks on buttons go: to the request URL, unless the app is connected by Socket Mode."""

    url: str | None = None
    signing_secret: str = SLACK_SIGNING_SECRET


class Click(_Shape):
    """A person's, on a button of a message. `user` is a member's id or e-mail address."""

    channel: str
    ts: str
    action_id: str
    user: str
    times: int = Field(default=1, ge=1, le=10, description="Sent so often at once, as Slack may")


class Clicked(_Shape):
    """What became of one delivery of a click. `status` is None where no answer came within three seconds, or
    it was acknowledged by Socket Mode."""

    way: Literal["url", "socket", "nowhere"]
    status: int | None = None
    body: str = ""
    acknowledged: bool = False


class Told(_Shape):
    """What only one person sees, in answer to a click."""

    user: str
    channel: str
    text: str


class RecordRule(_Shape):
    """Why Salesforce refuses to write one record."""

    code: str = "FIELD_CUSTOM_VALIDATION_EXCEPTION"
    message: str = "A rule of this org says no"
    times: int | None = Field(default=None, ge=1, description="None: for ever")
    alert: bool = Field(default=False, description="A duplicate rule that a caller may pass by its header")


class SalesforceRules(_Shape):
    """What an org has that others have not."""

    unfilterable: list[str] = Field(default=[], description="Account.Field that no query may filter by")
    hidden: list[str] = Field(default=[], description="Objects to which our user has no access")
    no_tasks: list[str] = Field(default=[], description="Ids of users who can own no task")
    currencies: list[str] = Field(default=[], description="Multi-currency; the first is the company's")
    currency: str = Field(default="USD", description="Of an org with only one")


class ChartMogulRules(_Shape):
    """The limits are off by default. ChartMogul's are 40 and about 20."""

    lag_seconds: float = Field(default=0.0, ge=0, description="The API is this far behind the webhook")
    cursor_skips: bool = Field(default=False, description="Pages of /activities lose a row at each edge")
    requests_per_second: int | None = Field(default=None, ge=1, description="Above: 429")
    connections: int | None = Field(default=None, ge=1, description="Calls at once; above: 503")
    merged_answers: Literal["404", "survivor"] = Field(
        default="404", description="What the id answers of a customer that was merged into another"
    )
    merge_seconds: float = Field(
        default=0.0, ge=0, description="So long after its 202 a merge is done, and an unmerge"
    )
    keeps_types: bool = Field(
        default=True, description="An attribute of another type than its first is refused: UNVERIFIED"
    )
    metrics_zone: str = Field(default="Europe/Berlin", description="Where the metrics' days begin and end")


class OddValue(_Shape):
    """What is sent in the place of a row's field, as it stands in the JSON: `null`, `2.5`, `NaN`, a half
    pair of surrogates, an object where a word is. A field that is not there is new."""

    uuid: str = Field(description="Of the row: customer, movement, invoice, line item, transaction …")
    field: str
    raw: str


class HubSpotRules(_Shape):
    """The limits are off by default. HubSpot's are 100 to 250, by the day 250,000 and more, and 5."""

    requests_per_10_seconds: int | None = Field(default=None, ge=1, description="Above: 429")
    requests_per_day: int | None = Field(default=None, ge=1, description="Above: 429")
    searches_per_second: int | None = Field(default=None, ge=1, description="Above: 429")
    search_lag_seconds: float = Field(default=0.0, ge=0, description="Search is this far behind")
    per_row: bool = Field(default=True, description="Traced batches are written but for wrong rows")
    currencies: list[str] = Field(default=["USD", "EUR"], description="Of deals; none: they have none to set")
    unique_on_tasks: bool = Field(default=True, description="Tasks may have properties with unique values")
    missing_scopes: list[str] = Field(default=[], description="That the token lacks, of those we know")
