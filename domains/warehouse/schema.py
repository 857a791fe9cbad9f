"""Tables as the mapping wants them against tables as they are: what is added, widened, left, refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from clients.kit.errors import Rejected
from domains.warehouse.commit import insert
from domains.warehouse.dialect import Dialect
from domains.warehouse.engine import Session
from domains.warehouse.views import View, views
from models.warehouse import Mapping, StreamMapping, Type
from models.warehouse_tables import (
    CONTROL,
    LOAD_LOCK,
    MERGED_INTO,
    RAW,
    FieldOf,
    Table,
    change_log_table,
    target_table,
)


@dataclass
class Definitions:
    """`refused`: statements that a person must run by hand, having thought about them. `unwritten`: columns
    that are there and no longer in the mapping; they stay."""

    statements: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    unwritten: list[str] = field(default_factory=list)
    widens: bool = False

    def add(self, other: "Definitions") -> None:
        self.statements += other.statements
        self.refused += other.refused
        self.unwritten += other.unwritten
        self.widens |= other.widens


def definitions(session: Session, mapping: StreamMapping) -> Definitions:
    """What one table of the mapping, with its change log, lacks."""
    tables = _tables_of(mapping)
    return _all_lacking(session.dialect, tables, _there(session, tables))


def prepare(session: Session, mapping: Mapping, time_zone: str = "UTC") -> Definitions:
    """Make and change tables, seed the locks, define the views. Once per run and before its loads: two such
    at a time disturb each other. Raises Rejected where the mapping asks for what may lose data."""
    found = prepare_tables(session, mapping)
    _define_views(session, mapping, time_zone)
    return found


def prepare_tables(session: Session, mapping: Mapping) -> Definitions:
    """What a load needs. Where a column widens the views are gone afterwards."""
    tables = _tables(mapping)
    there = _there(session, tables)
    found = _all_lacking(session.dialect, tables, there)
    if found.refused:
        by_hand = "; ".join(found.refused)
        raise Rejected("warehouse", f"The mapping changes types. Run by hand, if you mean it: {by_hand}")
    if found.widens:  # some engines let no column change under a view
        found.statements[:0] = [
            session.dialect.drop_view(each.name) for each in views(mapping, session.dialect)
        ]
    for statement in found.statements:
        session.execute(statement)
    for table in tables:
        if there[table.name]:  # one that an earlier version made may lack comments
            for statement in _comments(session.dialect, table):
                session.execute(statement)
    _seed_locks(session, mapping)
    return found


def _tables(mapping: Mapping) -> list[Table]:
    return [*CONTROL, *(table for each in mapping.streams for table in _tables_of(each))]


def _tables_of(mapping: StreamMapping) -> list[Table]:
    return [table for table in (target_table(mapping), change_log_table(mapping)) if table]


def _there(session: Session, tables: Sequence[Table | View]) -> dict[str, dict[str, str]]:
    return session.columns_of([table.name for table in tables]) if tables else {}


def as_target(session: Session, table: Table) -> str:
    """The table; or, as long as it or some of its columns are not there, a select in its place."""
    there = session.columns(table.name)
    if there.keys() >= {each.name for each in table.fields}:
        return table.name
    null = session.dialect.null
    columns = (
        each.name if each.name in there else f"{null(each.type)} as {each.name}" for each in table.fields
    )
    source = f"from {table.name}" if there else "where 1 = 0"
    if not there:
        return f"(select * from (select {', '.join(columns)}) z {source})"
    return f"(select {', '.join(columns)} {source})"


def _all_lacking(dialect: Dialect, tables: Sequence[Table], there: dict[str, dict[str, str]]) -> Definitions:
    found = Definitions()
    for table in tables:
        found.add(_lacking(dialect, table, there[table.name]))
    return found


def _lacking(dialect: Dialect, table: Table, there: dict[str, str]) -> Definitions:
    if not there:
        return Definitions(statements=[dialect.create_table(table), *_comments(dialect, table)])
    found = _unwritten(table, there)
    for each in table.fields:
        if dialect.half_widened(each, there):
            found.statements += dialect.widening(table.name, each, there)
        elif each.name not in there:
            if each.name in table.key:
                found.refused.append(f"drop table {table.name}")
            found.statements.append(dialect.add_column(table.name, each))
        elif not dialect.same_type(there[each.name], each):
            found.add(_of_another_type(dialect, table, each, there))
    return found


def _of_another_type(dialect: Dialect, table: Table, field: FieldOf, there: dict[str, str]) -> Definitions:
    if not dialect.can_widen(there[field.name], field):
        return Definitions(refused=[dialect.widen(table.name, field)], widens=True)
    if field.type is Type.TEXT:
        return Definitions(statements=[dialect.widen(table.name, field)], widens=True)
    return Definitions(statements=dialect.widening(table.name, field, there), widens=True)


def _unwritten(table: Table, there: dict[str, str]) -> Definitions:
    known = {each.name for each in table.fields} | {RAW.name, MERGED_INTO.name}
    known |= {f"{name[:50]}_wider" for name in known}
    return Definitions(unwritten=[f"{table.name}.{name}" for name in there if name not in known])


def _comments(dialect: Dialect, table: Table) -> list[str]:
    if not dialect.has_comments:
        return []
    found = [dialect.comment_on("table", table.name, table.comment)] if table.comment else []
    return found + [
        dialect.comment_on("column", f"{table.name}.{each.name}", each.comment)
        for each in table.fields
        if each.comment
    ]


def _seed_locks(session: Session, mapping: Mapping) -> None:
    there = {row[0] for row in session.query(f"select stream from {LOAD_LOCK.name}")}
    rows = [
        [session.dialect.text(each.target), "0", "0", "0"]
        for each in mapping.streams
        if each.target not in there
    ]
    for statement in insert(LOAD_LOCK, rows):
        session.execute(statement)


def _define_views(session: Session, mapping: Mapping, time_zone: str) -> None:
    dialect, wanted = session.dialect, views(mapping, session.dialect, time_zone)
    there = {} if dialect.has_comments else _there(session, wanted)
    bare = [view for view in wanted if not _define_view(session, view, list(there.get(view.name, ())))]
    made = _there(session, bare)
    for view in bare:
        if not dialect.has_comments:
            session.execute(_definition(dialect, view, list(made[view.name])))
        for statement in view.comments(dialect, made[view.name]):
            session.execute(statement)


def _define_view(session: Session, view: View, columns: Sequence[str]) -> bool:
    """Whether its columns have their comments now."""
    try:
        session.execute(_definition(session.dialect, view, columns))
        return bool(columns)
    except Rejected:  # with other columns than before some engines replace none
        session.execute(session.dialect.drop_view(view.name))
        session.execute(_definition(session.dialect, view, ()))
        return False


def _definition(dialect: Dialect, view: View, columns: Sequence[str]) -> str:
    comments = {name: view.columns.get(name, "") for name in columns}
    return dialect.create_view(view.name, view.select, view.comment, comments)
