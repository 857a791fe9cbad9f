"""Xero's documents and payments as its API has them, what we use of them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BeforeValidator, Field

from clients.kit.books import Exact, VendorRow
from models.billing import NeededId, Words
from models.chartmogul_values import Unfit

_DATE = re.compile(r"/Date\((-?\d{1,14})(?:[+-]\d{4})?\)/")
_FIRST = datetime(1970, 1, 1, tzinfo=UTC)

Status = Literal["DRAFT", "SUBMITTED", "DELETED", "AUTHORISED", "PAID", "VOIDED"]


def instant_of(value: Any) -> Any:
    """`/Date(1552326816230+0000)/`: milliseconds since 1970 in UTC, whatever offset follows. Also ISO 8601,
    of which the zone is UTC where there is none. Raises Unfit."""
    if not isinstance(value, str):
        return value
    if found := _DATE.fullmatch(value):
        try:
            return _FIRST + timedelta(milliseconds=int(found[1]))
        except OverflowError:
            raise Unfit("is no date") from None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        raise Unfit("is no date") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _day_of(value: Any) -> Any:
    """Midnight UTC of the day that is printed."""
    found = instant_of(value)
    return found.date() if isinstance(found, datetime) else found


Day = Annotated[date, BeforeValidator(_day_of)]
When = Annotated[AwareDatetime, BeforeValidator(instant_of)]


class Contact(VendorRow):
    contact_id: Words = Field(default=None, alias="ContactID")
    name: Words = None
    email_address: Words = None


class Line(VendorRow):
    description: Words = None
    line_amount: Exact | None = None
    tax_amount: Exact | None = None


class InvoiceName(VendorRow):
    id: Words = Field(default=None, alias="InvoiceID")
    invoice_number: Words = None
    currency_code: Words = None


class CreditNoteName(VendorRow):
    id: Words = Field(default=None, alias="CreditNoteID")
    credit_note_number: Words = None
    currency_code: Words = None


class OverpaymentName(VendorRow):
    id: Words = Field(default=None, alias="OverpaymentID")
    currency_code: Words = None


class PrepaymentName(VendorRow):
    id: Words = Field(default=None, alias="PrepaymentID")
    currency_code: Words = None


class Allocation(VendorRow):
    invoice: InvoiceName = InvoiceName()
    amount: Exact | None = None


class _Dated(VendorRow):
    dated: Day = Field(alias="Date")
    reference: Words = None
    currency_code: Words = None
    currency_rate: Exact | None = Field(default=None, gt=0)
    updated: When | None = Field(default=None, alias="UpdatedDateUTC")

    @property
    def currency(self) -> str:
        """Raises Unfit."""
        if self.currency_code is None:
            raise Unfit("CurrencyCode: is missing")
        return self.currency_code


class _Sale(_Dated):
    contact: Contact = Contact()
    status: Status
    line_amount_types: Words = None
    line_items: list[Line] = []
    total: Exact
    total_tax: Exact | None = None


class Invoice(_Sale):
    id: NeededId = Field(alias="InvoiceID")
    invoice_number: Words = None
    amount_due: Exact | None = None
    amount_credited: Exact | None = None
    credit_notes: list[CreditNoteName] = []
    payments: list["PaymentName"] = []


class CreditNote(_Sale):
    id: NeededId = Field(alias="CreditNoteID")
    type: Literal["ACCRECCREDIT", "ACCPAYCREDIT"]
    credit_note_number: Words = None
    remaining_credit: Exact | None = None
    allocations: list[Allocation] = []


class PaymentName(VendorRow):
    id: Words = Field(default=None, alias="PaymentID")


class Payment(_Dated):
    """Its currency is that of what it pays."""

    id: NeededId = Field(alias="PaymentID")
    payment_type: Words = None
    status: Literal["AUTHORISED", "DELETED"]
    amount: Exact
    bank_amount: Exact | None = None
    invoice: InvoiceName | None = None
    credit_note: CreditNoteName | None = None
    overpayment: OverpaymentName | None = None
    prepayment: PrepaymentName | None = None

    @property
    def paid(self) -> "list[InvoiceName | CreditNoteName | OverpaymentName | PrepaymentName]":
        return [each for each in (self.invoice, self.credit_note, self.overpayment, self.prepayment) if each]

    def currency_of(self, home: str) -> str:
        """Raises Unfit where it cannot be told: a rate of 1 is that of the home currency."""
        named = [self.currency_code, *(each.currency_code for each in self.paid)]
        if found := next(filter(None, named), None):
            return found
        if self.currency_rate in (None, Decimal(1)):
            return home
        raise Unfit("the currency of what it pays is missing")


class _Received(_Dated):
    """Money that is no payment of a document."""

    type: Words = None
    status: Literal["AUTHORISED", "PAID", "VOIDED", "DELETED"]
    contact: Contact = Contact()
    line_items: list[Line] = []
    total: Exact
    remaining_credit: Exact | None = None
    allocations: list[Allocation] = []


class Overpayment(_Received):
    id: NeededId = Field(alias="OverpaymentID")


class Prepayment(_Received):
    id: NeededId = Field(alias="PrepaymentID")
    invoice_number: Words = None


class BankTransaction(_Received):
    id: NeededId = Field(alias="BankTransactionID")
