"""config/reconciliation.yaml: which systems are compared, by which rules, and who looks after what."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints

from models.base import ConfigRecord
from models.business_days import Country
from models.money import Currency
from models.reconciliation.causes import Cause

Email = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=254)]
Billing = Literal["stripe", "chargebee", "recurly"]
Accounting = Literal["quickbooks", "xero"]
Zone = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Factor = Annotated[Decimal, Field(gt=0, le=1000)]


class BillingSource(ConfigRecord):
    """One data source of ChartMogul and the billing site that feeds it. It is never guessed. What a vendor's
    dashboard decides and its API does not tell is asked for here once."""

    system: Billing
    site: str = Field(default="default", description="Name of the connection in the settings")
    data_source: str = Field(description="ChartMogul's uuid of it, ds_…")
    also: list[str] = Field(default=[], description="Further data sources of the same site: duplicates")
    time_zone: Zone = Field(default="UTC", description="Of the vendor's own reports")
    discounts: Literal["forever", "recurring", "all"] | None = Field(
        default=None,
        description="Which coupons the vendor takes off its MRR; the vendor's default where empty",
    )
    cancellation: Literal["at_request", "at_end"] | None = Field(
        default=None, description="When the vendor stops to count; the vendor's default where empty"
    )
    counts_from: Literal["open", "paid"] = Field(
        default="paid", description="State of a first invoice from which the vendor counts"
    )
    documented_full_refunds: bool = Field(
        default=False, description="Its import is known to leave out invoices that were refunded in full"
    )


class Books(ConfigRecord):
    """The accounting system that holds the invoices."""

    system: Accounting
    company: str = Field(default="default", description="Name of the connection in the settings")
    time_zone: Zone = Field(default="UTC", description="In which the sync tool dates documents")
    prefixes: list[str] = Field(default=[], max_length=20, description="Before our numbers, as INV-")
    summaries: bool = Field(default=False, description="It holds a posting per payout, no invoices")


class Factors(ConfigRecord):
    """Months of a week and of a day, by which a price is made monthly: 52/12 is 4.3333…"""

    week: Factor = Decimal(52) / Decimal(12)
    day: Factor = Decimal(365) / Decimal(12)


class Tolerance(ConfigRecord):
    """`per_line` minor units for each line that is summed: halves of a cent, both ways."""

    per_line: Decimal = Field(default=Decimal("0.5"), ge=0, le=1)
    least: int = Field(default=1, ge=0, le=100, description="Minor units, however few lines")


class Ignored(ConfigRecord):
    plans: list[str] = Field(default=[], max_length=1000)
    customers: list[str] = Field(default=[], max_length=1000, description="Ids of ChartMogul or billing")


class Calendar(ConfigRecord):
    """Days of the month after. With a country they are business days there."""

    final_day: int = Field(default=3, ge=2, le=20)
    reminder_day: int = Field(default=10, ge=3, le=28)
    country: Country | None = None


class ReconciliationRules(ConfigRecord):
    """Every result names `version` and a digest of all that stands here."""

    version: int = Field(default=1, ge=1, description="Raised by whoever changes a rule or a tolerance")
    changed_because: str = Field(default="", max_length=300)
    sources: list[BillingSource] = Field(default=[], max_length=50)
    accounting: Books | None = None
    calendar: Calendar = Calendar()
    tolerance: Tolerance = Tolerance()
    chartmogul_factors: Factors = Factors()
    billing_factors: dict[Billing, Factors] = {}
    ignored: Ignored = Ignored()
    rates_file: str = Field(
        default="config/rates.csv", description="date,currency,rate,source: account currency per unit"
    )
    channel: str = Field(default="", description="Slack channel of the message on the final day")
    owners: dict[Cause, Email] = Field(default={}, description="Who looks after differences of a cause")
    default_owner: Email | None = None
    preparer: Email | None = None
    reviewers: list[Email] = Field(
        default=[], max_length=20, description="Who may sign off; anybody if empty"
    )
    sign_off_limit: dict[Currency, int] = Field(
        default={}, description="Unexplained minor units beyond which a sign-off has to say why"
    )
    keep_personal_data: bool = Field(
        default=True, description="The pack holds what was read, with names and e-mails"
    )

    def of(self, account: str) -> Self:
        """Of one of ChartMogul's accounts: connections to what bills have its name."""
        own = [each for each in self.sources if each.site == account]
        return self.model_copy(update={"sources": own})
