"""A month as it was judged: eight causes, two rows that nobody can explain, documents of two currencies."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from domains.reconciliation.report.reviewed import Reviewed
from models.reconciliation.books import AccountSettings, Control, MonthCut, SourceSettings
from models.reconciliation.causes import About, Cause
from models.reconciliation.findings import (
    CauseSum,
    Comparison,
    Explained,
    Finding,
    Judgement,
    LinkProposal,
    Party,
    Restated,
    RuledOut,
    TieOut,
)
from models.reconciliation.rules import BillingSource, Books, ReconciliationRules
from models.templates.reconciliation import NoteOfPerson, SignOff

STRIPE, CHARGEBEE = "stripe default", "chargebee emea"
DATA_SOURCE = "ds_00000000-0000-0000-0000-000000000001"
START = datetime(2026, 9, 30, 22, tzinfo=UTC)
END = datetime(2026, 10, 31, 23, tzinfo=UTC)
NASTY = '<script>alert("x")</script>'

Given = tuple[str, int | None, int | None, Sequence[tuple[Cause, int, str]]]
"""Customer, ChartMogul, billing, causes. The rest is unexplained."""

MRR: Sequence[Given] = (
    ("Acme Bakery", 80_00, 100_00, [(Cause.DISCOUNT_RULE, -20_00, "Coupon 20 % once, in force in October")]),
    ("Brightside Dental", 119_00, 100_00, [(Cause.TAX_INCLUDED, 19_00, "19 % VAT, none on the line")]),
    ("Cobalt Labs", 549_00, 49_00, [(Cause.ONE_TIME_AS_RECURRING, 500_00, "Set-up as a subscription line")]),
    ("Dover Freight", 120_00, 168_00, [(Cause.UNBILLED_CHANGE, -48_00, "10 seats on the line, 14 since")]),
    ("Elm Street Yoga", 100_00, None, [(Cause.CANCEL_TIMING, 100_00, "Cancelled 10 October for 1 March")]),
    ("Foxglove Media", 59_00, 0, [(Cause.UNPAID_COUNTED, 59_00, "unpaid for 34 days")]),
    ("Granite & Sons", 0, 39_00, [(Cause.IMPORT_ERROR, -39_00, "Invoice in_88 was rejected: no plan")]),
    ("Harbor Tools", 50_01, 50_00, [(Cause.ROUNDING, 1, "Three lines of 1,667 against one rounding")]),
    (f"Iris {NASTY}", 75_40, 60_00, []),
    ("=HYPERLINK(\"http://evil.example\")", 10_00, 22_50, [(Cause.DISCOUNT_RULE, -10_00, "Coupon twice")]),
)  # fmt: skip

CASH: Sequence[Given] = (
    ("Acme Bakery", -100_00, 0, [(Cause.DATE_EDGE, -100_00, "Dated 1 November in the books")]),
    ("Dover Freight", 96_80, 100_00, [(Cause.FEES_NETTED, -3_20, "Paid less the fee of 3.20")]),
    ("Kumo KK", 5_500, 5_000, [(Cause.GROSS_NET_TAX, 500, "Gross in the books, net in billing")]),
)


def id_of(*words: str) -> str:
    return hashlib.sha256(" ".join(words).encode()).hexdigest()[:16]


def finding(
    comparison: Comparison, source: str, number: int, given: Given, currency: str = "USD", seen: str = ""
) -> Finding:
    name, left, right, causes = given
    difference = (left or 0) - (right or 0)
    explained = sum(minor for _, minor, _ in causes)
    side = "chartmogul" if comparison == "mrr" else "accounting"
    link = "javascript:alert(1)" if number == 8 else f"https://dashboard.stripe.com/{number}"
    return Finding(
        id=id_of(comparison, source, str(number)),
        comparison=comparison,
        source=source,
        match=2 if left is not None and right is not None else 0,
        customer=f"cus_{number:06}",
        customer_name=name,
        subject=f"sub_{number:06}" if comparison == "mrr" else f"INV-{number:05}",
        currency=currency,
        left=Party(side=side, system=side, minor=left, link=f"https://app.chartmogul.com/{number}"),
        right=Party(side="billing", system=source.split()[0], minor=right, link=link),
        third=Party(side="chartmogul", system="chartmogul", minor=right) if comparison != "mrr" else None,
        difference=difference,
        causes=[
            Explained(cause=cause, minor=minor, why=why, records=[f"li_{number}", f"sub_{number}"])
            for cause, minor, why in causes
        ],
        unexplained=difference - explained,
        ruled_out=[
            RuledOut(cause=Cause.TAX_INCLUDED, why="no tax in billing, none on the line"),
            RuledOut(cause=Cause.DISCOUNT_RULE, why="no coupon in force at the cut"),
        ]
        if difference != explained
        else [],
        first_seen=seen or "2026-10",
    )  # fmt: skip


def findings() -> list[Finding]:
    seen = ("2026-10", "2026-07", "2026-10", "2026-09", "2026-08")
    rows = [
        finding("mrr", (STRIPE, CHARGEBEE)[number % 3 == 2], number, given, seen=seen[number % 5])
        for number, given in enumerate(MRR)
    ]
    for number, given in enumerate(CASH):
        rows.append(finding("documents", STRIPE, number, given, "JPY" if given[0] == "Kumo KK" else "USD"))
    return rows


SAME = 1_204_310_00
"""MRR of the rows that agree."""


def tie_outs(rows: Iterable[Finding]) -> list[TieOut]:
    of: dict[tuple[Comparison, str, str], list[Finding]] = defaultdict(list)
    for row in rows:
        of[row.comparison, row.source, row.currency].append(row)
    return [
        TieOut(
            comparison=comparison,
            source=source,
            currency=currency,
            left=SAME + sum(each.left.minor or 0 for each in found),
            right=SAME + sum(each.right.minor or 0 for each in found),
            causes=_by_cause(found),
            unexplained=sum(each.unexplained for each in found),
            rows=len(found) + 4_000,
            differing=len(found),
        )
        for (comparison, source, currency), found in of.items()
    ]


def _by_cause(rows: Iterable[Finding]) -> dict[Cause, int]:
    sums: Counter[Cause] = Counter()
    for part in (part for row in rows for part in row.causes):
        sums[part.cause] += part.minor
    return dict(sums)


def cause_sums(rows: Iterable[Finding]) -> list[CauseSum]:
    of: dict[tuple[Cause, str], list[int]] = defaultdict(list)
    for row in rows:
        for part in row.causes:
            of[part.cause, row.currency].append(part.minor)
        if row.unexplained:
            of[Cause.UNEXPLAINED, row.currency].append(row.unexplained)
    return [
        CauseSum(
            cause=cause,
            currency=currency,
            rows=len(minors),
            plus=sum(each for each in minors if each > 0),
            minus=sum(each for each in minors if each < 0),
            largest=max(minors, key=abs),
        )
        for (cause, currency), minors in of.items()
    ]


def judgement(
    rows: list[Finding] | None = None, period: str = "2026-10", account: str = "default"
) -> Judgement:
    rows = findings() if rows is None else rows
    return Judgement(
        account=account,
        cut=MonthCut(period=period, time_zone="Europe/Berlin", start=START, end=END),
        kind="final",
        snapshot_at=datetime(2026, 10, 31, 23, 10, tzinfo=UTC),
        judged_at=datetime(2026, 11, 3, 5, tzinfo=UTC),
        settings=AccountSettings(
            name="Acme Analytics",
            currency="USD",
            time_zone="Europe/Berlin",
            churn_recognition="at period end",
            churn_when_zero_mrr=True,
            refund_handling="ignore",
            sources=[
                SourceSettings(
                    uuid=DATA_SOURCE, name="Stripe", system="Stripe", auto_churn_days=30, counts_from="paid"
                )
            ],
        ),
        rules_version=4,
        rules_digest="0f3c9a1b22d4e5f6",
        order=list(Cause),
        controls=[
            Control(what="Stripe subscriptions", read=4_010, expected=4_010, how="second pass"),
            Control(what="Chargebee subscriptions", read=812, how="no count"),
        ],
        findings=rows,
        tie_outs=tie_outs(rows),
        by_cause=cause_sums(rows),
        proposals=[
            LinkProposal(comparison="mrr", left="cus_1", right="cb_1", step=6, why="the same e-mail's domain")
        ],
        account_mrr=2_408_973_41,
        fx_row=-12_34,
        restated=[Restated(period="2026-09", signed=2_400_000_00, now=2_400_120_00)],
        warnings=["Chargebee has no count of its subscriptions."],
    )


ABOUT = {
    Cause.DISCOUNT_RULE: About("A coupon that counts on one side", "F", "Decide which coupons reduce MRR"),
    Cause.TAX_INCLUDED: About("Tax in the price that was not imported", "C", "Import the tax of the line"),
    Cause.CANCEL_TIMING: About("Cancelled for later, counted till then", "F", "Align the settings"),
}  # fmt: skip

RATES = "date,currency,rate,source\n2026-09-30,EUR,1.0800,ECB\n2026-10-31,EUR,1.0950,ECB\n"


def rules() -> ReconciliationRules:
    return ReconciliationRules(
        version=4,
        changed_because="Coupons of a month count since October",
        sources=[BillingSource(system="stripe", data_source=DATA_SOURCE)],
        accounting=Books(system="quickbooks"),
        owners={Cause.TAX_INCLUDED: "bea@acme.example"},
        default_owner="ann@acme.example",
        sign_off_limit={"USD": 50_00},
    )


def reviewed(of: Judgement | None = None, number: int = 1, sign_off: SignOff | None = None) -> Reviewed:
    of = of or judgement()
    note = NoteOfPerson(who="bea@acme.example", at=END, text=f"Asked them {NASTY}")
    return Reviewed(
        judgement=of,
        rules=rules(),
        number=number,
        about=ABOUT,
        owners={id_of("mrr", CHARGEBEE, "8"): "cara@acme.example"},
        notes={id_of("mrr", CHARGEBEE, "8"): [note]},
        sign_off=sign_off,
        rates=RATES,
    )


def signed(pack: str = "ab" * 32) -> SignOff:
    at = datetime(2026, 11, 4, 9, tzinfo=UTC)
    return SignOff(preparer="bea@acme.example", reviewer="cara@acme.example", at=at, limit=50_00, pack=pack)
