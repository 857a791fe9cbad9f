"""Charges, refunds, disputes and payouts of Stripe's as records."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator

from clients.kit.tables import Row, Unreadable
from models.billing import Amount, Id, NeededId, Said, When, Words
from models.minor_units import STRIPE, minor_of
from models.reconciliation.books import CashEntry, CashKind


def _whole(value: Any) -> Any:
    return value if isinstance(value, dict) else None


class Balance(Said):
    """The balance transaction of it: in the currency in which Stripe keeps the account's money."""

    id: Id = None
    amount: int
    currency: str
    fee: int = 0
    exchange_rate: Amount = None


Expanded = Annotated[Balance | None, BeforeValidator(_whole)]


class _Money(Said):
    id: NeededId
    amount: int
    currency: str
    created: When = None
    livemode: bool = True
    status: Words = None
    customer: Id = None
    charge: Id = None
    payment_intent: Id = None
    invoice: Id = None
    balance_transaction: Expanded = None


class _BilledTo(Said):
    name: Words = None


class _Charge(_Money):
    captured: bool = True
    amount_captured: int | None = None
    billing_details: _BilledTo = _BilledTo()


class _Dispute(_Money):
    balance_transactions: list[Balance] = []


class _Payout(_Money):
    arrival_date: When = None


def charge_of(row: Row, site: str, web_url: str, documents: list[str], payout: str) -> CashEntry | None:
    """None while no money has moved: it is pending, or only held on the card."""
    said = _Charge.model_validate(row)
    failed = said.status == "failed"
    if not failed and (said.status == "pending" or not said.captured):
        return None
    amount = said.amount if failed or said.amount_captured is None else said.amount_captured
    found = _entry(
        said, CashKind.PAYMENT, amount, said.created, site, f"{web_url}/payments", documents, payout
    )
    references = [each for each in (said.payment_intent,) if each]
    more = {"failed": failed, "customer_name": said.billing_details.name or "", "references": references}
    return found.model_copy(update=more)


def refund_of(row: Row, site: str, web_url: str, documents: list[str], payout: str) -> CashEntry | None:
    said = _Money.model_validate(row)
    if said.status in ("pending", "requires_action"):
        return None
    found = _entry(
        said, CashKind.REFUND, said.amount, said.created, site, f"{web_url}/refunds", documents, payout
    )
    ended = {"failed": said.status == "failed", "voided": said.status == "canceled"}
    return found.model_copy(update={**ended, "references": [each for each in (said.charge,) if each]})


def dispute_of(row: Row, site: str, web_url: str, documents: list[str], payout: str) -> CashEntry | None:
    """None while it is no more than an inquiry. One that was won is as good as none: the money came back."""
    said = _Dispute.model_validate(row)
    if (said.status or "").startswith("warning") and not said.balance_transactions:
        return None
    link = f"{web_url}/disputes"
    found = _entry(said, CashKind.DISPUTE, said.amount, said.created, site, link, documents, payout)
    fees = [each.fee for each in said.balance_transactions]
    fee = minor_of(sum(fees), said.currency, STRIPE) if fees else found.fee
    won = {"voided": said.status == "won", "fee": fee}
    return found.model_copy(update={**won, "references": [each for each in (said.charge,) if each]})


def payout_of(row: Row, site: str, web_url: str) -> CashEntry | None:
    """By the day on which it is at the bank. None of one that takes money from there."""
    said = _Payout.model_validate(row)
    if said.amount < 0:
        return None
    at = said.arrival_date or said.created
    found = _entry(said, CashKind.PAYOUT, said.amount, at, site, f"{web_url}/payouts", [], "")
    return found.model_copy(
        update={
            "failed": said.status == "failed",
            "voided": said.status == "canceled",
            "dated": at.date() if at else None,
            "fee": None,
        }
    )


def _entry(
    said: _Money,
    kind: CashKind,
    amount: int,
    at: datetime | None,
    site: str,
    link: str,
    documents: list[str],
    payout: str,
) -> CashEntry:
    """Raises Unreadable. A fee is told in the currency of the balance, and so only where that is its own."""
    balance, currency = said.balance_transaction, said.currency.upper()
    foreign = balance is not None and balance.currency.upper() != currency
    try:
        own = minor_of(amount, currency, STRIPE)
        fee = None if balance is None or foreign else minor_of(balance.fee, currency, STRIPE)
        home = minor_of(abs(balance.amount), balance.currency, STRIPE) if balance and foreign else None
    except ValueError as error:
        raise Unreadable(f"an amount {error}") from None
    return CashEntry(
        side="billing",
        system="stripe",
        site=site,
        id=said.id,
        kind=kind,
        at=at,
        currency=currency,
        amount=abs(own),
        fee=fee,
        home_amount=home,
        home_currency=balance.currency.upper() if balance and foreign else None,
        rate=balance.exchange_rate if balance and foreign else None,
        documents=documents,
        payout=payout,
        customer_id=said.customer or "",
        link=f"{link}/{said.id}",
    )
