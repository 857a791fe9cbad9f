"""Payments, refunds and disputes against the books and ChartMogul, and payouts against deposits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from fractions import Fraction

from domains.reconciliation.documents.amounts import converted
from domains.reconciliation.documents.cash.causes import Till, explain, value
from domains.reconciliation.documents.cash.links import Payers
from domains.reconciliation.documents.cash.matching import BACK, Flow, Flows, Known, match
from domains.reconciliation.documents.given import Compared, DocumentBooks, key, place
from domains.reconciliation.documents.home import at_home
from domains.reconciliation.documents.month import Month, month_of
from domains.reconciliation.documents.numbers import Numbers
from domains.reconciliation.documents.payouts import Paid, paid_out, posting
from domains.reconciliation.documents.rows import Row, in_order, tie_outs
from domains.reconciliation.documents.sources import Feeds
from models.minor_units import decimals, said
from models.reconciliation.books import CashEntry, CashKind, Document, MonthCut, Side
from models.reconciliation.causes import Cause
from models.reconciliation.findings import LinkProposal, Party
from models.reconciliation.rules import ReconciliationRules

FLOWING = frozenset({CashKind.PAYMENT, CashKind.REFUND, CashKind.DISPUTE})
MOST_IDS = 20
CENT = 1


def judge_cash(given: DocumentBooks, rules: ReconciliationRules, cut: MonthCut) -> Compared:
    """As of documents: the books − billing with ChartMogul beside, else ChartMogul − billing. Payouts are
    rows of a source of their own, `stripe/default/payouts`: what moves on is not received twice."""
    warnings: list[str] = []
    if rules.accounting is None:
        theirs = _Side("chartmogul", given, rules, cut)
        rows = theirs.rows() if _has(given, "chartmogul") else []
        return Compared(in_order(rows), tie_outs(rows), theirs.proposals, warnings)
    books = _Side("accounting", given, rules, cut)
    if given.accounting is None and not _has(given, "accounting"):
        return Compared([], [], [], warnings)
    theirs = _Side("chartmogul", given, rules, cut)
    others = theirs.rows() if _has(given, "chartmogul") else []
    rows = books.rows()
    _beside(rows, theirs)
    out, at_home = books.payouts(warnings), books.at_home()
    kept = [*rows, *out, *(it for it in (*at_home, *others) if it.difference)]
    proposals = sorted({*books.proposals, *theirs.proposals}, key=lambda it: (it.step, it.right, it.left))
    return Compared(in_order(kept), tie_outs([*rows, *out, *at_home, *others]), proposals, warnings)


def _has(given: DocumentBooks, side: Side) -> bool:
    return any(each.side == side for each in given.cash)


class _Side:
    def __init__(self, side: Side, given: DocumentBooks, rules: ReconciliationRules, cut: MonthCut) -> None:
        books = rules.accounting
        zone = books.time_zone if side == "accounting" and books is not None else cut.time_zone
        self._side, self._given, self._rules = side, given, rules
        self.month, self._feeds = month_of(cut, zone), Feeds(rules)
        self._payers = Payers(given, Numbers(books.prefixes if books is not None else ()), self._feeds)
        self._paid = self._paid_out()
        self._flows = self._matched()
        self._places = sorted({place(it) for it in given.cash if it.side == "billing" and it.kind in FLOWING})

    @property
    def proposals(self) -> list[LinkProposal]:
        return self._flows.proposals

    def _matched(self) -> Flows:
        lefts, rights = self._entries(self._side), self._entries("billing")
        return match(lefts, rights, Known(self.month, self._payers_of, self._feeds, self._given.confirmed))

    def _payers_of(self, entry: CashEntry) -> set[str]:
        return {*self._payers.of(entry)}

    def _entries(self, side: Side) -> list[CashEntry]:
        return self._feeds.compared([it for it in self._given.cash if it.side == side and it.kind in FLOWING])

    # -- payments, refunds, disputes

    def rows(self) -> list[Row]:
        till = self._till()
        rows = []
        for flow in self._flows.flows:
            both = (*flow.lefts, *flow.rights)
            counts = bool(flow.step) or any(value(each) for each in both)
            if counts and any(self.month.has(each) for each in both):
                row = self._row(flow)
                explain(row, flow, till)
                rows.append(row)
        return rows

    def linked(self) -> dict[str, list[CashEntry]]:
        """Of billing's entries, by their keys."""
        found: dict[str, list[CashEntry]] = defaultdict(list)
        for flow in self._flows.flows:
            for right in flow.rights:
                found[key(right)] += flow.lefts
        return found

    def _till(self) -> Till:
        flows = self._flows.flows
        paid_for = {key(it): [*self._payers.of(it).values()] for flow in flows for it in flow.lefts}
        alone = {it for each in self.proposals for it in (each.left, each.right)}
        linked = {key(it) for flow in flows if flow.step for it in (*flow.lefts, *flow.rights)}
        return Till(
            self._side,
            self.month,
            {(place(each.payout), each.payout.id): each for each in self._paid},
            frozenset(self._summed()),
            paid_for,
            frozenset(alone - linked),
        )

    def _summed(self) -> set[str]:
        """Places whose payouts are posted, and none of whose payments is; or as the rules say."""
        books = self._rules.accounting
        if self._side != "accounting" or books is None:
            return set()
        if books.summaries:
            return {place(it) for it in self._entries("billing")}
        linked = {place(it) for flow in self._flows.flows if flow.lefts for it in flow.rights}
        return {place(each.payout) for each in self._paid if each.posting is not None} - linked

    def _row(self, flow: Flow) -> Row:
        first = (flow.rights or flow.lefts)[0]
        return Row(
            comparison="cash",
            source=self._source(flow),
            key=min(key(each) for each in (flow.rights or flow.lefts)),
            match=flow.step,
            subject=first.id,
            currency=first.currency,
            left=_party(self._side, flow.lefts, self.month),
            right=_party("billing", flow.rights, self.month),
            customer=first.customer_id,
            customer_name=first.customer_name,
            notes=[*flow.notes, *self._drift(flow)],
            documents=tuple(key(each) for each in flow.rights),
        )

    def _source(self, flow: Flow) -> str:
        where = place(flow.rights[0]) if flow.rights else (self._places[0] if len(self._places) == 1 else "")
        feed = self._feeds.of(flow.lefts[0]) if flow.lefts and not flow.rights else None
        if feed is not None:
            return feed.name
        if self._side == "accounting" or not where:
            return where or place(flow.lefts[0])
        return self._feeds.name(where)

    def _drift(self, flow: Flow) -> list[str]:
        drifted = any(key(each) in self._given.drifted for each in (*flow.lefts, *flow.rights))
        return ["it changed while it was read: DRIFT, to be judged again"] if drifted else []

    # -- payouts

    def _paid_out(self) -> list[Paid]:
        deposits = [it for it in self._given.cash if it.side == "accounting" and it.kind == CashKind.DEPOSIT]
        alive = sorted((it for it in deposits if not (it.failed or it.voided)), key=key)
        outs = (it for it in self._given.cash if it.side == "billing" and it.kind == CashKind.PAYOUT)
        return paid_out(outs, [posting(each, self.month) for each in alive], self.month)

    def payouts(self, warnings: list[str]) -> list[Row]:
        known = {key(it.posting.record) for it in self._paid if it.posting is not None}
        deposits = [it for it in self._given.cash if it.side == "accounting" and it.kind == CashKind.DEPOSIT]
        others = sum(key(it) not in known for it in deposits)
        if others:
            warnings.append(f"{others} deposits in the books belong to no payout: they are not compared")
        return [row for each in self._paid if (row := _payout_row(each, self.month)) is not None]

    # -- the home currency

    def at_home(self) -> list[Row]:
        """Payments in another currency against the documents that they pay, as the books converted both."""
        rows = []
        for flow in self._flows.flows:
            for entry in flow.lefts if self._side == "accounting" else ():
                own = self._payers.own(entry)
                if self.month.has(entry) and len(own) == 1 and value(entry):
                    row = _home_row(entry, own[0], self._source(flow))
                    rows += [row] if row is not None else []
        return rows


