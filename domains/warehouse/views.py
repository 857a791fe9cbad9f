"""What analysts get: seven views of ChartMogul's tables, three of what was done, and one for each table with
renamed columns. They have one text for all dialects, and are left out where the mapping lacks a column."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from domains.warehouse.cohorts import DIGITS, CohortSql
from domains.warehouse.dialect import Dialect
from domains.warehouse.movements import NEEDED
from models.warehouse import Mapping, StreamMapping, Type
from models.warehouse_tables import KEPT, field_of

PARTS = {
    "new_business": "new_biz",
    "expansion": "expansion",
    "contraction": "contraction",
    "churn": "churn",
    "reactivation": "reactivation",
}
"""The parts of a month's change of MRR, and the type of their movements."""

PART_COMMENTS = {
    "new_business": "MRR of customers that came",
    "expansion": "MRR that customers pay more",
    "contraction": "MRR that customers pay less, negative",
    "churn": "MRR of customers that left, negative",
    "reactivation": "MRR of customers that came back",
}
COPIED = {
    "customer_name": "Company or name of the customer, as on the movement",
    "plan_external_id": "Plan that was cancelled, its id in the billing system",
    "subscription_external_id": "Subscription that was cancelled, its id in the billing system",
    "description": "What ChartMogul says of it",
}


@dataclass(frozen=True)
class View:
    name: str
    select: str
    comment: str
    columns: dict[str, str] = field(default_factory=dict)
    """Comments by column."""

    def comments(self, dialect: Dialect, there: Collection[str]) -> list[str]:
        """Of the view, and of those columns that are `there`: without `customers` mapped some are not."""
        if not dialect.has_comments:
            return []
        return [
            dialect.comment_on("view", self.name, self.comment),
            *(
                dialect.comment_on("column", f"{self.name}.{name}", text)
                for name, text in self.columns.items()
                if name in there
            ),
        ]


def views(mapping: Mapping, dialect: Dialect, time_zone: str = "UTC") -> list[View]:
    """`time_zone` is the account's: ChartMogul cuts days and months by it."""
    maker = _Views(mapping, dialect, time_zone)
    made = (
        maker.mrr_by_month(),
        maker.churn_events(),
        maker.customers_current(),
        maker.subscriptions_current(),
        maker.movements_restated(),
        maker.cohort_retention(),
        maker.net_revenue_retention(),
        maker.save_rate_by_owner(),
        maker.time_to_first_action(),
        maker.records_written_per_system(),
    )
    return [view for view in made if view] + [
        maker.renamed(each) for each in mapping.streams if _renames(each)
    ]


@dataclass(frozen=True)
class _Who:
    """Parts of a select: columns that name a customer, the reason of a change, and where both come from."""

    columns: str
    reason: str
    join: str


