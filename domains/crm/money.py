"""Amounts in the currency of the record they go to: an org with several keeps one for each record."""

from decimal import Decimal

from domains.crm.match import Candidate
from models.crm import MoneyRules, ObjectMapping, rounded
from models.crm_facts import CustomerFacts, kind_of


def in_currency_of(
    record: Candidate, facts: CustomerFacts, mapping: ObjectMapping, money: MoneyRules
) -> CustomerFacts:
    """Converted by `money.exchange_rates`; without a rate an amount is left open, with the reason."""
    if record.currency in (None, facts.currency):
        return facts
    names = [
        fact
        for fact, target in mapping.fields.items()
        if kind_of(fact) == "amount" and target.to in record.money_fields
    ]
    rate = money.exchange_rates.get(record.currency)
    if rate is None:
        why = f"no exchange rate for {record.currency}, the record's currency"
        return facts.model_copy(update={"unknown": facts.unknown | dict.fromkeys(names, why)})
    amounts = {name: getattr(facts, name) for name in names}
    return facts.model_copy(
        update={name: _converted(amount, rate, record.currency) for name, amount in amounts.items()}
    )


def _converted(amount: Decimal | None, rate: Decimal, currency: str) -> Decimal | None:
    return None if amount is None else rounded(amount / rate, currency)