def _party(side: Side, entries: Sequence[CashEntry], month: Month) -> Party:
    dated = [f"dated {month.day(it)}" for it in entries[:3] if not month.has(it)]
    dead = ["failed" if it.failed else "void" for it in entries[:3] if it.failed or it.voided]
    return Party(
        side=side,
        system=entries[0].system if entries else "",
        ids=[each.id for each in entries[:MOST_IDS]],
        minor=sum(value(it) for it in entries if month.has(it)) if entries else None,
        said=", ".join([*dated, *dead]),
        link=entries[0].link if entries else "",
    )


def _beside(rows: Iterable[Row], theirs: _Side) -> None:
    if not _has(theirs._given, "chartmogul"):
        return
    linked = theirs.linked()
    for row in rows:
        found = {key(it): it for each in row.documents for it in linked.get(each, ())}
        row.third = _party("chartmogul", [*found.values()], theirs.month)


def _payout_row(paid: Paid, month: Month) -> Row | None:
    out, posted = paid.payout, paid.posting
    here = posted is not None and month.has(posted.record)
    if not (month.has(out) or here):
        return None
    left = Party(side="accounting", system="", minor=None)
    if posted is not None:
        left = Party(
            side="accounting",
            system=posted.record.system,
            ids=[posted.record.id],
            minor=posted.minor if here else 0,
            said="" if here else f"dated {posted.day}",
            link=posted.record.link,
        )
    row = Row(
        comparison="cash",
        source=f"{place(out)}/payouts",
        key=key(out),
        match=paid.step,
        subject=out.id,
        currency=out.currency,
        left=left,
        right=_party("billing", [out], month),
    )
    if row.rest:
        _explain_payout(row, paid, month, here=here)
    return row


