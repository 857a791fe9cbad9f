"""The views of cohorts: the same figures as `mogulflow analytics cohorts`, for every engine.

Each customer's months are made differences first, and added up by cohort before they are spread over
the months without a movement: a million movements are never joined with all months there were.
"""

from collections.abc import Collection

from domains.warehouse.dialect import Dialect
from domains.warehouse.movements import order_of
from models.warehouse import Type

DUST = 2
"""Cents that rounding of currencies leaves behind: so little counts as nothing."""

DIGITS = " union all ".join(f"select {n} as n" for n in range(10))


class CohortSql:
    """`columns` are those of movements that there are, `follows_merges` whether customers are there, too."""

    def __init__(self, dialect: Dialect, zone: str, columns: Collection[str], follows_merges: bool) -> None:
        self._d, self._zone = dialect, zone
        self._order = order_of(columns, "m")
        self._merges = follows_merges

    def retention(self) -> str:
        share = self._share("x.active_customers", "x.customers")
        return (
            f"{self._cells()} select x.cohort_month, x.months_since, x.month_start, x.currency, "
            f"{self._whole('x.customers')} as customers, "
            f"{self._whole('x.active_customers')} as active_customers, "
            f"{share} as customer_retention, {self._is_partial()} as is_partial from cells x"
        )

    def revenue(self, value: str, mrr: str) -> str:
        """`value` and `mrr` are expressions of the amounts in whole units."""
        share = self._share("x.mrr_cents", "x.value_cents")
        return (
            f"{self._cells()} select x.cohort_month, x.months_since, x.month_start, x.currency, "
            f"{self._whole('x.value_cents')} as value_cents, {value} as value, "
            f"{self._whole('x.mrr_cents')} as mrr_cents, {mrr} as mrr, "
            f"{share} as net_mrr_retention, {self._is_partial()} as is_partial from cells x"
        )

    def _cells(self) -> str:
        running = (
            "over (partition by s.cohort_month, s.currency order by s.months_since rows unbounded preceding)"
        )
        later = self._d.add_months("t.cohort_month", "n.n")
        return f"""
            with {self._steps()},
            totals as (
                select cohort_month, currency, sum(joined) as customers, sum(value_cents) as value_cents
                from steps group by cohort_month, currency
            ),
            changes as (
                select cohort_month, currency, at_month, sum(active) as active, sum(paid_cents) as paid_cents
                from steps group by cohort_month, currency, at_month
            ),
            digits as ({DIGITS}),
            numbers as (
                select a.n + 10 * b.n + 100 * c.n as n from digits a cross join digits b cross join digits c
            ),
            spine as (
                select t.cohort_month, t.currency, t.customers, t.value_cents, n.n as months_since,
                    {later} as month_start
                from totals t cross join numbers n
            ),
            cells as (
                select s.cohort_month, s.months_since, s.month_start, s.currency, s.customers, s.value_cents,
                    sum(coalesce(g.active, 0)) {running} as active_customers,
                    sum(coalesce(g.paid_cents, 0)) {running} as mrr_cents
                from spine s
                left join changes g on g.cohort_month = s.cohort_month and g.currency = s.currency
                    and g.at_month = s.month_start
                where s.month_start <= {self._d.day_of(self._d.now(), self._zone)}
            )"""

    def _steps(self) -> str:
        """Of each customer and month: what it changed of the cohort's sums. What lies before a customer's
        cohort counts from that on."""
        before, after = "p.after_cents - p.net_cents", "p.after_cents"
        return f"""
            {self._moves()},
            people as (
                select customer_uuid, min(month_start) as first_month,
                    min(case when movement_type = 'new_biz' then month_start end) as new_month,
                    max(case when place = 1 then movement_type end) as first_type,
                    max(case when place = 1 then cents end) as first_cents, max(currency) as currency
                from moves group by customer_uuid
            ),
            members as (
                select customer_uuid, currency,
                    case when first_type = 'reactivation' then first_cents else 0 end as returned_cents,
                    case when first_type = 'reactivation' then first_month
                        else coalesce(new_month, first_month) end as cohort_month
                from people
            ),
            by_month as (
                select customer_uuid, month_start, sum(cents) as net_cents,
                    sum(case when movement_type = 'new_biz' then cents else 0 end) as new_cents
                from moves group by customer_uuid, month_start
            ),
            paying as (
                select customer_uuid, month_start, net_cents, new_cents, sum(net_cents) over
                    (partition by customer_uuid order by month_start rows unbounded preceding) as after_cents
                from by_month
            ),
            steps as (
                select e.cohort_month, e.currency,
                    case when p.month_start < e.cohort_month then e.cohort_month else p.month_start end
                        as at_month,
                    case when p.month_start = e.cohort_month then 1 else 0 end as joined,
                    case when p.month_start = e.cohort_month then p.new_cents + e.returned_cents else 0 end
                        as value_cents,
                    {_active(after)} - {_active(before)} as active,
                    {_paid(after)} - {_paid(before)} as paid_cents
                from paying p inner join members e on e.customer_uuid = p.customer_uuid
            )"""

    def _moves(self) -> str:
        who, join = "m.customer_uuid", ""
        if self._merges:
            who = "coalesce(c.merged_into_uuid, m.customer_uuid)"
            join = "left join customers c on c.customer_uuid = m.customer_uuid"
        return f"""moves as (
                select {who} as customer_uuid, {self._d.month("m.activity_date", self._zone)} as month_start,
                    m.movement_type, m.mrr_movement_cents as cents, m.currency,
                    row_number() over (partition by {who} order by {self._order}) as place
                from mrr_movements m {join}
                where m._deleted_at is null and m.activity_date <= {self._d.now()}
            )"""

    def _is_partial(self) -> str:
        running = self._d.month(self._d.now(), self._zone)
        return f"case when x.month_start = {running} then true else false end"

    def _share(self, part: str, whole: str) -> str:
        """Per cent, of what is more than nothing."""
        share = self._d.cast(f"100.0 * {part} / nullif({whole}, 0)", Type.DECIMAL)
        return f"case when {whole} > 0 then {share} end"

    def _whole(self, expression: str) -> str:
        """A sum of bigints is wider in some engines."""
        return self._d.cast(expression, Type.MONEY_MINOR)


def _active(cents: str) -> str:
    return f"case when {cents} > {DUST} then 1 else 0 end"


def _paid(cents: str) -> str:
    return f"case when abs({cents}) <= {DUST} then 0 else {cents} end"