class _Views:
    def __init__(self, mapping: Mapping, dialect: Dialect, time_zone: str) -> None:
        self._mapping = mapping
        self._d = dialect
        self._zone = time_zone

    def mrr_by_month(self) -> View | None:
        """Months without a movement are there too, with the MRR that went on."""
        if not self._has("mrr_movements", "activity_date movement_type mrr_movement_cents currency"):
            return None
        month = self._d.month("activity_date", self._zone)
        parts = ", ".join(
            f"sum(case when movement_type = '{kind}' then mrr_movement_cents else 0 end) as {name}_cents"
            for name, kind in PARTS.items()
        )
        sums = ", ".join(f"coalesce(p.{name}_cents, 0) as {name}_cents" for name in PARTS)
        running = (
            "sum(coalesce(p.net_cents, 0)) over "
            "(partition by s.currency order by s.month_start rows unbounded preceding) as mrr_cents"
        )
        exact = ", ".join(f"{self._bigint(f'x.{name}_cents')} as {name}_cents" for name in (*PARTS, "mrr"))
        major = ", ".join(
            f"{self._major(f'x.{name}_cents', 'x.currency')} as {name}" for name in (*PARTS, "mrr")
        )
        return View(
            "mrr_by_month",
            f"""
            with parts as (
                select {month} as month_start, currency, {parts}, sum(mrr_movement_cents) as net_cents
                from mrr_movements where _deleted_at is null and activity_date <= {self._d.now()}
                group by {month}, currency
            ),
            spans as (select currency, min(month_start) as first_month from parts group by currency),
            digits as ({DIGITS}),
            numbers as (
                select a.n + 10 * b.n + 100 * c.n as n from digits a cross join digits b cross join digits c
            ),
            spine as (
                select spans.currency, {self._d.add_months("spans.first_month", "numbers.n")} as month_start
                from spans cross join numbers
            )
            select x.month_start, x.currency, {exact}, {major}
            from (
                select s.month_start, s.currency, {sums}, {running}
                from spine s
                left join parts p on p.month_start = s.month_start and p.currency = s.currency
                where s.month_start <= {self._d.day_of(self._d.now(), self._zone)}
            ) x""",
            "MRR at each month's end and what changed it, from the movements as they are known now. Months "
            f"are cut in {self._zone}, the account's time zone; the tables are in UTC",
            {
                "month_start": f"First day of the month, {self._zone}",
                "mrr": "MRR at the end of the month, or now, in whole units of the currency",
                "mrr_cents": "The same in minor units, as ChartMogul counts",
                "currency": "Currency of the account",
                **{name: f"{said}, in whole units" for name, said in PART_COMMENTS.items()},
                **{f"{name}_cents": f"{said}, in minor units" for name, said in PART_COMMENTS.items()},
            },
        )

    def churn_events(self) -> View | None:
        needed = "movement_uuid activity_date movement_type mrr_movement_cents currency customer_uuid"
        if not (self._has("mrr_movements", needed) and self._has("customers", "customer_uuid")):
            return None
        optional = self._present(
            "mrr_movements", "customer_name plan_external_id subscription_external_id description"
        )
        more = "".join(f", m.{name}" for name in optional)
        lost = "-m.mrr_movement_cents"
        return View(
            "churn_events",
            f"""
            select m.movement_uuid, m.activity_date as churned_at,
                {self._d.day_of("m.activity_date", self._zone)} as churned_on,
                coalesce(c.merged_into_uuid, m.customer_uuid) as customer_uuid{more}, m.currency,
                {lost} as mrr_lost_cents, {self._major(lost, "m.currency")} as mrr_lost,
                min(r.activity_date) as reactivated_at
            from mrr_movements m
            left join customers c on c.customer_uuid = m.customer_uuid
            left join mrr_movements r on r.customer_uuid = m.customer_uuid and r._deleted_at is null
                and r.movement_type = 'reactivation' and r.activity_date >= m.activity_date
            where m.movement_type = 'churn' and m._deleted_at is null
                and m.activity_date <= {self._d.now()}
            group by m.movement_uuid, m.activity_date,
                coalesce(c.merged_into_uuid, m.customer_uuid){more}, m.currency, m.mrr_movement_cents""",
            "Every churn, by the customer that holds its history now. churned_on is a day in "
            f"{self._zone}, the account's time zone; instants are UTC, as in the tables",
            {
                "movement_uuid": "The churn in mrr_movements",
                "churned_at": "Instant of it, UTC",
                "customer_uuid": "Customer that holds the movement now, after merges",
                **{name: COPIED[name] for name in optional},
                "currency": "Currency of the account",
                "mrr_lost_cents": "MRR that went, positive, in minor units",
                "churned_on": f"Day of it, {self._zone}",
                "mrr_lost": "MRR that went, positive, in whole units",
                "reactivated_at": "When the customer first came back after it; null if never",
            },
        )

    def customers_current(self) -> View | None:
        if not self._has("customers", "customer_uuid"):
            return None
        return View(
            "customers_current",
            f"select {self._columns('customers', 'c')} from customers c "
            f"where c._deleted_at is null and c.merged_into_uuid is null",
            "Customers that are there, without those merged into another; times are UTC",
            self._comments("customers"),
        )

    def subscriptions_current(self) -> View | None:
        if not (self._has("subscriptions", "customer_uuid") and self._has("customers", "customer_uuid")):
            return None
        return View(
            "subscriptions_current",
            f"select coalesce(c.merged_into_uuid, s.customer_uuid) as current_customer_uuid, "
            f"{self._columns('subscriptions', 's')} from subscriptions s "
            f"left join customers c on c.customer_uuid = s.customer_uuid where s._deleted_at is null",
            "Subscriptions that are there, active or ended, by the customer that holds them now; UTC",
            {"current_customer_uuid": "Customer after merges"} | self._comments("subscriptions"),
        )

    def movements_restated(self) -> View | None:
        movements = self._mapping.target("mrr_movements")
        if movements is None or movements.changes is None or not self._has("mrr_movements", "currency"):
            return None
        keys = ", ".join(f"l.{name}" for name in movements.key)
        same = " and ".join(f"m.{name} = l.{name}" for name in movements.key)
        delta = self._major("l.delta_cents", "m.currency")
        who = self._who()
        month, zone = self._d.month, self._zone
        return View(
            "movements_restated",
            f"select l.changed_at, l.run_id, l.kind, {keys}, {who.columns}"
            f"{month('l.before_at', zone)} as month_before, {month('l.after_at', zone)} as month_after, "
            f"m.currency, l.before_cents, l.after_cents, l.delta_cents, {delta} as delta, {who.reason}"
            f"l.before_row, l.after_row "
            f"from {movements.changes.table} l left join mrr_movements m on {same}{who.join}",
            "What each run found changed in the past, newest runs last. Months are cut in "
            f"{zone}, the account's time zone; instants are UTC, as in the tables",
            {
                "changed_at": "When the run that found it began, UTC",
                "run_id": "The run that found it",
                "kind": "new (it came late), restated, vanished or returned",
                **{name: "The movement in mrr_movements" for name in movements.key},
                "customer_uuid": "Customer that holds the movement now, after merges",
                "customer_name": "Company or name of the customer",
                "month_before": "Month that loses before_cents; null for a row that was not there",
                "month_after": "Month that gains after_cents; null for a row that is gone",
                "currency": "Currency of the account",
                "before_cents": "Change of MRR before, in minor units",
                "after_cents": "Change of MRR after, in minor units",
                "delta_cents": "What MRR gains by it, in minor units",
                "delta": "What MRR gains by it, in whole units",
                "reason": "What ChartMogul says of the movement now; a merge is named",
                "before_row": "The movement's columns before, JSON",
                "after_row": "The movement's columns after, JSON",
            },
        )

    def cohort_retention(self) -> View | None:
        if not (sql := self._cohorts()):
            return None
        return View(
            "cohort_retention",
            sql.retention(),
            "Of the customers whose first New Business was in a month: how many pay at the end of each month "
            f"after it. Months are cut in {self._zone}, the account's time zone",
            self._of_cells()
            | {
                "customers": "Customers of the cohort",
                "active_customers": "Of these, with MRR at the month's end",
                "customer_retention": "Per cent of the cohort; it rises where customers come back",
            },
        )

    def net_revenue_retention(self) -> View | None:
        if not (sql := self._cohorts()):
            return None
        return View(
            "net_revenue_retention",
            sql.revenue(*(self._major(f"x.{name}_cents", "x.currency") for name in ("value", "mrr"))),
            "Of the customers whose first New Business was in a month: their MRR at the end of each month "
            f"after it, against that New Business. Months are cut in {self._zone}, the account's time zone",
            self._of_cells()
            | {
                "value_cents": "New Business of the cohort's month, in minor units",
                "value": "The same in whole units",
                "mrr_cents": "MRR of the cohort at the month's end, in minor units",
                "mrr": "The same in whole units",
                "net_mrr_retention": "Per cent of the value; above 100 where customers grew",
            },
        )

    def _of_cells(self) -> dict[str, str]:
        return {
            "cohort_month": f"First day of the cohort's month, {self._zone}",
            "months_since": "Months after the cohort's own, which is 0",
            "month_start": f"First day of that month, {self._zone}",
            "currency": "Currency of the account",
            "is_partial": "Whether that month is not over",
        }

    def _cohorts(self) -> CohortSql | None:
        movements = self._mapping.target("mrr_movements")
        if movements is None or not self._has("mrr_movements", " ".join(NEEDED)):
            return None
        columns = {column.name for column in movements.written}
        return CohortSql(self._d, self._zone, columns, self._has("customers", "customer_uuid"))

    def _who(self) -> "_Who":
        """Whose movement a change is of, where the mapping keeps what tells."""
        if not self._has("mrr_movements", "customer_uuid"):
            return _Who("", "", "")
        named = [f"m.{name}" for name in self._present("mrr_movements", "customer_name")]
        described = [f"m.{name}" for name in self._present("mrr_movements", "description")]
        holder, join, merged = "m.customer_uuid", "", ""
        if self._has("customers", "customer_uuid"):
            join = " left join customers c on c.customer_uuid = m.customer_uuid"
            holder = "coalesce(c.merged_into_uuid, m.customer_uuid)"
            named = [f"c.{name}" for name in self._present("customers", "company name")] + named
            merged = "when c.merged_into_uuid is not null then 'customers were merged' "
        filled = ", ".join(f"nullif({each}, '')" for each in named)
        name = f"coalesce({filled}, '') as customer_name, " if named else ""
        reason = f"case {merged}else {described[0]} end as reason, " if described and merged else ""
        return _Who(f"{holder} as customer_uuid, {name}", reason, join)

    def save_rate_by_owner(self) -> View | None:
        if not self._has("automation_runs", "template outcome owner"):
            return None
        count = "sum(case when outcome = '{0}' then 1 else 0 end) as {0}"
        saved, all_of = self._d.cast("x.saved", Type.DECIMAL), "(x.saved + x.lost)"
        return View(
            "save_rate_by_owner",
            f"select x.owner, {self._bigint('x.saved')} as saved, {self._bigint('x.lost')} as lost, "
            f"{self._d.cast(f'{saved} / {all_of}', Type.DECIMAL)} as save_rate from ("
            f"select coalesce(owner, 'nobody') as owner, {count.format('saved')}, {count.format('lost')} "
            "from automation_runs where _deleted_at is null and template = 'churn_save' "
            "and outcome in ('saved', 'lost') group by coalesce(owner, 'nobody')) x",
            "Of the cancellations that a person could still turn: how many were, by who was in charge",
            {
                "owner": "Who was in charge of the customer",
                "saved": "Customers who came back by the last check",
                "lost": "Customers who did not",
                "save_rate": "Share of those who came back, from 0 to 1",
            },
        )

    def time_to_first_action(self) -> View | None:
        if not self._has("automation_runs", "template route began_at seconds_from_event seconds_from_begin"):
            return None
        month = self._d.month("began_at", self._zone)
        spans = ", ".join(
            f"{self._d.cast(f'avg({name})', Type.DECIMAL)} as avg_{name}, max({name}) as max_{name}"
            for name in ("seconds_from_event", "seconds_from_begin")
        )
        return View(
            "time_to_first_action",
            f"select template, route, {month} as month_start, count(*) as runs, {spans} from automation_runs "
            "where _deleted_at is null and seconds_from_begin is not null "
            f"group by template, route, {month}",
            f"How long it took until a run had written its first record. Months are cut in {self._zone}",
            {
                "template": "Template, or change",
                "route": "Name of the route; null of changes",
                "month_start": f"Month in which the runs began, {self._zone}",
                "runs": "Runs that have written a record",
                "avg_seconds_from_event": "From the event, on average; what was written ahead left out",
                "max_seconds_from_event": "The longest of them",
                "avg_seconds_from_begin": "From the run's begin, on average",
                "max_seconds_from_begin": "The longest of them",
            },
        )

    def records_written_per_system(self) -> View | None:
        if not self._has("automation_effects", "system_name object_type action written_at undone"):
            return None
        month = self._d.month("written_at", self._zone)
        return View(
            "records_written_per_system",
            f"select system_name, object_type, action, {month} as month_start, count(*) as records, "
            f"{self._bigint('sum(case when undone = true then 1 else 0 end)')} as undone "
            "from automation_effects where _deleted_at is null "
            f"group by system_name, object_type, action, {month}",
            f"How many records were created and updated in which system. Months are cut in {self._zone}",
            {
                "system_name": "System that has the records",
                "object_type": "Kind of the records",
                "action": "created or updated",
                "month_start": f"Month in which the runs ended, {self._zone}",
                "records": "How many",
                "undone": "How many of them an undo has taken back",
            },
        )

    def renamed(self, stream: StreamMapping) -> View:
        """Under both names, so that reports go on: old rows have the value under the old one alone."""
        names = []
        for column in stream.written:
            if column.was:
                both = f"coalesce(t.{column.name}, t.{column.was})"
                names += [f"{both} as {column.name}", f"{both} as {column.was}"]
            else:
                names.append(f"t.{column.name}")
        kept = "t._first_loaded_at, t._last_changed_at, t._missing_since, t._deleted_at"
        return View(
            f"{stream.target}_renamed",
            f"select {', '.join(names)}, {kept} from {stream.target} t",
            f"{stream.target} under the names of before and of now",
            self._renamed_comments(stream),
        )

    def _renamed_comments(self, stream: StreamMapping) -> dict[str, str]:
        said = {each.name: each.comment for each in map(field_of, stream.written)}
        said |= {each.was: f"{each.name} under its old name" for each in stream.written if each.was}
        kept = ("_first_loaded_at", "_last_changed_at", "_missing_since", "_deleted_at")
        return said | {each.name: each.comment for each in KEPT if each.name in kept}

    def _columns(self, target: str, alias: str) -> str:
        """All columns of a table; beside each amount the same in whole units."""
        stream = self._mapping.target(target)
        assert stream is not None
        currency = any(column.name == "currency" for column in stream.written)
        names = []
        for column in stream.written:
            names.append(f"{alias}.{column.name}")
            if currency and column.type is Type.MONEY_MINOR and column.name.endswith("_cents"):
                major = self._major(f"{alias}.{column.name}", f"{alias}.currency")
                names.append(f"{major} as {column.name.removesuffix('_cents')}")
        return ", ".join(names)

    def _comments(self, target: str) -> dict[str, str]:
        stream = self._mapping.target(target)
        said: dict[str, str] = {}
        for each in map(field_of, stream.written) if stream else ():
            said[each.name] = each.comment
            if each.type is Type.MONEY_MINOR and each.name.endswith("_cents"):
                said[each.name.removesuffix("_cents")] = f"{each.comment}, in whole units"
        return {name: said[name] for name in said if self._shows(target, name)}

    def _shows(self, target: str, name: str) -> bool:
        """Whether the view of a table has the column: amounts in whole units need a currency."""
        written = {column.name for column in self._mapping.target(target).written}  # type: ignore[union-attr] # it is there
        return name in written or "currency" in written

    def _major(self, cents: str, currency: str) -> str:
        digits = self._mapping.minor_unit_digits
        default = self._d.major(cents, digits.get("default", 2))
        others = [(code, count) for code, count in digits.items() if code != "default"]
        if not others:
            return default
        cases = " ".join(
            f"when {currency} = {self._d.text(code)} then {self._d.major(cents, count)}"
            for code, count in others
        )
        return f"case {cases} else {default} end"

    def _bigint(self, expression: str) -> str:
        """A sum of bigints is wider in some engines."""
        return self._d.cast(expression, Type.MONEY_MINOR)

    def _has(self, target: str, names: str) -> bool:
        return len(self._present(target, names)) == len(names.split())

    def _present(self, target: str, names: str) -> Sequence[str]:
        stream = self._mapping.target(target)
        written = {column.name for column in stream.written} if stream else set()
        return [name for name in names.split() if name in written]


def _renames(stream: StreamMapping) -> Iterable[str]:
    return [column.was for column in stream.written if column.was]
