"""The labelled corpus of documents and cash: what is written on both sides, and what has to be found.

Each case begins with sides that agree, and changes one thing.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from domains.reconciliation.documents.cash.judge import judge_cash
from domains.reconciliation.documents.given import Compared, DocumentBooks
from domains.reconciliation.documents.judge import judge_documents
from models.reconciliation.books import (
    CashEntry,
    CashKind,
    Document,
    DocumentKind,
    DocumentLine,
    DocumentStatus,
    MonthCut,
)
from models.reconciliation.causes import Cause
from models.reconciliation.rules import ReconciliationRules
from tests.reconciliation.documents import writing
from tests.reconciliation.documents.writing import (
    ALONE,
    CURRENCIES,
    at,
    cash,
    in_billing,
    in_books,
    in_mogul,
    lines,
    rules,
    tax_line_by_line,
    tax_once,
    uneven,
)

SEEDS = 20
Sums = Mapping[Cause, int]


@dataclass
class Case:
    """`sums` and `unexplained` are over all rows."""

    label: str
    sums: Sums = field(default_factory=dict)
    unexplained: list[int] = field(default_factory=list)
    billing: list[Document] = field(default_factory=list)
    accounting: list[Document] | None = field(default_factory=list)
    chartmogul: list[Document] | None = None
    cash: list[CashEntry] = field(default_factory=list)
    of_cash: bool = False
    rules: ReconciliationRules = field(default_factory=rules)
    cut: MonthCut = field(default_factory=writing.cut)

    def judged(self) -> Compared:
        books = DocumentBooks(
            billing=self.billing, accounting=self.accounting, chartmogul=self.chartmogul, cash=self.cash
        )
        judge = judge_cash if self.of_cash else judge_documents
        return judge(books, self.rules, self.cut)


def found(compared: Compared) -> tuple[dict[Cause, int], list[int]]:
    sums: Counter[Cause] = Counter()
    for finding in compared.findings:
        for each in finding.causes:
            sums[each.cause] += each.minor
    return dict(sums), sorted(each.unexplained for each in compared.findings if each.unexplained)


Maker = Callable[[Random], Case]
EDGES = (
    (31, 23, "Europe/Berlin", date(2026, 11, 1), -1),
    (31, 12, "Pacific/Auckland", date(2026, 11, 1), -1),
    (1, 3, "America/New_York", date(2026, 9, 30), -1),
)


def _price(random: Random) -> int:
    return random.randint(500, 500_000)


def _agreeing(random: Random, case: Case) -> Case:
    """Some more that agree, of several currencies."""
    for number in range(900, 904):
        total, currency = _price(random), random.choice(CURRENCIES)
        case.billing.append(in_billing(number, total, currency=currency))
        if case.accounting is not None:
            case.accounting.append(in_books(number, total, currency=currency))
        if case.chartmogul is not None:
            case.chartmogul.append(in_mogul(number, total, currency=currency))
    return case


def summary_posting(random: Random) -> Case:
    prices = [_price(random) for _ in range(random.randint(2, 6))]
    fees = [price * 29 // 1000 + 30 for price in prices]
    net = sum(prices) - sum(fees)
    case = Case("SUMMARY_POSTING", {Cause.SUMMARY_POSTING: -sum(fees)})
    case.billing = [in_billing(number, price) for number, price in enumerate(prices)]
    for number, (price, fee) in enumerate(zip(prices, fees, strict=True)):
        more: dict[str, Any] = {"fee": fee, "payout": "po_1", "documents": [f"in_{number}"]}
        case.cash.append(cash("billing", f"ch_{number}", price, **more))
    case.cash.append(cash("billing", "po_1", net, CashKind.PAYOUT, dated=date(2026, 10, 14)))
    if random.random() < 0.5:
        journal = in_books(7, net, kind=DocumentKind.JOURNAL, number="JE-7", dated=date(2026, 10, 14))
        case.accounting = [journal]
    else:
        case.cash.append(cash("accounting", "D7", net, CashKind.DEPOSIT, dated=date(2026, 10, 15)))
    case.rules = rules(summaries=random.random() < 0.5)
    return case


def date_edge(random: Random) -> Case:
    day, hour, zone, printed, sign = random.choice(EDGES)
    total = _price(random)
    case = Case("DATE_EDGE", {Cause.DATE_EDGE: sign * total}, rules=rules(zone))
    case.billing = [in_billing(1, total, at=at(day, hour, random.randint(0, 59)))]
    case.accounting = [in_books(1, total, dated=printed)]
    return _agreeing(random, case)


def missing_document(random: Random) -> Case:
    total, credit = _price(random), random.random() < 0.3
    case = Case("MISSING_DOCUMENT", {Cause.MISSING_DOCUMENT: total if credit else -total})
    kind = DocumentKind.CREDIT_NOTE if credit else DocumentKind.INVOICE
    case.billing = [in_billing(1, total, kind=kind)]
    return _agreeing(random, case)


def duplicate_document(random: Random) -> Case:
    total = _price(random)
    case = Case("DUPLICATE_DOCUMENT", {Cause.DUPLICATE_DOCUMENT: total}, billing=[in_billing(1, total)])
    case.cash = [cash("billing", "ch_1", total, documents=["in_1"])]
    other = random.choice(
        [
            in_books(2, total, number="INV-00001"),
            in_books(2, total, number="1044", references=["Invoice inv-1"]),
            in_books(2, total, number="1044", kind=DocumentKind.SALES_RECEIPT, references=["ch_1"]),
            in_books(2, total, number="", kind=DocumentKind.SALES_RECEIPT, customer_id="1"),
        ]
    )
    case.accounting = [in_books(1, total), other]
    return _agreeing(random, case)


def voided_one_side(random: Random) -> Case:
    total = _price(random)
    variants: list[tuple[dict[str, Any], dict[str, Any], int]] = [
        ({"status": DocumentStatus.VOIDED, "total": 0}, {}, -1),
        ({"status": DocumentStatus.DELETED}, {"status": DocumentStatus.OPEN}, -1),
        ({}, {"status": DocumentStatus.VOIDED}, 1),
    ]
    here, there, sign = random.choice(variants)
    case = Case("VOIDED_ONE_SIDE", {Cause.VOIDED_ONE_SIDE: sign * total})
    case.billing = [in_billing(1, total, **there)]
    case.accounting = [in_books(1, **({"total": total} | here))]
    return _agreeing(random, case)


def credit_note_other_month(random: Random) -> Case:
    total, credit = 500_000, _price(random)
    here, there = (5, 11) if random.random() < 0.5 else (20, 9)
    case = Case("CREDIT_NOTE_OTHER_MONTH", {Cause.CREDIT_NOTE_OTHER_MONTH: credit})
    note = {"kind": DocumentKind.CREDIT_NOTE, "number": "CN-1", "links": ["in_1"]}
    case.billing = [in_billing(1, total), in_billing(2, credit, at=at(here), **note)]
    books = {"kind": DocumentKind.CREDIT_NOTE, "number": "CN-1", "links": ["1"]}
    case.accounting = [in_books(1, total), in_books(2, credit, dated=date(2026, there, 20), **books)]
    return _agreeing(random, case)


def gross_net_tax(random: Random) -> Case:
    net, percent = _price(random), random.choice([7, 19, 20, 21])
    tax = net * percent // 100
    books_net = random.random() < 0.5
    case = Case("GROSS_NET_TAX", {Cause.GROSS_NET_TAX: -tax if books_net else tax})
    gross = {"total": net + tax, "tax": tax}
    bare = {"total": net, "tax": random.choice([0, None])}
    case.billing = [in_billing(1, **(gross if books_net else bare))]
    case.accounting = [in_books(1, **(bare if books_net else gross))]
    return _agreeing(random, case)


def tax_rounding(random: Random) -> Case:
    nets, percent = uneven(random)
    once, by_line = tax_once(nets, percent), tax_line_by_line(nets, percent)
    ours, theirs = (by_line, once) if random.random() < 0.5 else (once, by_line)
    case = Case("TAX_ROUNDING", {Cause.TAX_ROUNDING: ours - theirs})
    held = lines(nets, percent)
    case.billing = [in_billing(1, sum(nets) + theirs, tax=theirs, lines=held)]
    case.accounting = [in_books(1, sum(nets) + ours, tax=ours)]
    return _agreeing(random, case)


def fx_document_rate(random: Random) -> Case:
    total = _price(random)
    one, other = random.sample(range(10_000, 12_000), 2)
    ours, theirs = (total * each + 5_000 for each in (one, other))
    ours, theirs = ours // 10_000, theirs // 10_000
    home = {"home_currency": "USD"}
    case = Case("FX_DOCUMENT_RATE", {Cause.FX_DOCUMENT_RATE: ours - theirs} if ours != theirs else {})
    if random.random() < 0.5:
        billed = {"home_total": theirs, "rate": Decimal(other) / 10_000, **home}
        case.billing = [in_billing(1, total, **billed)]
        rate = Decimal(one) / 10_000
        case.accounting = [in_books(1, total, home_total=ours, rate=rate, **home)]
        return _agreeing(random, case)
    case.of_cash = True
    case.billing = [in_billing(1, total)]
    case.accounting = [in_books(1, total, home_total=theirs, **home)]
    paid: dict[str, Any] = {"documents": ["1"], "home_amount": ours, "rate": Decimal(one) / 10_000, **home}
    case.cash = [cash("billing", "ch_1", total, documents=["in_1"])]
    case.cash.append(cash("accounting", "P1", total, **paid))
    return case


def fees_netted(random: Random) -> Case:
    total = _price(random)
    fee = total * 29 // 1000 + 30
    case = Case("FEES_NETTED", {Cause.FEES_NETTED: -fee}, of_cash=random.random() < 0.7)
    case.billing, case.accounting = [in_billing(1, total)], [in_books(1, total)]
    case.cash = [cash("billing", "ch_1", total, fee=fee, documents=["in_1"])]
    if not case.of_cash:
        receipt = {"kind": DocumentKind.SALES_RECEIPT, "references": ["ch_1"], "number": "1044"}
        case.accounting = [in_books(1, total - fee, **receipt)]
        return _agreeing(random, case)
    by_id = random.random() < 0.5
    named: dict[str, Any] = {"references": ["Stripe ch_1"]} if by_id else {"documents": ["1"]}
    case.cash.append(cash("accounting", "P1", total - fee, **named))
    return case


def payment_timing(random: Random) -> Case:
    total = _price(random)
    case = Case("PAYMENT_TIMING", {Cause.PAYMENT_TIMING: -total}, of_cash=True)
    arrival = date(2026, 11, 4)
    case.billing, case.accounting = [in_billing(1, total)], [in_books(1, total)]
    payout = cash("billing", "po_1", total, CashKind.PAYOUT, at=at(2, month=11), dated=arrival)
    charge = cash("billing", "ch_1", total, at=at(29), payout="po_1", documents=["in_1"])
    if random.random() < 0.5:
        booked = cash("accounting", "P1", total, dated=arrival, references=["ch_1"])
        case.cash = [charge, payout, booked]
    else:
        case.cash = [cash("billing", "po_2", total, CashKind.PAYOUT, at=at(30), dated=date(2026, 11, 3))]
        case.cash.append(cash("accounting", "D1", total, CashKind.DEPOSIT, dated=date(2026, 11, 3)))
    return case


def unapplied_cash(random: Random) -> Case:
    total, more = _price(random), random.randint(100, 5_000)
    case = Case("UNAPPLIED_CASH", {Cause.UNAPPLIED_CASH: more}, of_cash=True)
    case.billing, case.accounting = [in_billing(1, total)], [in_books(1, total)]
    case.cash = [cash("billing", "ch_1", total, documents=["in_1"])]
    if random.random() < 0.5:
        case.cash.append(cash("accounting", "P1", total, documents=["1"]))
        case.cash.append(cash("accounting", "P2", more, unapplied=more))
    else:
        case.cash.append(cash("accounting", "P1", total + more, documents=["1"], unapplied=more))
    return case


def write_off(random: Random) -> Case:
    total = _price(random)
    case = Case("WRITE_OFF", {Cause.WRITE_OFF: -total})
    case.billing = [in_billing(1, total, status=DocumentStatus.WRITTEN_OFF)]
    entry = {"kind": DocumentKind.CREDIT_NOTE, "number": "1051"}
    variant = random.randrange(3)
    if variant == 0:
        case.accounting = [in_books(1, total, due=0), in_books(2, total, links=["1"], **entry)]
    elif variant == 1:
        case.accounting = [in_books(1, total, due=0), in_books(2, total, references=["INV-00001"], **entry)]
    else:
        case.accounting = [in_books(1, total, due=total)]
        case.sums = {Cause.WRITE_OFF: 0}
    return _agreeing(random, case)


def balance_credit(random: Random) -> Case:
    balance = _price(random)
    total = balance + random.randint(0, 1) * _price(random)
    case = Case("BALANCE_CREDIT", {Cause.BALANCE_CREDIT: balance}, rules=ALONE, accounting=None)
    if random.random() < 0.3:
        note = in_billing(2, balance, kind=DocumentKind.CREDIT_NOTE, number="CN-2", links=["in_1"])
        case.billing, case.chartmogul = [in_billing(1, total), note], [in_mogul(1, total)]
        return _agreeing(random, case)
    case.of_cash = True
    case.billing, case.chartmogul = [in_billing(1, total, from_balance=balance)], [in_mogul(1, total)]
    case.cash = [cash("chartmogul", "tr_1", total, documents=["inv_1"])]
    if total > balance:
        case.cash.append(cash("billing", "ch_1", total - balance, documents=["in_1"]))
    return case


CODES: tuple[Maker, ...] = (
    summary_posting, date_edge, missing_document, duplicate_document, voided_one_side,
    credit_note_other_month, gross_net_tax, tax_rounding, fx_document_rate, fees_netted, payment_timing,
    unapplied_cash, write_off, balance_credit,
)  # fmt: skip


def user_edit(random: Random) -> Case:
    """A person edited a line of an invoice, added one to it, or made the whole of it."""
    total, more = _price(random), _price(random)
    case = Case("USER_EDIT", {Cause.USER_EDIT: more}, rules=ALONE, accounting=None)
    case.billing, taxed = [in_billing(1, total)], Decimal(more) / 4
    edited = DocumentLine(net=total + more - taxed, tax=taxed, id="li_1", before_edit=Decimal(total))
    made = DocumentLine(net=more - taxed, tax=taxed, id="li_2", by_hand=True)
    variant = random.randrange(3)
    if variant == 0:
        case.chartmogul = [in_mogul(1, total + more, lines=[edited])]
    elif variant == 1:
        imported = DocumentLine(net=Decimal(total), id="li_1")
        case.chartmogul = [in_mogul(1, total + more, lines=[imported, made])]
    else:
        case.chartmogul = [in_mogul(1, total), in_mogul(2, more, number="by hand", lines=[made])]
    return _agreeing(random, case)


SHARED: tuple[Maker, ...] = (user_edit,)
"""Causes that MRR has, too."""


# -- two causes in one row


def pair_edge_and_tax(random: Random) -> Case:
    """As November sees it."""
    net = _price(random)
    tax = net * 19 // 100
    sums = {Cause.DATE_EDGE: net + tax, Cause.GROSS_NET_TAX: -tax}
    case = Case("pair: edge, tax", sums, rules=rules("Europe/Berlin"), cut=writing.cut(period="2026-11"))
    case.billing = [in_billing(1, net + tax, tax=tax, at=at(31, 23, 30))]
    case.accounting = [in_books(1, net, dated=date(2026, 11, 1))]
    return case


def pair_fee_and_unapplied(random: Random) -> Case:
    total, more = _price(random), random.randint(1_000, 9_999)
    fee = total * 29 // 1000 + 30
    if fee == more:
        more += 1
    case = Case("pair: fee, unapplied", {Cause.FEES_NETTED: -fee, Cause.UNAPPLIED_CASH: more}, of_cash=True)
    case.billing, case.accounting = [in_billing(1, total)], [in_books(1, total)]
    case.cash = [cash("billing", "ch_1", total, fee=fee, documents=["in_1"])]
    case.cash.append(cash("accounting", "P1", total - fee + more, documents=["1"], unapplied=more))
    return case


def pair_twice_and_net(random: Random) -> Case:
    net = _price(random)
    tax = net * 20 // 100
    case = Case("pair: twice, tax", {Cause.DUPLICATE_DOCUMENT: net, Cause.GROSS_NET_TAX: -tax})
    case.billing = [in_billing(1, net + tax, tax=tax)]
    case.accounting = [in_books(1, net), in_books(2, net, number="INV-00001")]
    return _agreeing(random, case)


def pair_twice_and_rounding(random: Random) -> Case:
    nets, percent = uneven(random)
    once, by_line = tax_once(nets, percent), tax_line_by_line(nets, percent)
    booked = sum(nets) + by_line
    sums = {Cause.DUPLICATE_DOCUMENT: booked, Cause.TAX_ROUNDING: by_line - once}
    case = Case("pair: twice, rounding", sums)
    case.billing = [in_billing(1, sum(nets) + once, tax=once, lines=lines(nets, percent))]
    case.accounting = [in_books(it, booked, tax=by_line, number="INV-00001") for it in (1, 2)]
    return _agreeing(random, case)


def pair_rounding_and_balance(random: Random) -> Case:
    nets, percent = uneven(random)
    once, by_line = tax_once(nets, percent), tax_line_by_line(nets, percent)
    sums = {Cause.TAX_ROUNDING: by_line - once, Cause.BALANCE_CREDIT: -150}
    case = Case("pair: rounding, balance", sums)
    bill = {"tax": once, "lines": lines(nets, percent), "from_balance": 150}
    case.billing = [in_billing(1, sum(nets) + once, **bill)]
    case.accounting = [in_books(1, sum(nets) + by_line - 150, tax=by_line)]
    return _agreeing(random, case)


PAIRS: tuple[Maker, ...] = (
    pair_edge_and_tax, pair_fee_and_unapplied, pair_twice_and_net, pair_twice_and_rounding,
    pair_rounding_and_balance,
)  # fmt: skip


# -- controls: no difference, no cause


def control(random: Random) -> Case:
    nets, percent = uneven(random)
    tax, held = tax_once(nets, percent), lines(nets, percent)
    more = {"tax": tax, "currency": random.choice(CURRENCIES)}
    case = Case("control", chartmogul=[in_mogul(1, sum(nets) + tax, currency=more["currency"])])
    case.billing = [in_billing(1, sum(nets) + tax, lines=held, from_balance=random.choice([0, 100]), **more)]
    case.accounting = [in_books(1, sum(nets) + tax, **more)]
    return _agreeing(random, case)


def control_of_cash(random: Random) -> Case:
    total = _price(random)
    case = Case("control of cash", of_cash=True, billing=[in_billing(1, total)])
    case.accounting = [in_books(1, total)]
    case.cash = [
        cash("billing", "ch_1", total, fee=99, documents=["in_1"], payout="po_1"),
        cash("accounting", "P1", total, documents=["1"]),
        cash("billing", "re_1", total // 2, CashKind.REFUND, payout="po_1"),
        cash("accounting", "R1", total // 2, CashKind.REFUND, references=["re_1"]),
        cash("billing", "po_1", total - total // 2 - 99, CashKind.PAYOUT),
        cash("accounting", "D1", total - total // 2 - 99, CashKind.DEPOSIT, references=["po_1"]),
    ]
    return case


# -- decoys: a difference that no record explains


def _off(random: Random, *predicted: int) -> int:
    """A difference of no amount that a record allows."""
    while (off := random.randint(-400, 400)) in {0, *predicted, *(-each for each in predicted)}:
        pass
    return off


def decoy_with_tax(random: Random) -> Case:
    net = _price(random)
    tax = net * 19 // 100
    off = _off(random, tax)
    case = Case("decoy: tax", unexplained=[off], billing=[in_billing(1, net + tax, tax=tax)])
    case.accounting = [in_books(1, net + tax + off, tax=random.choice([tax, None]))]
    return _agreeing(random, case)


def decoy_with_rounding(random: Random) -> Case:
    nets, percent = uneven(random)
    tax = tax_once(nets, percent)
    off = _off(random, tax - tax_line_by_line(nets, percent))
    case = Case("decoy: rounding", unexplained=[off])
    case.billing = [in_billing(1, sum(nets) + tax, tax=tax, lines=lines(nets, percent))]
    case.accounting = [in_books(1, sum(nets) + tax + off, tax=tax + off)]
    return _agreeing(random, case)


def decoy_with_balance(random: Random) -> Case:
    total = _price(random)
    off = _off(random, 250)
    case = Case("decoy: balance", unexplained=[off], billing=[in_billing(1, total, from_balance=250)])
    case.accounting = [in_books(1, total + off)]
    return _agreeing(random, case)


def decoy_with_fee(random: Random) -> Case:
    total = _price(random)
    off = _off(random, 59, 77, 18, 136)
    case = Case("decoy: fee", unexplained=[off], of_cash=True)
    case.billing, case.accounting = [in_billing(1, total)], [in_books(1, total)]
    case.cash = [cash("billing", "ch_1", total, fee=59, documents=["in_1"])]
    case.cash.append(cash("accounting", "P1", total + off, documents=["1"], unapplied=77))
    return case


def decoy_with_home(random: Random) -> Case:
    """The home amount is not what the rate makes."""
    total = 100_000
    off = _off(random) * 10
    home: dict[str, Any] = {"home_currency": "USD", "rate": Decimal("1.1")}
    case = Case("decoy: home amount", unexplained=[off], of_cash=True, billing=[in_billing(1, total)])
    case.accounting = [in_books(1, total, home_total=110_000, **home)]
    case.cash = [cash("billing", "ch_1", total, documents=["in_1"])]
    case.cash.append(cash("accounting", "P1", total, documents=["1"], home_amount=110_000 + off, **home))
    return case


def decoy_far_from_the_edge(random: Random) -> Case:
    total = _price(random)
    case = Case("decoy: other month", unexplained=[-total], billing=[in_billing(1, total, at=at(31, 23))])
    case.accounting = [in_books(1, total, dated=date(2026, 11, random.randint(3, 30)))]
    return _agreeing(random, case)


def decoy_credit_of_nothing(random: Random) -> Case:
    """A credit in another month that belongs to no invoice, and one in the books alone."""
    total = _price(random)
    note = {"kind": DocumentKind.CREDIT_NOTE, "number": "CN-1"}
    case = Case("decoy: credit", unexplained=[total], billing=[in_billing(1, total, **note)])
    case.accounting = [in_books(1, total, dated=date(2026, 11, 20), **note)]
    if random.random() < 0.5:
        case.billing, case.unexplained = [], [-total]
        case.accounting = [in_books(1, total, references=["goodwill"], **note)]
    return _agreeing(random, case)


def decoy_with_an_edit(random: Random) -> Case:
    """Of something else than the amount, beside a difference; and one that is not all of it."""
    total, off = _price(random), _off(random, 700)
    line = DocumentLine(net=Decimal(total + off), id="li_1")
    case = Case("decoy: edit", unexplained=[off], rules=ALONE, accounting=None)
    if random.random() < 0.5:
        line = line.model_copy(update={"before_edit": Decimal(total + off - 700)})
        case.sums, case.unexplained = {Cause.USER_EDIT: 700}, [off - 700]
    case.billing, case.chartmogul = [in_billing(1, total)], [in_mogul(1, total + off, lines=[line])]
    return _agreeing(random, case)


def decoy_plausible(random: Random) -> Case:
    """VAT, a fifth, a fee, days of a month: amounts like causes, and no record of one."""
    total = random.randint(10_000, 500_000)
    shares = (total * 19 // 119, total // 5, total * 29 // 1000 + 30, total * random.randint(1, 30) // 31)
    off = -random.choice(shares)
    of_cash = random.random() < 0.5
    case = Case("decoy: plausible", unexplained=[off], of_cash=of_cash, billing=[in_billing(1, total)])
    case.accounting = [in_books(1, total if of_cash else total + off)]
    if of_cash:
        case.cash = [cash("billing", "ch_1", total, documents=["in_1"])]
        case.cash.append(cash("accounting", "P1", total + off, references=["ch_1"]))
    return case if of_cash else _agreeing(random, case)


def decoy_in_the_books_alone(random: Random) -> Case:
    total = _price(random)
    case = Case("decoy: books alone", unexplained=[total], accounting=[in_books(1, total, number="9001")])
    return _agreeing(random, case)


OTHERS: tuple[Maker, ...] = (
    control, control_of_cash, decoy_with_tax, decoy_with_rounding, decoy_with_balance, decoy_with_fee,
    decoy_with_home, decoy_with_an_edit, decoy_far_from_the_edge, decoy_credit_of_nothing, decoy_plausible,
    decoy_in_the_books_alone,
)  # fmt: skip


# -- the table


@dataclass
class Line:
    label: str
    cases: int = 0
    right: int = 0
    false_causes: int = 0
    closing: int = 0


def run(seeds: int = SEEDS) -> Iterator[Line]:
    for maker in (*CODES, *SHARED, *PAIRS, *OTHERS):
        line = Line("")
        for seed in range(seeds):
            case = maker(Random(f"{maker.__name__} {seed}"))
            compared = case.judged()
            sums, unexplained = found(compared)
            line.label = case.label
            line.cases += 1
            line.right += (sums, unexplained) == (dict(case.sums), sorted(case.unexplained))
            line.false_causes += bool(set(sums) - set(case.sums))
            line.closing += all(each.closes for each in compared.tie_outs)
        yield line


def table(found_lines: list[Line]) -> str:
    rows = [f"{'label':<26}{'cases':>6}{'right':>6}{'false':>6}{'closes':>7}"]
    for it in found_lines:
        rows.append(f"{it.label:<26}{it.cases:>6}{it.right:>6}{it.false_causes:>6}{it.closing:>7}")
    return "\n".join(rows)