def _explain_payout(row: Row, paid: Paid, month: Month, *, here: bool) -> None:
    out, posted = paid.payout, paid.posting
    if posted is None:
        why = f"no deposit of {said(out.amount, out.currency)} is in the books that were read"
        row.explain(Cause.MISSING_DOCUMENT, -out.amount, why, (key(out),))
        return
    records = (key(out), key(posted.record))
    if here != month.has(out):
        why = f"paid out on {month.day(out)}, at the bank on {posted.day}"
        row.explain(Cause.PAYMENT_TIMING, out.amount if here else -out.amount, why, records)
    if row.rest and abs(row.rest) <= CENT:
        row.explain(Cause.ROUNDING, row.rest, "the deposit is a cent off the payout", records)


def _by_its_rate(entry: CashEntry, home: str) -> bool:
    """Whether the rate that it states, whichever way round, makes its home amount."""
    if not entry.rate or entry.home_amount is None:
        return True
    rate = Fraction(entry.rate)
    made = (converted(entry.amount, entry.currency, each, home) for each in (rate, 1 / rate))
    return any(abs(each - entry.home_amount) <= CENT for each in made)


def _home_row(entry: CashEntry, document: Document, source: str) -> Row | None:
    home = entry.home_currency
    if home is None or home == entry.currency or home != document.home_currency or not document.total:
        return None
    paid = at_home(entry.amount, entry.currency, entry)
    owed = at_home(document.total, document.currency, document)
    if paid is None or owed is None or entry.currency != document.currency:
        return None
    part = Fraction(owed, document.total) * Fraction(10) ** (decimals(entry.currency) - decimals(home))
    sign = -1 if entry.kind in BACK else 1
    ours, theirs = sign * paid, sign * converted(entry.amount, entry.currency, part, home)
    row = Row(
        comparison="cash",
        source=f"{source}/home",
        key=key(entry),
        match=4,
        subject=document.number or document.id,
        currency=home,
        left=Party(side="accounting", system=entry.system, ids=[entry.id], minor=ours),
        right=Party(side="accounting", system=document.system, ids=[document.id], minor=theirs),
    )
    if row.rest and _by_its_rate(entry, home):
        amount = f"{said(entry.amount, entry.currency)} {entry.currency}"
        why = f"{amount} were {said(theirs, home)} when invoiced and {said(ours, home)} when paid"
        row.explain(Cause.FX_DOCUMENT_RATE, row.rest, why, (key(entry), key(document)))
    elif row.rest:
        row.rule_out(Cause.FX_DOCUMENT_RATE, "its rate does not make its home amount")
    return row
