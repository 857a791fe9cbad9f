"""ChartMogul's rows as records. Amounts are hundredths, also of currencies without decimals: UNVERIFIED."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from clients.kit.tables import Row, Unreadable
from models.billing import Amount, Id, NeededId, Said, When, Words
from models.minor_units import exact_minor, minor_of
from models.reconciliation.books import (
    CashEntry,
    CashKind,
    CountedCustomer,
    CountedLine,
    CountedTransaction,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    SourceSettings,
)

STATUS = {
    "open": DocumentStatus.OPEN,
    "paid": DocumentStatus.PAID,
    "refunded": DocumentStatus.PAID,
    "written_off": DocumentStatus.WRITTEN_OFF,
    "voided": DocumentStatus.VOIDED,
}
LONGEST_ERROR, MOST_ERRORS = 200, 10
HUNDREDTHS: Mapping[str, int] = {}
"""Of every currency."""


def _errors(value: Any) -> list[str]:
    if isinstance(value, dict):
        said = [f"{name}: {each}" for name, each in value.items() if each]
    else:
        said = [str(each) for each in value] if isinstance(value, list) else []
    return [each[:LONGEST_ERROR] for each in said[:MOST_ERRORS]]


def _truth(value: Any) -> bool:
    return value is True


def _texts(value: Any) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


Errors = Annotated[list[str], BeforeValidator(_errors)]
Truth = Annotated[bool, BeforeValidator(_truth)]
Texts = Annotated[list[str], BeforeValidator(_texts)]


class _Edits(Said):
    """UNVERIFIED: what is inside of `values_changed`; without the original amount it is not told."""

    values_changed: dict[str, Any] = {}

    @property
    def original(self) -> int | None:
        change = self.values_changed.get("amount_in_cents")
        old = change.get("original_value") if isinstance(change, dict) else None
        return old if isinstance(old, int) and not isinstance(old, bool) else None


class _Transaction(Said):
    uuid: Id = None
    external_id: Id = None
    type: Literal["payment", "refund"]
    date: When = None
    result: Words = None
    amount_in_cents: Amount = None
    disabled: Truth = False

    @property
    def cents(self) -> int | None:
        return None if self.amount_in_cents is None else round(self.amount_in_cents)

    def record(self) -> CountedTransaction:
        return CountedTransaction(
            id=self.external_id or self.uuid or "",
            kind=self.type,
            at=self.date,
            failed=(self.result or "").casefold() == "failed",
            amount=self.cents,
        )


class _Line(Said):
    uuid: NeededId
    external_id: Id = None
    type: Literal["subscription", "one_time"]
    subscription_uuid: Id = None
    subscription_external_id: Id = None
    subscription_set_external_id: Id = None
    plan_external_id: Id = None
    service_period_start: When = None
    service_period_end: When = None
    amount_in_cents: int
    tax_amount_in_cents: int = 0
    discount_amount_in_cents: int = 0
    quantity: Amount = None
    prorated: Truth = False
    proration_type: Words = None
    errors: Errors = []
    disabled: Truth = False
    user_created: Truth = False
    edit_history_summary: _Edits | None = None


class CountedInvoice(Said):
    uuid: NeededId
    external_id: Id = None
    customer_uuid: NeededId
    customer_external_id: Id = None
    data_source_uuid: Id = None
    date: When = None
    currency: str
    status: Words = None
    errors: Errors = []
    disabled: Truth = False
    user_created: Truth = False
    line_items: list[_Line] = []
    transactions: list[_Transaction] = []

    def lines(self) -> list[CountedLine]:
        paid = [each.record() for each in self.transactions if not each.disabled]
        return [self._line(each, paid) for each in self.line_items]

    def _line(self, line: _Line, paid: list[CountedTransaction]) -> CountedLine:
        edits = line.edit_history_summary
        by_hand = line.user_created or self.user_created or bool(edits and edits.values_changed)
        return CountedLine(
            line=line.uuid,
            line_external_id=line.external_id or "",
            invoice=self.uuid,
            invoice_external_id=self.external_id or "",
            source=self.data_source_uuid or "",
            customer=self.customer_uuid,
            customer_external_id=self.customer_external_id or "",
            subscription=line.subscription_uuid or "",
            subscription_external_id=line.subscription_external_id or "",
            set_external_id=line.subscription_set_external_id or "",
            plan=line.plan_external_id or "",
            kind=line.type,
            currency=self.currency.upper(),
            amount=line.amount_in_cents,
            tax=line.tax_amount_in_cents,
            discount=line.discount_amount_in_cents,
            quantity=Decimal(1) if line.quantity is None else line.quantity,
            starts_at=line.service_period_start,
            ends_at=line.service_period_end,
            prorated=line.prorated,
            proration=line.proration_type or "",
            invoice_at=self.date,
            invoice_status=self.status or "",
            errors=[*self.errors, *line.errors],
            disabled=self.disabled or line.disabled,
            by_hand=by_hand,
            amount_before_edit=edits.original if edits else None,
            transactions=paid,
        )

    def document(self, site: str) -> Document:
        """Raises Unreadable. Without the newer `status` its payments tell."""
        currency, total = self.currency.upper(), sum(each.amount_in_cents for each in self.line_items)
        paid = any(each.type == "payment" and each.result == "successful" for each in self.transactions)
        status = STATUS.get((self.status or "").casefold()) or (
            DocumentStatus.PAID if paid else DocumentStatus.OPEN
        )
        return Document(
            side="chartmogul",
            system="chartmogul",
            site=site,
            id=self.uuid,
            number=self.external_id or "",
            kind=DocumentKind.CREDIT_NOTE if total < 0 else DocumentKind.INVOICE,
            status=status,
            at=self.date,
            currency=currency,
            total=abs(_minor(total, currency)),
            tax=abs(_minor(sum(each.tax_amount_in_cents for each in self.line_items), currency)),
            lines=[self._document_line(each, currency) for each in self.line_items],
            references=[self.data_source_uuid] if self.data_source_uuid else [],
            customer_id=self.customer_external_id or self.customer_uuid,
        )

    def _document_line(self, line: _Line, currency: str) -> DocumentLine:
        original = line.edit_history_summary.original if line.edit_history_summary else None
        return DocumentLine(
            net=_exact(line.amount_in_cents - line.tax_amount_in_cents, currency),
            tax=_exact(line.tax_amount_in_cents, currency),
            id=line.external_id or line.uuid,
            by_hand=line.user_created or self.user_created,
            before_edit=None if original is None else exact_minor(original, currency, HUNDREDTHS),
        )

    def cash(self, site: str) -> list[CashEntry]:
        """Of a transaction without an amount: all of the invoice. Raises Unreadable."""
        currency, total = self.currency.upper(), sum(each.amount_in_cents for each in self.line_items)
        return [
            CashEntry(
                side="chartmogul",
                system="chartmogul",
                site=site,
                id=each.external_id or each.uuid or f"{self.uuid}:{number}",
                kind=CashKind.PAYMENT if each.type == "payment" else CashKind.REFUND,
                failed=(each.result or "").casefold() == "failed",
                at=each.date,
                currency=currency,
                amount=abs(_minor(total if each.cents is None else each.cents, currency)),
                documents=[self.external_id or self.uuid],
                references=[self.data_source_uuid] if self.data_source_uuid else [],
                customer_id=self.customer_external_id or self.customer_uuid,
            )
            for number, each in enumerate(self.transactions)
            if not each.disabled
        ]


class _Customer(Said):
    uuid: NeededId
    name: Words = None
    company: Words = None
    email: Words = None
    external_id: Id = None
    external_ids: Texts = []
    data_source_uuid: Id = None
    data_source_uuids: Texts = []
    mrr: Amount = None
    link: Words = Field(default=None, alias="chartmogul-url")


class _Processing(Said):
    failed: int | None = None
    pending: int | None = None


class _AutoChurn(Said):
    enabled: Truth = False
    interval: int | None = None


class _Handling(Said):
    create_subscription_when_invoice_is: Words = None


class _Handlings(Said):
    automatic: _Handling = _Handling()
    manual: _Handling = _Handling()


class _Source(Said):
    uuid: NeededId
    name: Words = None
    system: Words = None
    status: Words = None
    processing_status: _Processing = _Processing()
    auto_churn_subscription_setting: _AutoChurn | None = None
    invoice_handling_setting: _Handlings = _Handlings()


def customer_of(row: Row) -> CountedCustomer:
    """Raises ValidationError. Whom it took in, ChartMogul tells by their external ids alone."""
    said = _Customer.model_validate(row)
    ids = [said.external_id, *said.external_ids]
    sources = [said.data_source_uuid, *said.data_source_uuids]
    return CountedCustomer(
        uuid=said.uuid,
        name=said.company or said.name or "",
        email=said.email or "",
        external_ids=list(dict.fromkeys(each for each in ids if each)),
        sources=list(dict.fromkeys(each for each in sources if each)),
        mrr=None if said.mrr is None else round(said.mrr),
        link=said.link or "",
    )


def source_of(row: Row) -> SourceSettings:
    """Raises ValidationError. When a subscription counts, the invoices decide that are charged by
    themselves; a word of which nothing is known is as good as none."""
    said = _Source.model_validate(row)
    state = said.invoice_handling_setting.automatic.create_subscription_when_invoice_is
    churn = said.auto_churn_subscription_setting
    return SourceSettings(
        uuid=said.uuid,
        name=said.name or "",
        system=said.system or "",
        status=said.status or "",
        pending=said.processing_status.pending,
        failed=said.processing_status.failed,
        auto_churn_days=churn.interval if churn and churn.enabled else None,
        counts_from="open" if state == "open" else "paid" if state == "paid" else None,
    )


def _exact(hundredths: int, currency: str) -> Decimal:
    return Decimal(_minor(hundredths, currency))


def _minor(hundredths: int, currency: str) -> int:
    try:
        return minor_of(Decimal(hundredths).scaleb(-2), currency)
    except ValueError as error:
        raise Unreadable(f"an amount {error}") from None
