"""What each cause means for people, who mends it, and how."""

from collections.abc import Mapping
from types import MappingProxyType

from models.reconciliation.causes import About, Cause, Owner

FINANCE: Owner = "F"
CHARTMOGUL: Owner = "C"
NOBODY: Owner = "-"
PERSON: Owner = "person"

ABOUT: Mapping[Cause, About] = MappingProxyType(
    {
        Cause.INCOMPLETE_READ: About(
            "A system was not read as a whole", NOBODY, "The run stops: read it again, then judge."
        ),
        Cause.UNIT_EXPONENT: About(
            "The amounts are a power of ten apart: a currency without two decimals",
            CHARTMOGUL,
            "Correct the amounts that are imported in this currency.",
        ),
        Cause.DRIFT: About(
            "Changed in billing after the end of the month", NOBODY, "It is gone when both are read again."
        ),
        Cause.TIMEZONE_EDGE: About(
            "It falls into the one month here, and into the other one there",
            FINANCE,
            "Give both systems the same time zone, or accept it.",
        ),
        Cause.IMPORT_LAG: About("Not imported yet", NOBODY, "Judge again when the import is done."),
        Cause.IMPORT_ERROR: About(
            "ChartMogul refused an invoice or a line", CHARTMOGUL, "Correct the row that was refused."
        ),
        Cause.DUPLICATE_SOURCE: About(
            "Counted by more than one data source",
            CHARTMOGUL,
            "Remove the data source that is one too many; nothing does so by itself.",
        ),
        Cause.MERGED_CUSTOMER: About(
            "Customers that were merged in ChartMogul", NOBODY, "Nothing: taken together they agree."
        ),
        Cause.MIGRATED_SUBSCRIPTION: About(
            "Moved to a new subscription, and the old one still counts",
            CHARTMOGUL,
            "Connect the two subscriptions.",
        ),
        Cause.DELETED_IN_BILLING: About(
            "Billing has deleted it", CHARTMOGUL, "Cancel or delete it in ChartMogul, too."
        ),
        Cause.IGNORED: About(
            "The configuration leaves it out", NOBODY, "Nothing, as long as that is what you want."
        ),
        Cause.INVOICE_HANDLING: About(
            "A first invoice is open",
            FINANCE,
            "Decide from when on a first invoice counts, in the settings of the data source.",
        ),
        Cause.FREE_OR_TRIAL: About(
            "Free, or in a trial, on one side", FINANCE, "Decide whether what is free counts."
        ),
        Cause.UNPAID_COUNTED: About(
            "Not paid, and still counted on one side",
            FINANCE,
            "Set after how many days ChartMogul lets it churn.",
        ),
        Cause.PAUSED_COUNTED: About(
            "Paused, and still counted on one side", FINANCE, "Bill a plan at 0 while it is paused."
        ),
        Cause.CANCEL_TIMING: About(
            "Cancelled, and its term goes on", FINANCE, "Let both systems count to the same day."
        ),
        Cause.REFUND_RULE: About(
            "Refunds reduce the MRR of one side", FINANCE, "Decide whether refunds count, in both systems."
        ),
        Cause.ONE_TIME_AS_RECURRING: About(
            "A one-time fee counts as a subscription",
            CHARTMOGUL,
            "Change the line's type to one-time.",
        ),
        Cause.METERED_COUNTED: About(
            "Usage counts on one side", FINANCE, "Decide whether usage counts as recurring."
        ),
        Cause.UNBILLED_CHANGE: About(
            "Changed in billing, and not invoiced yet", NOBODY, "The next invoice brings it."
        ),
        Cause.SCHEDULED_CHANGE: About(
            "A change that begins later counts on one side", NOBODY, "It is gone when the change begins."
        ),
        Cause.PRORATION_FLAG: About(
            "A line for part of a period is not marked as prorated",
            CHARTMOGUL,
            "Mark the line as prorated.",
        ),
        Cause.TAX_INCLUDED: About(
            "The line has a tax in it that ChartMogul does not know",
            CHARTMOGUL,
            "Import the tax of the line.",
        ),
        Cause.DISCOUNT_RULE: About(
            "A coupon counts on one side only", FINANCE, "Decide which coupons reduce the MRR."
        ),
        Cause.PERIOD_FACTOR: About(
            "A price is made monthly in two ways", FINANCE, "Set the factor, or the line's period, right."
        ),
        Cause.FX_RATE_DATE: About(
            "Converted at the rates of two days", NOBODY, "Nothing: ChartMogul keeps the rate of the start."
        ),
        Cause.USER_EDIT: About(
            "A person edited it in ChartMogul", CHARTMOGUL, "Keep the edit, or take it back."
        ),
        Cause.ROUNDING: About("Rounded line by line", NOBODY, "Nothing."),
        Cause.SUMMARY_POSTING: About(
            "The books hold a posting for each payout, no invoices", NOBODY, "Compare by payout."
        ),
        Cause.DATE_EDGE: About(
            "Dated in the other month, within a day of its end",
            FINANCE,
            "Let the sync tool date by the billing system's zone, or accept it.",
        ),
        Cause.MISSING_DOCUMENT: About(
            "The books do not have it", FINANCE, "Look into the sync tool's log, and post it."
        ),
        Cause.DUPLICATE_DOCUMENT: About("The books have it twice", FINANCE, "Void one of the two."),
        Cause.VOIDED_ONE_SIDE: About("Voided on one side", FINANCE, "Void it on the other side, too."),
        Cause.CREDIT_NOTE_OTHER_MONTH: About(
            "Its credit note is of another month", NOBODY, "Nothing, if the month is right."
        ),
        Cause.GROSS_NET_TAX: About(
            "With tax on one side, without on the other", FINANCE, "Set how the sync tool takes tax."
        ),
        Cause.TAX_ROUNDING: About(
            "Tax is rounded by line here, by document there", NOBODY, "Nothing, or round alike."
        ),
        Cause.FX_DOCUMENT_RATE: About(
            "Converted at another rate", FINANCE, "Post it as a gain or loss of exchange."
        ),
        Cause.FEES_NETTED: About(
            "The payment is booked less the fee", FINANCE, "Book the payment in full, and the fee apart."
        ),
        Cause.PAYMENT_TIMING: About(
            "Paid this month, paid out in the next", NOBODY, "It is in the clearing account until then."
        ),
        Cause.UNAPPLIED_CASH: About(
            "A payment that no invoice is paid by", FINANCE, "Apply it to its invoice."
        ),
        Cause.WRITE_OFF: About("Written off on one side", FINANCE, "Write it off on the other side, too."),
        Cause.BALANCE_CREDIT: About(
            "Paid from a balance or a credit note, not by money",
            NOBODY,
            "Nothing: ChartMogul's cash flow shows more than was received.",
        ),
        Cause.UNEXPLAINED: About(
            "No record shows why", PERSON, "A person looks at both records, and says what it is."
        ),
    }
)
